"""Kernel ridge for all labels at once, by conjugate gradients.

Solving exactly takes n**3 / 3 steps, a minute and a half for 25,000 sentences. Here every step
multiplies with the kernel once, and a rough model of the kernel makes a few steps enough: what
some sentences drawn at random tell of all others (randomized Nystroem preconditioning; Frangella,
Tropp and Udell, 2023).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlu.ngrams import Floats

WIDTH, SHARE, RIDGE = 1.0, 0.5, 0.2  # bell, n-grams, ridge: by leave-one-out, docs/decisions/0002
LANDMARKS = 1500
UNEXPLAINED = 0.6  # of a sentence's nearness to itself, which the landmarks do not tell
NEAR = 0.02  # of the goals may be left: the margins are then right to 0.002 or so
MOST_STEPS = 60
PROBES = 8
JITTER = 1e-4


@dataclass(frozen=True, slots=True)
class Kernel:
    """How near every sentence is to every other: a bell over the angle, and the shared n-grams.

    `meaning` is a matrix of all by all. The cosines of the n-grams are never spelled out: the
    sparse rows of `words`, each of length 1, are multiplied one after the other.
    """

    meaning: Floats
    words: Any

    @classmethod
    def of(cls, directions: Floats, words: Any) -> Kernel:
        """Take embeddings of length 1 and sparse rows of length 1. Keeps n**2 floats."""
        return cls(bell(directions @ directions.T), words)

    def __matmul__(self, columns: Floats) -> Floats:
        product: Floats = self.meaning @ columns
        product += SHARE * (self.words @ (self.words.T @ columns))
        return product

    def rows(self, places: Any) -> Floats:
        """Return some rows of the whole kernel."""
        shared = (self.words[places] @ self.words.T).toarray()
        rows: Floats = self.meaning[places] + SHARE * shared
        return rows


def bell(cosines: Floats) -> Floats:
    """Turn cosines of directions, in place, into exp(-WIDTH * distance**2)."""
    cosines -= 1
    cosines *= 2 * WIDTH
    return np.exp(cosines, out=cosines)


def solve(kernel: Kernel, goals: Floats) -> tuple[Floats, Floats]:
    """Return the duals, and what the margins of every sentence are without that sentence.

    Such a margin needs the sentence's entry in the diagonal of the inverse. All take the mean of
    that diagonal (generalized cross-validation; Golub, Heath and Wahba, 1979), which random signs
    estimate (Girard, 1989): 90 of 100 entries lie within a tenth of it.
    """
    signs = np.random.default_rng(0).choice((-1, 1), (len(goals), PROBES))
    solved = _conjugate_gradients(kernel, np.hstack([goals, signs.astype(np.float32)]))
    duals, probed = np.hsplit(solved, [goals.shape[1]])
    mean = float((signs * probed).mean())
    return np.ascontiguousarray(duals), goals - duals / mean


def _conjugate_gradients(kernel: Kernel, goals: Floats) -> Floats:
    """Solve (kernel + RIDGE) @ x = goals; raises ArithmeticError where it comes to no end."""
    roughly = _rough_inverse(kernel)
    solved, left = np.zeros_like(goals), goals.copy()
    near = NEAR * np.linalg.norm(goals, axis=0)
    bettered = roughly(left)
    way, gain = bettered, _by_column(left, bettered)
    for _ in range(MOST_STEPS):
        there = kernel @ way
        there += RIDGE * way
        stride = gain / _by_column(way, there)
        solved += stride * way
        left -= stride * there
        if (np.linalg.norm(left, axis=0) <= near).all():
            return solved
        bettered = roughly(left)
        before, gain = gain, _by_column(left, bettered)
        way = bettered + (gain / before) * way
    raise ArithmeticError("the kernel of the corpus cannot be inverted")


def _by_column(one: Floats, other: Floats) -> Floats:
    products: Floats = np.einsum("ij,ij->j", one, other)
    return products


def _rough_inverse(kernel: Kernel) -> Callable[[Floats], Floats]:
    """Return what undoes kernel + RIDGE about, as the landmarks see it."""
    from scipy.linalg import cholesky, solve_triangular  # noqa: PLC0415  only training needs it

    count = len(kernel.meaning)
    drawn = np.random.default_rng(0).choice(count, min(LANDMARKS, count), replace=False)
    rows = kernel.rows(drawn)
    among = rows[:, drawn].astype(np.float64)
    among[np.diag_indices_from(among)] += JITTER
    seen = solve_triangular(cholesky(among, lower=True).astype(np.float32), rows, lower=True)
    rest = RIDGE + UNEXPLAINED
    square = (seen @ seen.T).astype(np.float64)
    square[np.diag_indices_from(square)] += rest
    root = cholesky(square, lower=True).astype(np.float32)
    seen = solve_triangular(root, seen, lower=True, overwrite_b=True)

    def roughly(columns: Floats) -> Floats:
        bettered: Floats = (columns - seen.T @ (seen @ columns)) / rest
        return bettered

    return roughly
