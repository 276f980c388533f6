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
LARGEST = 127  # of 8 bits with a sign
AT_A_TIME = 1024  # vectors: small enough for the processor's own memory


@dataclass(frozen=True, slots=True)
class Directions:
    """Vectors of length 1 in whole numbers of `step`: a quarter of the memory, as fast to read.

    A cosine is right to 0.003.
    """

    whole: NDArray[np.int8]
    step: float

    @classmethod
    def of(cls, vectors: Floats) -> Directions:
        """Round vectors (n x dimensions) to the nearest."""
        step = float(np.abs(vectors).max()) / LARGEST
        return cls(np.rint(vectors / step).astype(np.int8), step)

    def cosines(self, direction: Floats) -> Floats:
        """Return the cosine of each with one direction of length 1."""
        cosines = np.empty(len(self.whole), np.float32)
        for start in range(0, len(cosines), AT_A_TIME):
            some = slice(start, start + AT_A_TIME)
            np.dot(self.whole[some].astype(np.float32), direction, out=cosines[some])
        cosines *= self.step
        return cosines


@dataclass(frozen=True, slots=True)
class SecondStage:
    """Immutable, safe in several threads."""

    centre: Floats
    support: Directions
    duals: Floats
    matrix: Floats
    calibration: Calibration

    def read(self, embedding: Floats, reading: Reading) -> tuple[Array, Array, Array, Array]:
        """Return the probabilities of intents, types, topics and flags.

        `reading` is the first stage's of the same text.
        """
        weights = reading.weights
        near = bell(self.support.cosines(_direction(embedding - self.centre)))
        margins = near @ self.duals
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
        weights = matrix.astype(np.float32)
        return cls(centre, Directions.of(support), duals, weights, calibration)

    def save(self, folder: Path) -> None:
        """Write the numbers; no pickle."""
        half = {name: getattr(self, name).astype(np.float16) for name in ("duals", "matrix")}
        whole, step = self.support.whole, np.float32(self.support.step)
        np.savez(folder / "second.npz", centre=self.centre, whole=whole, step=step, **half)
        self.calibration.save(folder / "calibration.npz")

    @classmethod
    def load(cls, folder: Path) -> SecondStage:
        """Read what `save` wrote."""
        with np.load(folder / "second.npz") as kept:
            support = Directions(kept["whole"], float(kept["step"]))
            centre, duals = kept["centre"], kept["duals"].astype(np.float32)
            matrix = kept["matrix"]  # few rows are taken at a time: half the room, no time lost
        return cls(centre, support, duals, matrix, Calibration.load(folder / "calibration.npz"))


def _direction(vectors: Floats) -> Floats:
    directions: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return directions
