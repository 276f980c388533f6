"""The first stage: characters, pairs of characters, and one line of weights a label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nlu.calibration import Calibration
from nlu.labelled import NONE, Columns, Labelled, Labels
from nlu.ngrams import Floats, Rows, Vocabulary
from nlu.reading import Part, Reading, Weights
from nlu.ridge import Words, solve
from nlu.windows import windows

RARE_COUNTS = 0.5  # 0: all sentences weigh the same; 1: all intents do


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the first stage has made of the corpus.

    `words` is the sparse matrix of sentences x n-grams; `left_out` are the margins that each
    sentence has without having been trained on.
    """

    sentences: Sequence[Labelled]
    labels: Labels
    vocabulary: Vocabulary
    words: Any
    left_out: Floats


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Reads a message in a fraction of a millisecond. Immutable, safe in several threads."""

    weights: Weights
    bias: Floats
    calibration: Calibration

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return the probabilities of each text, in order."""
        weights = self.weights
        parts = [windows(text) for text in texts]
        found = [weights.vocabulary.rows(text) for text in (*texts, *chain.from_iterable(parts))]
        sums = [margins_of(rows, weights.vocabulary, weights.matrix) for rows, _ in found]
        margins = np.stack(sums) + self.bias
        chances = self.calibration.probabilities(margins, weights.labels)
        readings = [
            Reading(intents, types, topics, flags, row, known, rows, weights)
            for (rows, known), row, intents, types, topics, flags in zip(
                found, margins, *chances, strict=True
            )
        ]
        rest = iter(readings[len(texts) :])
        for reading, told in zip(readings, parts, strict=False):
            reading.parts = tuple(Part(text, next(rest)) for text in told)
        return readings[: len(texts)]

    @classmethod
    def train(cls, sentences: Sequence[Labelled]) -> tuple[FirstStage, Lesson]:
        """Solve a ridge for all labels; return also what the second stage goes on from."""
        labels = Labels.of(sentences)
        vocabulary, words = Vocabulary.learn([s.text for s in sentences])
        goals, intents = labels.goals(sentences), labels.columns(sentences)[0]
        # Nine of ten sentences tell a dispute: the rarer an intent, the more its sentences weigh.
        weights = _weights(intents)
        roots = np.sqrt(weights)
        bias = np.average(goals, axis=0, weights=weights[:, 0]).astype(np.float32)
        weighed = Words.of(words.multiply(roots).tocsr())
        duals, left_out = solve(weighed, roots * (goals - bias), intents - NONE)
        left_out = left_out / roots + bias
        matrix = (words.T @ (roots * duals)) * vocabulary.rarity[:, None]
        calibration = Calibration.learn(left_out, sentences, labels)
        spoken = Weights(vocabulary, labels, np.ascontiguousarray(matrix, np.float32))
        lesson = Lesson(sentences, labels, vocabulary, words, left_out)
        return cls(spoken, bias, calibration), lesson

    def save(self, folder: Path) -> None:
        """Write weights and names; no pickle."""
        vocabulary = self.weights.vocabulary
        np.savez(
            folder / "weights.npz",
            matrix=self.weights.matrix.astype(np.float16),
            bias=self.bias,
            rarity=vocabulary.rarity,
        )
        self.calibration.save(folder / "calibration.npz")
        names = {"labels": asdict(self.weights.labels), "ngrams": list(vocabulary.row_of)}
        (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> FirstStage:
        """Read what `save` wrote."""
        names = json.loads((folder / "names.json").read_text("utf-8"))
        labels = Labels(**{head: tuple(told) for head, told in names["labels"].items()})
        with np.load(folder / "weights.npz") as kept:
            vocabulary = Vocabulary(
                {gram: row for row, gram in enumerate(names["ngrams"])}, kept["rarity"]
            )
            matrix, bias = kept["matrix"], kept["bias"]  # in half precision: see SecondStage.load
        calibration = Calibration.load(folder / "calibration.npz")
        return cls(Weights(vocabulary, labels, matrix), bias, calibration)


def _weights(intents: Columns) -> Floats:
    """Return a column: 1 for the most frequent intent and for none, more for the rarer."""
    counts = np.bincount(intents[intents != NONE])
    weights = (counts.max() / np.maximum(1, counts)) ** RARE_COUNTS
    return np.where(intents == NONE, 1, weights[intents])[:, None].astype(np.float32)


def margins_of(rows: Rows, vocabulary: Vocabulary, matrix: Floats) -> Floats:
    """Return the sum of the rows' weights, as for a text whose vector has length 1."""
    total: Floats = matrix.take(rows, axis=0).sum(axis=0, dtype=np.float32) / vocabulary.length(
        rows
    )
    return total
