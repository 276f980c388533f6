"""What the first stage sees of a text: its characters and pairs of neighbouring characters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

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
    def learn(cls, texts: Sequence[str], least: int = 2) -> tuple[Vocabulary, list[Rows]]:
        """Keep what at least `least` texts contain; return also the rows of each text.

        Rarity is the smoothed inverse frequency.
        """
        found = [ngrams(fold(text)) for text in texts]
        seen = Counter(chain.from_iterable(found))
        kept = sorted(gram for gram, count in seen.items() if count >= least)
        counts = np.array([seen[gram] for gram in kept], np.float64)
        rarity = np.log((1 + len(texts)) / (1 + counts)) + 1
        self = cls({gram: row for row, gram in enumerate(kept)}, rarity.astype(np.float32))
        return self, [self._rows_of(grams) for grams in found]

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
