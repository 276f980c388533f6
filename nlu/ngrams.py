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
Numbers = NDArray[np.int64]


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

        The most frequent comes first: what is often read lies together in memory. Rarity is the
        smoothed inverse frequency. A row of the matrix (texts x n-grams, floats of 32 bits) has
        length 1. Whole arrays are counted, not one text after the other.
        """
        from scipy.sparse import coo_matrix  # noqa: PLC0415  only training needs it

        characters, text_of, codes = _runs([fold(text) for text in texts])
        different, gram_of = _numbered(codes)
        entries = (np.ones(len(codes), np.float32), (text_of, gram_of))
        matrix = coo_matrix(entries, (len(texts), len(different))).tocsr()  # each once a text
        seen = np.bincount(matrix.indices, minlength=len(different))
        often = np.flatnonzero(seen >= least)
        often = often[np.argsort(-seen[often], kind="stable")]
        rarity = (np.log((1 + len(texts)) / (1 + seen[often])) + 1).astype(np.float32)
        matrix = matrix[:, often]
        text_of = np.repeat(np.arange(len(texts)), np.diff(matrix.indptr))
        lengths = np.sqrt(np.bincount(text_of, rarity[matrix.indices] ** 2, len(texts)))
        matrix.data = (rarity[matrix.indices] / lengths[text_of]).astype(np.float32)
        base = len(characters) + 1
        names = (
            characters[code // base - 1] + (characters[code % base - 1] if code % base else "")
            for code in different[often].tolist()
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


def _runs(folded: Sequence[str]) -> tuple[str, Numbers, Numbers]:
    """Return all characters in order, and of each n-gram its text and its code.

    The code of a character is its place, counted from 1, times the base (one more than there are
    characters); a pair adds the place of the second: codes are in the order of the strings.
    """
    points = np.frombuffer("".join(folded).encode("utf-32-le"), np.uint32)
    different, place = _numbered(points)
    place = place + 1
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


def _numbered(codes: NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Return the different codes in order, and the place of each code among them.

    A table as long as the greatest code takes a fifth of the time of sorting millions of them.
    """
    is_there = np.zeros(int(codes.max(initial=0)) + 1, np.bool_)
    is_there[codes] = True
    different = np.flatnonzero(is_there)
    place = np.zeros(len(is_there), np.int32)
    place[different] = np.arange(len(different))
    return different, place[codes].astype(np.int64)
