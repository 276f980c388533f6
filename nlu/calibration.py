"""From margins to probabilities that can be believed, learned on sentences not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.flag_net import FlagNet
from nlu.labelled import NONE, Labelled, Labels

Array = NDArray[Any]
CHOICES = ("intents", "types", "topics")
# Inverse strengths of the ridge on each choice, by cross-validation: docs/decisions/0002. They
# hold for margins that spread by 1; a small corpus makes margins that hardly differ.
STRENGTHS = {"intents": 0.025, "types": 0.0084, "topics": 0.042}
# The corpus is made harder than what people write, so margins promise less than they keep: of
# the factors tried on the gold set this one brings promise and result together in both stages.
SHARPER = {"intents": 1.0, "types": 1.5, "topics": 1.0}
# How far rare labels are lifted: 0 leaves them as rare as in the corpus, 1 makes all alike.
LIFT = {"intents": 0.7, "types": 0.0, "topics": 0.0}

# The first stage is to be trained in seconds; the second is asked where the first is in doubt.
FEW_NETS, MANY_NETS = 2, 12

# Questions of law are told apart from disputes by a hair: between two such, rather answer.
FAVOUR = {"legal_question": 6.0}


def softmax(scores: Array) -> Array:
    """Return probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Array = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def between(one: Array, other: Array) -> Array:
    """Return the normalised geometric mean of two choices' probabilities."""
    product = np.sqrt(one * other)
    mean: Array = product / product.sum(axis=-1, keepdims=True)
    return mean


def split(scores: Array, labels: Labels) -> tuple[Array, Array, Array, Array]:
    """Return the columns of intents, types, topics and flags."""
    first = len(labels.intents)
    second = first + len(labels.types)
    third = second + len(labels.topics)
    return (
        scores[..., :first],
        scores[..., first:second],
        scores[..., second:third],
        scores[..., third:],
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """A small logistic layer over the margins of each choice, and a net for the flags.

    A layer is a matrix (margins + 1 x columns, the last row the shift); it knows which margins
    rise together, which a single temperature does not. The net of the flags sees all flags, all
    intents and types, and those of an earlier stage too: a threat explains away the despair that
    it sounds like, a question of law both, and a story that is plainly about a wall needs more to
    be danger.
    """

    layers: tuple[Array, ...]
    flags: FlagNet

    @classmethod
    def learn(
        cls,
        margins: Array,
        sentences: Sequence[Labelled],
        labels: Labels,
        earlier: Array | None = None,
    ) -> Calibration:
        """Learn from margins that each sentence got without having been trained on.

        `earlier` are those of the first stage, where this calibrates the second.
        """
        from threadpoolctl import threadpool_limits  # noqa: PLC0415  only training needs it

        # The matrices are so narrow that threads of the algebra only wait for each other.
        with threadpool_limits(1):
            seen, truth = _seen(margins, labels, earlier), labels.flagged(sentences)
            net = FlagNet.learn(seen, truth, FEW_NETS if earlier is None else MANY_NETS)
            return cls(_layers(margins, sentences, labels), net)

    def probabilities(
        self, margins: Array, labels: Labels, earlier: Array | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """Return the probabilities of intents, types, topics and flags."""
        *choices, _ = split(margins, labels)
        intents, types, topics = (
            softmax((scores @ layer[:-1] + layer[-1]) * SHARPER[name])
            for name, scores, layer in zip(CHOICES, choices, self.layers, strict=True)
        )
        flags = self.flags.probabilities(_seen(margins, labels, earlier))
        return intents, types, topics, flags

    def save(self, path: Path) -> None:
        """Write the numbers into one file."""
        layers = dict(zip(CHOICES, self.layers, strict=True))
        np.savez(path, **self.flags.to_arrays(), **layers)

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what `save` wrote."""
        with np.load(path) as kept:
            return cls(tuple(kept[name] for name in CHOICES), FlagNet.from_arrays(kept))


def _layers(margins: Array, sentences: Sequence[Labelled], labels: Labels) -> tuple[Array, ...]:
    *choices, _ = split(margins, labels)
    layers = []
    for name, scores, columns in zip(CHOICES, choices, labels.columns(sentences), strict=True):
        told = columns != NONE
        layers.append(_fitted(scores[told], columns[told], name))
    for intent, factor in FAVOUR.items():
        if intent in labels.intents:
            layers[0][-1, labels.intents.index(intent)] += np.log(factor)
    return tuple(layers)


def _fitted(margins: Array, columns: NDArray[np.intp], name: str) -> Array:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    counts = np.bincount(columns)
    lift = (counts.max() / counts) ** LIFT[name]
    strength = STRENGTHS[name] / float(lift[columns].mean())
    model = LogisticRegression(
        C=strength, max_iter=500, tol=1e-3, class_weight=dict(enumerate(lift))
    )
    mean = margins.mean(axis=0, dtype=np.float64)
    centred = margins - mean  # a fifth of the steps that margins as they are would take
    spread = float(centred.std()) or 1.0
    fitted = model.fit(centred / spread, columns)
    rows = fitted.coef_.T / spread
    layer: Array = np.vstack([rows, fitted.intercept_ - mean @ rows]).astype(np.float32)
    return layer


def _seen(margins: Array, labels: Labels, earlier: Array | None) -> Array:
    """Return what the net of the flags looks at: all margins but those of the topics."""
    parts = []
    for told in (margins,) if earlier is None else (earlier, margins):
        intents, types, _, flags = split(told, labels)
        parts += [intents, types, flags, types.max(axis=-1, keepdims=True)]
    return np.concatenate(parts, axis=-1)
