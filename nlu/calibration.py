"""From margins to probabilities that can be believed, learned on sentences not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def softmax(scores: Array) -> Array:
    """Return probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def sigmoid(scores: Array) -> Array:
    """Return the probability of each score."""
    return 1 / (1 + np.exp(-np.clip(scores, -30, 30)))


def sharpness(margins: Array, columns: NDArray[np.intp]) -> float:
    """Return the factor under which softmax of the margins is most likely right.

    The likelihood has one top in the factor; it is found by golden section on its logarithm.
    """
    picked = np.arange(len(columns))

    def loss(power: float) -> float:
        right = softmax(margins * np.exp(power))[picked, columns]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    low, high, ratio = -2.0, 5.0, (5**0.5 - 1) / 2
    while high - low > 1e-2:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def line(margins: Array, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and shift of the logistic line through one flag's margins (Platt)."""
    design = np.stack([margins, np.ones_like(margins)], axis=1).astype(np.float64)
    weights = np.array([1.0, 0.0])
    # Platt's soft targets keep a perfectly split flag from an endless slope.
    goal = np.where(truth, (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2))
    for _ in range(25):
        p = sigmoid(design @ weights)
        spread = (design * np.maximum(p * (1 - p), 1e-9)[:, None]).T @ design
        weights = weights - np.linalg.solve(spread + 1e-6 * np.eye(2), design.T @ (p - goal))
    return float(weights[0]), float(weights[1])
