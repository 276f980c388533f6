"""The second stage: how near a story is in meaning and in words to every sentence of the corpus.

One kernel ridge over all labels at once. The kernel of two sentences is a bell over the angle
between their embeddings plus half the cosine of their n-grams (`nlu.ridge`). It is calibrated on
the margins that each sentence would have without itself, which the ridge gives without folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.calibration import Calibration
from nlu.first_stage import Lesson, margins_of
from nlu.ngrams import Floats
from nlu.reading import Reading
from nlu.ridge import SHARE, Kernel, bell, solve

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class SecondStage:
    """Immutable, safe in several threads."""

    centre: Floats
    support: Floats
    duals: Floats
    matrix: Floats
    calibration: Calibration

    def read(self, embedding: Floats, reading: Reading) -> tuple[Array, Array, Array, Array]:
        """Return the probabilities of intents, types, topics and flags.

        `reading` is the first stage's of the same text.
        """
        weights = reading.weights
        margins = bell(self.support @ _direction(embedding - self.centre)) @ self.duals
        margins = margins + margins_of(reading.rows, weights.vocabulary, self.matrix)
        return self.calibration.probabilities(margins, weights.labels, reading.margins)

    @classmethod
    def train(cls, lesson: Lesson, embeddings: Floats) -> SecondStage:
        """Solve the ridge for all labels. Takes n**2 floats of memory, 2.4 GB for 24,500."""
        labels, words = lesson.labels, lesson.words
        centre = embeddings.mean(axis=0)
        support = _direction(embeddings - centre)
        duals, left_out = solve(Kernel.of(support, words), labels.goals(lesson.sentences))
        matrix = SHARE * (words.T @ duals) * lesson.vocabulary.rarity[:, None]
        calibration = Calibration.learn(left_out, lesson.sentences, labels, lesson.left_out)
        return cls(centre, support, duals, matrix.astype(np.float32), calibration)

    def save(self, folder: Path) -> None:
        """Write the numbers; no pickle."""
        half = {
            name: getattr(self, name).astype(np.float16) for name in ("support", "duals", "matrix")
        }
        np.savez(folder / "second.npz", centre=self.centre, **half)
        self.calibration.save(folder / "calibration.npz")

    @classmethod
    def load(cls, folder: Path) -> SecondStage:
        """Read what `save` wrote."""
        with np.load(folder / "second.npz") as kept:
            centre, support, duals = (
                kept[name].astype(np.float32) for name in ("centre", "support", "duals")
            )
            matrix = kept["matrix"]  # few rows are taken at a time: half the room, no time lost
        return cls(centre, support, duals, matrix, Calibration.load(folder / "calibration.npz"))


def _direction(vectors: Floats) -> Floats:
    directions: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return directions
