"""What the stages hand to one another about one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nlu.labelled import Labels
from nlu.ngrams import Floats, Rows, Vocabulary

READING, ASKED, AT_ONCE, EMBEDDING = "reading", "asked", "at_once", "embedding"
FIRST, SECOND = "first", "second"  # the folders of a model


@dataclass(frozen=True, slots=True)
class Weights:
    """How each n-gram speaks for each column: intents, types, topics, flags side by side."""

    vocabulary: Vocabulary
    labels: Labels
    matrix: Floats

    @property
    def first_type(self) -> int:
        """The column of the first dispute type."""
        return len(self.labels.intents)


@dataclass(slots=True)
class Reading:
    """Probabilities of one message, in the order of the labels; the second stage may better them.

    `margins` are those of the first stage, all columns side by side. `known` is the share of the
    n-grams that training knew, `rows` are their places in `weights`.
    `parts` are those of a long story (`nlu.windows`): once the second stage has read one, a flag
    that is up in it is up in the whole. The first stage alone is too easily alarmed by a part.
    """

    intents: Any
    types: Any
    topics: Any
    flags: Any
    margins: Floats
    known: float
    rows: Rows
    weights: Weights
    second_stage: bool = False
    is_unsure: bool = False  # the second stage would have read it, had there been time
    parts: tuple[Part, ...] = ()

    @property
    def is_read_twice(self) -> bool:
        """Tell whether the second stage has read the whole or a part."""
        return self.second_stage or any(part.reading.second_stage for part in self.parts)

    @property
    def most_flags(self) -> list[float]:
        """The probability of each flag, in the whole or in the part that speaks most for it."""
        read = (part.reading for part in self.parts)
        told = [self.flags, *(each.flags for each in read if each.second_stage)]
        return list(map(max, zip(*(row.tolist() for row in told), strict=True)))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a long story, read by itself."""

    text: str
    reading: Reading
