"""Kernel ridge for all labels at once, by conjugate gradients.

Solving exactly takes n**3 / 3 steps, a minute and a half for 25,000 sentences. Here every step
multiplies with the kernel once, and a few steps are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlu.ngrams import Floats

WIDTH, SHARE = 1.0, 0.5  # bell, n-grams: by leave-one-out, docs/decisions/0002
MOST_STEPS = 60
PROBES = 8
JITTER = 1e-4

Roughly = Callable[[Floats], Floats]


class Nearness(Protocol):
    """How near every sentence is to every other, as something to multiply with.

    `RIDGE` is added to a sentence's nearness to itself. `NEAR` is the share of the goals that may
    be left when the steps end. `LANDMARKS` is how many sentences give the rough inverse, and
    `UNEXPLAINED` how much of a sentence's nearness to itself these do not tell.
    """

    RIDGE: float
    NEAR: float
    LANDMARKS: int
    UNEXPLAINED: float

    def __matmul__(self, columns: Floats) -> Floats: ...

    def rows(self, places: Any) -> Floats:
        """Return some rows, spelled out."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """Nearness by shared n-grams alone: the products of sparse rows."""

    RIDGE = 3.0  # by held-out sentences: docs/decisions/0002
    NEAR = 0.05
    LANDMARKS, UNEXPLAINED = 64, 1.0

    words: Any
    turned: Any

    @classmethod
    def of(cls, words: Any) -> Words:
        """Take a sparse matrix in rows, sentences x n-grams."""
        return cls(words, words.T.tocsr())

    def __matmul__(self, columns: Floats) -> Floats:
        product: Floats = self.words @ (self.turned @ columns)
        return product

    def rows(self, places: Any) -> Floats:
        """Return some rows, spelled out."""
        rows: Floats = (self.words[places] @ self.turned).toarray()
        return rows


@dataclass(frozen=True, slots=True)
class Kernel:
    """Nearness in meaning, a bell over the angle, and by shared n-grams.

    `meaning` is a matrix of all by all; the cosines of the n-grams are never spelled out.
    """

    RIDGE = 0.2  # by leave-one-out: docs/decisions/0002
    NEAR = 0.05  # the margins are then right to 0.005 or so
    LANDMARKS, UNEXPLAINED = 1500, 0.6

    meaning: Floats
    shared: Words

    @classmethod
    def of(cls, directions: Floats, words: Any) -> Kernel:
        """Take embeddings of length 1 and sparse rows of length 1. Keeps n**2 floats."""
        return cls(bell(directions @ directions.T), Words.of(words))

    def __matmul__(self, columns: Floats) -> Floats:
        product: Floats = self.meaning @ columns
        product += SHARE * (self.shared @ columns)
        return product

    def rows(self, places: Any) -> Floats:
        """Return some rows, spelled out."""
        rows: Floats = self.meaning[places] + SHARE * self.shared.rows(places)
        return rows


def bell(cosines: Floats) -> Floats:
    """Turn cosines of directions, in place, into exp(-WIDTH * distance**2)."""
    cosines -= 1
    cosines *= 2 * WIDTH
    return np.exp(cosines, out=cosines)


def solve(
    nearness: Nearness, goals: Floats, groups: NDArray[np.intp] | None = None
) -> tuple[Floats, Floats]:
    """Return the duals, and what the margins of every sentence are without that sentence.

    Such a margin needs the sentence's entry in the diagonal of the inverse. All take the mean of
    that diagonal (generalized cross-validation; Golub, Heath and Wahba, 1979), which random signs
    estimate (Girard, 1989): 90 of 100 entries lie within a tenth of it. Where sentences weigh
    differently, `groups` numbers those of like weight, and each group has its own mean.
    """
    signs = np.random.default_rng(0).choice((-1, 1), (len(goals), PROBES))
    solved = _conjugate_gradients(nearness, np.hstack([goals, signs.astype(np.float32)]))
    duals, probed = np.hsplit(solved, [goals.shape[1]])
    told = np.zeros(len(goals), np.intp) if groups is None else groups
    means = np.bincount(told, (signs * probed).mean(axis=1)) / np.maximum(1, np.bincount(told))
    left_out = goals - duals / means[told, None].astype(np.float32)
    return np.ascontiguousarray(duals), left_out


def _conjugate_gradients(nearness: Nearness, goals: Floats) -> Floats:
    """Solve (nearness + ridge) @ x = goals; raises ArithmeticError where it comes to no end."""
    roughly = _rough_inverse(nearness, len(goals))
    solved, left = np.zeros_like(goals), goals.copy()
    near = nearness.NEAR * np.linalg.norm(goals, axis=0)
    bettered = roughly(left)
    way, gain = bettered, _by_column(left, bettered)
    for _ in range(MOST_STEPS):
        there = nearness @ way
        there += nearness.RIDGE * way
        stride = _shares(gain, _by_column(way, there))
        solved += stride * way
        left -= stride * there
        if (np.linalg.norm(left, axis=0) <= near).all():
            return solved
        bettered = roughly(left)
        before, gain = gain, _by_column(left, bettered)
        way = bettered + _shares(gain, before) * way
    raise ArithmeticError("the kernel of the corpus cannot be inverted")


def _rough_inverse(nearness: Nearness, count: int) -> Roughly:
    """Return what undoes nearness and ridge as some sentences drawn at random see it.

    A randomized Nystroem preconditioner (Frangella, Tropp and Udell, 2023).
    """
    from scipy.linalg import cholesky, solve_triangular  # noqa: PLC0415  only for training

    drawn = np.random.default_rng(0).choice(count, min(nearness.LANDMARKS, count), replace=False)
    rows = nearness.rows(drawn)
    among = rows[:, drawn].astype(np.float64)
    among[np.diag_indices_from(among)] += JITTER
    seen = solve_triangular(cholesky(among, lower=True).astype(np.float32), rows, lower=True)
    rest = nearness.RIDGE + nearness.UNEXPLAINED
    square = (seen @ seen.T).astype(np.float64)
    square[np.diag_indices_from(square)] += rest
    root = cholesky(square, lower=True).astype(np.float32)
    seen = solve_triangular(root, seen, lower=True, overwrite_b=True)

    def roughly(columns: Floats) -> Floats:
        bettered: Floats = (columns - seen.T @ (seen @ columns)) / rest
        return bettered

    return roughly


def _shares(parts: Floats, wholes: Floats) -> Floats:
    """Return each part of its whole; a column that is solved has nothing left to share out."""
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def _by_column(one: Floats, other: Floats) -> Floats:
    products: Floats = np.einsum("ij,ij->j", one, other)
    return products
