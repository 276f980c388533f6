"""The first stage: characters, pairs of characters, and one line of weights a label."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlu.calibration import Calibration
from nlu.labelled import NONE, Labelled, Labels
from nlu.ngrams import Floats, Rows, Vocabulary
from nlu.reading import Part, Reading, Weights
from nlu.windows import windows

FOLDS = 3
PENALTY = 0.5  # LinearSVC's C; see docs/decisions/0002-two-stages.md
NEAR = 0.1  # where its solver stops: at 1e-4 the answers are the same and take half as long again
Array = NDArray[Any]


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
            Reading(intents, types, topics, flags, known, rows, weights)
            for (rows, known), intents, types, topics, flags in zip(found, *chances, strict=True)
        ]
        rest = iter(readings[len(texts) :])
        for reading, told in zip(readings, parts, strict=False):
            reading.parts = tuple(Part(text, next(rest)) for text in told)
        return readings[: len(texts)]

    @classmethod
    def train(cls, sentences: Sequence[Labelled]) -> FirstStage:
        """Fit all heads, and calibrate them on folds that they have not seen."""
        labels = Labels.of(sentences)
        vocabulary = Vocabulary.learn([s.text for s in sentences])
        found = [vocabulary.rows(s.text)[0] for s in sentences]
        fold = _folds(sentences)
        jobs = [fold != part for part in range(FOLDS)] + [np.ones(len(sentences), bool)]
        # scikit-learn's solver lets go of the interpreter's lock: two threads halve the wait.
        with ThreadPoolExecutor(2) as pool:
            fits = list(
                pool.map(lambda kept: _fit(vocabulary, found, sentences, labels, kept), jobs)
            )
        margins = np.empty((len(sentences), fits[0][1].size), np.float32)
        for part, (matrix, bias) in enumerate(fits[:FOLDS]):
            for place in np.flatnonzero(fold == part):
                margins[place] = margins_of(found[place], vocabulary, matrix) + bias
        matrix, bias = fits[-1]
        calibration = Calibration.learn(margins, sentences, labels)
        return cls(Weights(vocabulary, labels, matrix), bias, calibration)

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
            matrix, bias = kept["matrix"].astype(np.float32), kept["bias"]
        calibration = Calibration.load(folder / "calibration.npz")
        return cls(Weights(vocabulary, labels, matrix), bias, calibration)


def margins_of(rows: Rows, vocabulary: Vocabulary, matrix: Floats) -> Floats:
    """Return the sum of the rows' weights, as for a text whose vector has length 1."""
    total: Floats = matrix.take(rows, axis=0).sum(axis=0, dtype=np.float32) / vocabulary.length(
        rows
    )
    return total


def _folds(sentences: Sequence[Labelled]) -> NDArray[np.intp]:
    """Deal the sentences of each group of labels out in turn, in an order that shows nothing.

    Every fold has its share of each label, and a new sentence moves only those of its own group.
    """
    fold = np.empty(len(sentences), np.intp)
    dealt: Counter[tuple[str, ...]] = Counter()
    for place in sorted(range(len(sentences)), key=lambda i: crc32(sentences[i].text.encode())):
        group = _group(sentences[place])
        fold[place] = dealt[group] % FOLDS
        dealt[group] += 1
    return fold


def _group(sentence: Labelled) -> tuple[str, ...]:
    told = (sentence.intent, sentence.dispute_type, sentence.topic)
    return (*(str(each) for each in told), *sorted(sentence.flags))


def _fit(
    vocabulary: Vocabulary,
    found: Sequence[Rows],
    sentences: Sequence[Labelled],
    labels: Labels,
    kept: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Return the weights (n-grams x columns, rarity folded in) and the bias of every column."""
    features = to_matrix(vocabulary, found).astype(np.float64)  # what the solver works in
    matrix, bias = [], []
    for columns, names in zip(
        labels.columns(sentences), (labels.intents, labels.types, labels.topics), strict=True
    ):
        told = kept & (columns != NONE)
        one = _fit_choice(features[told], columns[told], len(names))
        matrix.append(one[0])
        bias.append(one[1])
    seen, truth = features[kept], labels.flagged(sentences)[kept].astype(np.intp)
    for flag in range(len(labels.flags)):
        one = _fit_choice(seen, truth[:, flag], 2)
        matrix.append(one[0])
        bias.append(one[1])
    stacked = np.concatenate(matrix) * vocabulary.rarity
    return np.ascontiguousarray(stacked.T, np.float32), np.concatenate(bias).astype(np.float32)


def to_matrix(vocabulary: Vocabulary, found: Sequence[Rows]) -> Any:
    """Return the sparse matrix of texts x n-grams, each row of length 1."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  only training needs it

    ends = np.cumsum([0] + [len(rows) for rows in found])
    columns = np.concatenate(found)
    values = vocabulary.rarity[columns]
    lengths = np.repeat([vocabulary.length(rows) for rows in found], np.diff(ends))
    shape = (len(found), len(vocabulary.rarity))
    return csr_matrix(((values / lengths).astype(np.float32), columns, ends), shape=shape)


def _fit_choice(features: Any, columns: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    from sklearn.svm import LinearSVC  # noqa: PLC0415  only training needs it

    svm = LinearSVC(C=PENALTY, class_weight="balanced", tol=NEAR, random_state=0)
    svm.fit(features, columns)
    if count == 2 or len(svm.classes_) == count:
        return svm.coef_, svm.intercept_
    raise ValueError(f"only {len(svm.classes_)} of {count} labels have sentences in every fold")
