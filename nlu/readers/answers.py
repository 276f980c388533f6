"""Replies to a question that was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nlu.readers.amounts import Amount
from nlu.readers.areas import Area
from nlu.readers.certainty import Certainty
from nlu.readers.dates import When
from nlu.readers.places import Place

Value = Amount | When | Place | Area | str | bool | int


class Choice(Protocol):
    """One of the answers offered; `cues` are its own words in free text."""

    @property
    def id(self) -> str:
        """What is kept when it is chosen."""

    @property
    def label(self) -> str:
        """What the person reads."""

    @property
    def cues(self) -> Sequence[str]:
        """Words that mean it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that answers: `value` is of the kind's own type, a choice's is its id."""

    kind: str
    value: Value
    start: int
    end: int
    certainty: Certainty = Certainty.SURE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The person says that he does not know, which is always a valid answer."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A reply that does not answer, and why."""

    why: str


def read_answer(
    kind: str, text: str, now: datetime, choices: Sequence[Choice] = ()
) -> Answer | Unknown | Unread:
    """Read a reply to a question of `kind`.

    Kinds: amount, date, text, name, choice, yes_no, count, place, phone, area.
    """
    raise NotImplementedError
