"""The n-grams of a corpus, counted as arrays, are those that a plain reading finds."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlu.ngrams import Vocabulary, fold, ngrams

texts = st.lists(st.text("甲乙丙𠮷aA１ 。", max_size=8), min_size=1, max_size=12)


@given(texts, st.integers(1, 3))
def test_what_enough_texts_hold_is_kept_the_most_frequent_first(told, least):
    vocabulary, _ = Vocabulary.learn(told, least)

    seen = Counter(gram for text in told for gram in ngrams(fold(text)))
    kept = sorted(gram for gram, n in seen.items() if n >= least)
    assert list(vocabulary.row_of) == sorted(kept, key=lambda gram: -seen[gram])
    assert list(vocabulary.row_of.values()) == list(range(len(vocabulary.row_of)))
    for gram, row in vocabulary.row_of.items():
        rarity = np.log((1 + len(told)) / (1 + seen[gram])) + 1
        assert np.isclose(vocabulary.rarity[row], rarity)


@given(texts)
def test_a_row_of_the_matrix_is_what_reading_the_text_gives(told):
    vocabulary, matrix = Vocabulary.learn(told, 1)

    assert matrix.shape == (len(told), len(vocabulary.row_of))
    for text, row in zip(told, matrix, strict=True):
        rows, known = vocabulary.rows(text)
        assert set(row.indices) == set(rows.tolist())
        assert known == (1 if fold(text) else 0)
        dense = row.toarray().ravel()
        assert np.allclose(dense[rows], vocabulary.rarity[rows] / vocabulary.length(rows))
