"""A message of the gold set beside what a model says to it."""

from __future__ import annotations

from dataclasses import dataclass

from nlu.gold import GoldLine
from nlu.interpreter import DISPUTE, LEGAL_QUESTION

MATTERS = (DISPUTE, LEGAL_QUESTION)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says to one message.

    `ranking` holds all dispute types, the likeliest first; `confidence` is that of the first.
    `matter` is the probability that the message tells a dispute or asks about the law. `doubtful`
    are those of the flags that are only asked about.
    """

    intent: str
    ranking: tuple[str, ...]
    confidence: float
    matter: float
    flags: frozenset[str]
    is_ours: bool = True
    is_sure: bool = True
    second_stage: bool = False
    doubtful: frozenset[str] = frozenset()

    @property
    def dispute_type(self) -> str | None:
        """The type as it is served: none where the message is read as no matter at all."""
        return self.ranking[0] if self.intent in MATTERS else None


@dataclass(frozen=True, slots=True)
class Judged:
    """One line with its answer."""

    line: GoldLine
    answer: Answer

    @property
    def is_hit(self) -> bool:
        """Whether the best type is the one of the label."""
        return self.answer.ranking[0] == self.line.dispute_type

    @property
    def is_lenient_hit(self) -> bool:
        """Whether a reasonable mediator would accept the best type."""
        return self.answer.ranking[0] in self.line.right_types

    @property
    def missed_flags(self) -> frozenset[str]:
        """The flags that should be up and are not."""
        return self.line.flags - self.answer.flags

    @property
    def false_flags(self) -> frozenset[str]:
        """The flags that are up and should not be."""
        return self.answer.flags - self.line.flags - self.line.also_ok
