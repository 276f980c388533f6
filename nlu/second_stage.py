"""The second stage: how near a story is in meaning and in words to every sentence of the corpus.

One kernel ridge over all labels at once. The kernel of two sentences is a bell over the angle
between their embeddings plus half the cosine of their n-grams. Its leave-one-out margins have a
closed form, so it is calibrated on margins that no sentence was trained on, without any folds;
on a sample of the sentences, because that form costs as much for all as the ridge itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlu.calibration import Calibration
from nlu.first_stage import margins_of, to_matrix
from nlu.labelled import NONE, Labelled, Labels
from nlu.ngrams import Floats, Rows, Vocabulary

# Width of the bell, share of the n-grams, ridge: by leave-one-out, docs/decisions/0002.
WIDTH, SHARE, RIDGE = 1.0, 0.5, 0.2
CHUNK = 500
SAMPLE = 10_000  # sentences that it is calibrated on
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
        margins = _bell(self.support @ _direction(embedding - self.centre)) @ self.duals
        margins = margins + margins_of(rows, vocabulary, self.matrix)
        return self.calibration.probabilities(margins, labels)

    @classmethod
    def train(cls, sentences: Sequence[Labelled], embeddings: Floats) -> SecondStage:
        """Solve the ridge for all labels. Takes n**2 floats of memory, 2.2 GB for 23,500."""
        order = sorted(range(len(sentences)), key=lambda i: crc32(sentences[i].text.encode()))
        sentences, embeddings = [sentences[i] for i in order], embeddings[order]
        labels = Labels.of(sentences)
        vocabulary = Vocabulary.learn([s.text for s in sentences])
        features = to_matrix(vocabulary, [vocabulary.rows(s.text)[0] for s in sentences])
        centre = embeddings.mean(axis=0)
        support = _direction(embeddings - centre)
        kernel = _bell(support @ support.T)
        for start in range(0, len(kernel), CHUNK):  # all at once would double the memory
            part = features[start : start + CHUNK]
            kernel[start : start + CHUNK] += SHARE * (part @ features.T).toarray()
        duals, left_out = _solve(kernel, _goals(sentences, labels))
        matrix = SHARE * (features.T @ duals) * vocabulary.rarity[:, None]
        calibration = Calibration.learn(left_out, sentences[-len(left_out) :], labels)
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


def _bell(cosines: Floats) -> Floats:
    """Turn cosines of directions, in place, into exp(-WIDTH * distance**2)."""
    cosines -= 1
    cosines *= 2 * WIDTH
    return np.exp(cosines, out=cosines)


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


def _solve(kernel: Floats, goals: Floats) -> tuple[Floats, Floats]:
    """Return the duals, and what the margins of the last SAMPLE sentences are without each itself.

    Such a margin needs the diagonal of the inverse. Its last entries need no more of the root than
    the block in its corner.
    """
    from scipy.linalg import lapack  # noqa: PLC0415  only training needs it

    kernel[np.diag_indices_from(kernel)] += RIDGE
    # The kernel is symmetric; its transpose is in LAPACK's order, so that nothing is copied.
    factor, failed = lapack.spotrf(kernel.T, lower=1, clean=0, overwrite_a=1)
    duals, failed_too = lapack.spotrs(factor, goals, lower=1)
    corner = np.asfortranarray(factor[-SAMPLE:, -SAMPLE:])
    root, failed_again = lapack.strtri(corner, lower=1, overwrite_c=1)
    if failed or failed_too or failed_again:
        raise ArithmeticError("the kernel of the corpus cannot be inverted")
    # Of the inverse the diagonal alone is wanted: the columns of its root, squared and summed.
    diagonal = np.array([root[i:, i] @ root[i:, i] for i in range(len(root))], np.float32)
    last = slice(-len(root), None)
    return np.ascontiguousarray(duals), goals[last] - duals[last] / diagonal[:, None]
