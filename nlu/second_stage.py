"""The second stage: how near a story is in meaning and in words to every sentence of the corpus.

One kernel ridge over all labels at once. The kernel of two sentences is a bell over the angle
between their embeddings plus half the cosine of their n-grams (`nlu.ridge`). It is calibrated on
the margins that each sentence would have without itself, which the ridge gives without folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.calibration import Calibration
from nlu.first_stage import margins_of, to_matrix
from nlu.labelled import NONE, Labelled, Labels
from nlu.ngrams import Floats, Rows, Vocabulary
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

    def read(
        self, embedding: Floats, rows: Rows, vocabulary: Vocabulary, labels: Labels
    ) -> tuple[Array, Array, Array, Array]:
        """Return the probabilities of intents, types, topics and flags of one message."""
        margins = bell(self.support @ _direction(embedding - self.centre)) @ self.duals
        margins = margins + margins_of(rows, vocabulary, self.matrix)
        return self.calibration.probabilities(margins, labels)

    @classmethod
    def train(cls, sentences: Sequence[Labelled], embeddings: Floats) -> SecondStage:
        """Solve the ridge for all labels. Takes n**2 floats of memory, 2.4 GB for 24,500."""
        labels = Labels.of(sentences)
        vocabulary, found = Vocabulary.learn([s.text for s in sentences])
        features = to_matrix(vocabulary, found)
        centre = embeddings.mean(axis=0)
        support = _direction(embeddings - centre)
        duals, left_out = solve(Kernel.of(support, features), _goals(sentences, labels))
        matrix = SHARE * (features.T @ duals) * vocabulary.rarity[:, None]
        calibration = Calibration.learn(left_out, sentences, labels)
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


def _goals(sentences: Sequence[Labelled], labels: Labels) -> Floats:
    """Return +1 for the columns that are true of a sentence, -1 for all others."""
    parts = []
    names = (labels.intents, labels.types, labels.topics)
    for columns, told in zip(labels.columns(sentences), names, strict=True):
        goal = np.full((len(sentences), len(told)), -1, np.float32)
        taught = np.flatnonzero(columns != NONE)
        goal[taught, columns[taught]] = 1
        parts.append(goal)
    flagged = np.where(labels.flagged(sentences), 1, -1).astype(np.float32)
    return np.concatenate([*parts, flagged], axis=1)
