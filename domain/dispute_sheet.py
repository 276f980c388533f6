"""The sheet of one dispute type (纠纷类型): what is asked, who is competent, what is at stake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.facts import AgeBand, BareNumber, FactKind


class MediationKind(StrEnum):
    """Who leads the mediation of a dispute type."""

    PEOPLE = "人民"
    ADMINISTRATIVE = "行政"
    JUDICIAL = "司法"
    LAWYER = "律师"
    TRADE = "行业性"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer a citizen can tap; `cues` are words that mean it when they are written instead.

    So does the age of a child of one of the bands in `ages`, and a count from `least` to the next
    choice's, where the question asks for such a number (`Fact.bare_number`).
    """

    id: str
    label: str
    cues: tuple[str, ...] = ()
    ages: tuple[AgeBand, ...] = ()
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a mediator needs to know.

    `cues` are words in a story that tell the fact: for a text fact the found words themselves
    become its value; for an amount or a date the sum or day nearest to a cue is taken.
    `primary` facts take the story's first finding of their kind even without a cue.
    `at_booking` facts are asked only once a time has been chosen.
    `called` are words a citizen uses for the fact when correcting it (金额, 日子).
    `sensitive` is the kind of sensitive info that an answer holds (个人信息保护法 28): it is asked
    only of who has said that it may be.
    `bare_number` says what a number alone means where the answer may itself be one; where it is
    None such a reply means the choice of that place.
    """

    name: str
    kind: FactKind
    label: str
    question: str
    why: str
    choices: tuple[Choice, ...] = ()
    cues: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    primary: bool = False
    optional: bool = False
    at_booking: bool = False
    sensitive: str | None = None
    bare_number: BareNumber | None = None

    @property
    def is_age(self) -> bool:
        """Whether a child's age tells the answer: the band is kept then, and never the age."""
        return any(choice.ages for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Closed:
    """Facts with which people's mediation may not take the matter, and where it goes instead.

    Source: 人民调解工作若干规定 art. 22 and the statutes named by the deadline.
    """

    fact: str
    answers: frozenset[str]
    reason: str
    body: str
    deadline: str | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """An office that is competent for a dispute type, and what it does there."""

    name: str
    task: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class DisputeSheet:
    """All that is particular to one dispute type (纠纷类型)."""

    type: str
    label: str
    short: str
    official: tuple[str, ...]
    lead: MediationKind
    alternatives: tuple[MediationKind, ...]
    bodies: tuple[Body, ...]
    facts: tuple[Fact, ...]
    red_flags: tuple[str, ...]
    evidence: tuple[str, ...]
    trap: str
    deadlines: tuple[str, ...] = ()
    not_for_mediation: tuple[Closed, ...] = ()
    by_name: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)

    def fact(self, name: str) -> Fact:
        """Return the fact called `name`; KeyError if the sheet has none."""
        return self.by_name[name]
