"""The first stage: characters, pairs of characters, and one line of weights a label."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain, product
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
        vocabulary, found = Vocabulary.learn([s.text for s in sentences])
        features = to_matrix(vocabulary, found).astype(np.float64)  # what the solver works in
        fold, heads = _folds(sentences), _heads(sentences, labels)
        kept = [np.ones(len(sentences), bool), *(fold != part for part in range(FOLDS))]
        # scikit-learn's solver lets go of the interpreter's lock: two threads halve the wait.
        with ThreadPoolExecutor(2) as pool:
            fits = list(pool.map(lambda job: _fit(features, job), product(kept, heads)))
        starts = range(0, len(fits), len(heads))
        whole, *parts = (_side_by_side(fits[start : start + len(heads)]) for start in starts)
        margins = np.empty((len(sentences), len(whole[1])), np.float32)
        for part, (columns, bias) in enumerate(parts):
            margins[fold == part] = features[fold == part] @ columns + bias
        calibration = Calibration.learn(margins, sentences, labels)
        matrix = np.ascontiguousarray(whole[0] * vocabulary.rarity[:, None], np.float32)
        return cls(Weights(vocabulary, labels, matrix), whole[1].astype(np.float32), calibration)

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


Head = tuple[NDArray[np.intp], int]
Fit = tuple[Array, Array]


def _heads(sentences: Sequence[Labelled], labels: Labels) -> list[Head]:
    """Return for each choice and each flag the column of every sentence, and how many there are."""
    choices = zip(
        labels.columns(sentences), (labels.intents, labels.types, labels.topics), strict=True
    )
    flags = labels.flagged(sentences).astype(np.intp).T
    return [*((columns, len(names)) for columns, names in choices), *((flag, 2) for flag in flags)]


def _fit(features: Any, job: tuple[NDArray[np.bool_], Head]) -> Fit:
    """Return the weights (columns x n-grams) and the bias of one head."""
    kept, (columns, count) = job
    told = kept & (columns != NONE)
    from sklearn.svm import LinearSVC  # noqa: PLC0415  only training needs it

    svm = LinearSVC(C=PENALTY, class_weight="balanced", tol=NEAR, random_state=0)
    svm.fit(features[told], columns[told])
    if count == 2 or len(svm.classes_) == count:
        return svm.coef_, svm.intercept_
    raise ValueError(f"only {len(svm.classes_)} of {count} labels have sentences in every fold")


def _side_by_side(fits: Sequence[Fit]) -> Fit:
    """Return all heads as one: the weights (n-grams x columns) and the biases."""
    return np.concatenate([each for each, _ in fits]).T, np.concatenate([each for _, each in fits])


def to_matrix(vocabulary: Vocabulary, found: Sequence[Rows]) -> Any:
    """Return the sparse matrix of texts x n-grams, each row of length 1."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  only training needs it

    ends = np.cumsum([0] + [len(rows) for rows in found])
    columns = np.concatenate(found)
    values = vocabulary.rarity[columns]
    lengths = np.repeat([vocabulary.length(rows) for rows in found], np.diff(ends))
    shape = (len(found), len(vocabulary.rarity))
    return csr_matrix(((values / lengths).astype(np.float32), columns, ends), shape=shape)
