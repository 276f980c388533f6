"""From margins to the probabilities of red flags: a small net, for danger is told by combinations.

A blow is violence at home only beside a husband, a knife a threat only beside words; a straight
line cannot say "both". docs/decisions/0002 has what it finds beyond one.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
HIDDEN = 64
ROUNDS, BATCH, STEP, PENALTY = 6, 1024, 0.01, 1.0
LEAST_STEPS = 120  # a small corpus makes few batches: six rounds left every flag half believed
WIDEST = 30  # log odds


@dataclass(frozen=True, slots=True)
class FlagNet:
    """One hidden layer: what is seen -> nets x hidden -> the log odds of each flag."""

    inward: Array
    inward_shift: Array
    outward: Array
    outward_shift: Array

    @classmethod
    def learn(cls, seen: Array, truth: Array, count: int) -> FlagNet:
        """Fit `count` nets that begin differently, and join them into one that says their mean.

        The more, the less it hangs on how one of them began. `seen` (sentences x margins) must
        come from models that have not been trained on the sentence; `truth` is sentences x flags.
        """
        mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
        scaled = ((seen - mean) / spread).astype(np.float32)
        goals = truth.astype(np.intp)
        nets = [_fit(scaled, goals, seed) for seed in range(count)]
        inward = np.hstack([net.coefs_[0] for net in nets]) / spread[:, None]
        shift = np.hstack([net.intercepts_[0] for net in nets]) - mean @ inward
        outward = np.vstack([net.coefs_[1] for net in nets]) / count
        outward_shift = np.mean([net.intercepts_[1] for net in nets], axis=0)
        return cls(*(each.astype(np.float32) for each in (inward, shift, outward, outward_shift)))

    def probabilities(self, seen: Array) -> Array:
        """Return the probability of each flag."""
        hidden = np.maximum(seen @ self.inward + self.inward_shift, 0)
        odds = hidden @ self.outward + self.outward_shift
        chances: Array = 1 / (1 + np.exp(-np.clip(odds, -WIDEST, WIDEST)))
        return chances

    def to_arrays(self) -> dict[str, Array]:
        """Return the numbers by name, to be saved."""
        return {f"flags_{name}": getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, kept: Any) -> FlagNet:
        """Take what `to_arrays` gave."""
        return cls(*(kept[f"flags_{name}"] for name in cls.__slots__))


def _fit(seen: Array, goals: Array, seed: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  only training needs it
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    batch = min(BATCH, len(seen))
    net = MLPClassifier(
        (HIDDEN,),
        alpha=PENALTY,
        batch_size=batch,
        learning_rate_init=STEP,
        max_iter=max(ROUNDS, LEAST_STEPS * batch // len(seen)),
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # ROUNDS is where it should stop
        return net.fit(seen, goals)
