"""Measures of a classifier: pure functions of what is true and what was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fared: shares from 0 to 1, and how many lines truly bear it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same confidence: their mean confidence, and how often they hit."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve."""

    x: float
    y: float


def lenient(
    truth: Sequence[str], also_ok: Sequence[Collection[str]], answers: Sequence[str | None]
) -> list[str]:
    """Return the truth, with an answer that is also right in its place.

    >>> lenient(["loan", "loan"], [{"contract"}, set()], ["contract", "contract"])
    ['contract', 'loan']
    """
    return [
        answer if answer is not None and answer in also else true
        for true, also, answer in zip(truth, also_ok, answers, strict=True)
    ]


def label_scores(truth: Sequence[str], answers: Sequence[str | None]) -> list[LabelScore]:
    """Return precision, recall and F1 of every label that is true or answered somewhere."""
    true, told = Counter(truth), Counter(a for a in answers if a is not None)
    hits = Counter(t for t, a in zip(truth, answers, strict=True) if t == a)
    return [
        LabelScore(
            label,
            share(hits[label], told[label]),
            share(hits[label], true[label]),
            share(2 * hits[label], told[label] + true[label]),
            true[label],
        )
        for label in sorted(true | told)
    ]


def macro_f1(truth: Sequence[str], answers: Sequence[str | None]) -> float:
    """Return the mean F1 of the labels that are true somewhere; each weighs the same."""
    return mean([score.f1 for score in label_scores(truth, answers) if score.support])


def top_hits(
    wanted: Sequence[Collection[str]], rankings: Sequence[Sequence[str]], count: int
) -> list[bool]:
    """Tell for each line whether a wanted label is among its first `count` answers."""
    return [
        any(label in right for label in ranking[:count])
        for right, ranking in zip(wanted, rankings, strict=True)
    ]


def coverage_curve(confidences: Sequence[float], hits: Sequence[bool]) -> list[Point]:
    """Return the accuracy (y) of the most confident share (x) of all answers, for every share.

    Answers of the same confidence come or stay away together.
    """
    order = np.argsort(-np.asarray(confidences, float), kind="stable")
    sorted_confidences = np.asarray(confidences, float)[order]
    right = np.cumsum(np.asarray(hits, bool)[order])
    last = np.append(sorted_confidences[1:] != sorted_confidences[:-1], True)[: len(order)]
    taken = np.flatnonzero(last) + 1
    return [Point(float(n / len(order)), float(right[n - 1] / n)) for n in taken]


def accuracy_at(confidences: Sequence[float], hits: Sequence[bool], coverage: float) -> float:
    """Return the accuracy of the most confident answers that make up at least `coverage`.

    >>> accuracy_at([0.9, 0.8, 0.7, 0.6, 0.5], [True, True, True, False, False], 0.8)
    0.75
    """
    enough = (point.y for point in coverage_curve(confidences, hits) if point.x >= coverage - 1e-9)
    return next(enough, 0.0)


def reliability(confidences: Sequence[float], hits: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Return the answers sorted into bins of equal width by confidence; empty bins are left out."""
    p, right = np.asarray(confidences, float), np.asarray(hits, float)
    place = np.minimum((p * bins).astype(int), bins - 1)
    return [
        Bin(float(p[place == k].mean()), float(right[place == k].mean()), int((place == k).sum()))
        for k in np.unique(place)
    ]


def calibration_error(
    confidences: Sequence[float], hits: Sequence[bool], bins: int = BINS
) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy."""
    found = reliability(confidences, hits, bins)
    gaps = sum(each.count * abs(each.confidence - each.accuracy) for each in found)
    return share(gaps, len(hits))


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Return how often a positive line scores above a negative one; a tie counts half."""
    values, truth = np.asarray(scores, float), np.asarray(positive, bool)
    above, below = values[truth], values[~truth]
    if not len(above) or not len(below):
        return 0.0
    higher = (above[:, None] > below).sum() + (above[:, None] == below).sum() / 2
    return float(higher / (len(above) * len(below)))


def roc_curve(scores: Sequence[float], positive: Sequence[bool]) -> list[Point]:
    """Return the share of positives kept (y) against the share of negatives let in (x)."""
    values, truth = np.asarray(scores, float), np.asarray(positive, bool)
    steps = np.unique(values)[::-1]
    kept = [
        Point(
            share((values[~truth] >= t).sum(), (~truth).sum()),
            share((values[truth] >= t).sum(), truth.sum()),
        )
        for t in steps
    ]
    return [Point(0.0, 0.0), *kept]


def share(part: float, whole: float) -> float:
    """Return a part of a whole; nothing of nothing is 0."""
    return float(part / whole) if whole else 0.0


def mean(values: Collection[float]) -> float:
    """Return the mean; of nothing, 0."""
    return share(sum(values), len(values))
