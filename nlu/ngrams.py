"""What the first stage sees of a text: its characters and pairs of neighbouring characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


def fold(text: str) -> str:
    """Fold full-width forms, capitals and spaces away: they carry no meaning in Chinese."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def ngrams(folded: str) -> set[str]:
    """Return the different runs of one and two characters."""
    found = set(folded)
    found.update(map(str.__add__, folded, folded[1:]))
    return found


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that training knew: a row each, and how rare it is."""

    row_of: dict[str, int]
    rarity: Floats

    @classmethod
    def learn(cls, texts: Sequence[str], least: int = 2) -> tuple[Vocabulary, Any]:
        """Keep what at least `least` texts contain; return also the sparse matrix of the texts.

        Rarity is the smoothed inverse frequency. A row of the matrix (texts x n-grams, floats of
        32 bits) has length 1. Whole arrays are counted, not one text after the other: 1 s for
        28,000 sentences instead of 4.
        """
        from scipy.sparse import csr_matrix  # noqa: PLC0415  only training needs it

        characters, text_of, grams = _runs([fold(text) for text in texts])
        found = np.unique(grams * len(texts) + text_of)  # once a text
        gram, text = np.divmod(found, len(texts))
        first = np.flatnonzero(np.diff(gram, prepend=-1))  # they stand in order
        seen = np.diff(first, append=len(gram))
        often = seen >= least
        rarity = (np.log((1 + len(texts)) / (1 + seen[often])) + 1).astype(np.float32)
        text = text[np.repeat(often, seen)]
        rows = np.repeat(np.arange(len(rarity)), seen[often])
        lengths = np.sqrt(np.bincount(text, rarity[rows] ** 2, len(texts)))
        values = (rarity[rows] / lengths[text]).astype(np.float32)
        shape = (len(texts), len(rarity))
        matrix = csr_matrix((values, (text.astype(np.int32), rows.astype(np.int32))), shape=shape)
        base = len(characters) + 1
        names = (
            characters[code // base - 1] + (characters[code % base - 1] if code % base else "")
            for code in gram[first[often]].tolist()
        )
        return cls({name: row for row, name in enumerate(names)}, rarity), matrix

    def rows(self, text: str) -> tuple[Rows, float]:
        """Return the rows of the known n-grams, and the share of all n-grams that is known."""
        found = ngrams(fold(text))
        known = self._rows_of(found)
        return known, len(known) / max(1, len(found))

    def _rows_of(self, grams: set[str]) -> Rows:
        row_of = self.row_of
        return np.array([row_of[gram] for gram in grams if gram in row_of], np.intp)

    def length(self, rows: Rows) -> float:
        """Return the Euclidean length of the vector of rarities."""
        weights = self.rarity.take(rows)
        return float(np.sqrt(weights @ weights)) or 1.0


def _runs(folded: Sequence[str]) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    """Return all characters in order, and of each n-gram its text and its number.

    The number of a character is its place, counted from 1, times the base (one more than there
    are characters); a pair adds the place of the second: numbers are in the order of the strings.
    """
    codes = np.frombuffer("".join(folded).encode("utf-32-le"), np.uint32)
    different, place = np.unique(codes, return_inverse=True)
    place = place.astype(np.int64) + 1
    text_of = np.repeat(np.arange(len(folded)), [len(text) for text in folded])
    single = place * (len(different) + 1)
    is_pair = text_of[:-1] == text_of[1:]
    pairs = (single[:-1] + place[1:])[is_pair]
    characters = "".join(map(chr, different.tolist()))
    return (
        characters,
        np.concatenate([text_of, text_of[:-1][is_pair]]),
        np.concatenate([single, pairs]),
    )
