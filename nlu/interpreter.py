"""The port of understanding: what a reader of messages gives back, whatever is behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nlu.readers.facts import Facts

DISPUTE = "dispute"
LEGAL_QUESTION = "legal_question"
SERVICE_QUESTION = "service_question"
FLAGS = ("now", "dv", "child", "self_harm", "harm_others", "neglect", "mass", "hazard")


@dataclass(frozen=True, slots=True)
class Ranked:
    """One dispute type and how likely it is (0 to 1)."""

    dispute_type: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A message to be read. `asked` is true while a fact is open: answers stay cheap.

    With `at_once` what would take long is left undone; `Understanding.is_unsure` tells of it.
    """

    text: str
    now: datetime
    asked: bool = False
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Understanding:
    """What one message means.

    `intent` is `dispute` or a non-dispute intent; `dispute_type` is the best leaf when the message
    speaks of a matter (beside legal_question too), else None. `is_sure` says that the type may be
    taken without asking, `is_ours` that the message is for us at all. `reasons` are phrases of the
    message that spoke for the type. Confidences are calibrated probabilities. `is_unsure` says that
    a message read at once is one for the second stage, `may_hide_danger` that this
    stage could find a red flag that is not up yet, or in doubt. `doubtful` are those of the flags
    that a low score alone has raised.
    """

    text: str
    intent: str
    intent_confidence: float
    dispute_type: str | None
    confidence: float
    ranking: tuple[Ranked, ...]
    flags: frozenset[str]
    facts: Facts
    model: str
    doubtful: frozenset[str] = frozenset()
    is_sure: bool = False
    is_ours: bool = True
    topic: str | None = None
    reasons: tuple[str, ...] = ()
    second_stage: bool = False
    is_unsure: bool = False
    may_hide_danger: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)


class Interpreter(Protocol):
    """Reads messages; the same order comes back. Blocking, safe to call from several threads."""

    @property
    def model(self) -> str:
        """The version of the trained model."""
        ...

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        """Return what each message means."""
        ...
