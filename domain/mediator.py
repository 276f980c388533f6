"""Mediators and lawyers: who they are, what they know, when and where they can be met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from domain.calendar import DayRule
from domain.session import SessionKind


class HelperKind(StrEnum):
    """What a person on the roster is."""

    PEOPLE = "人民调解员"
    JUDICIAL = "司法所调解员"
    TRADE = "行业调解员"
    LAWYER = "律师"
    LEGAL_WORKER = "基层法律服务工作者"


class Level(StrEnum):
    """The level a helper works at."""

    VILLAGE = "村"
    TOWNSHIP = "乡镇"
    COUNTY = "县"


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours on the days of `rule` for one kind of session, held at `place`."""

    rule: DayRule
    opens: time
    closes: time
    kind: SessionKind
    place: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Days away, both ends included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Mediator:
    """A person of the roster. `townships` is where visits go; empty means all the county."""

    id: str
    name: str
    kind: HelperKind
    level: Level
    gender: str
    county: str
    townships: tuple[str, ...]
    languages: tuple[str, ...]
    topics: frozenset[str]
    phone: str
    hours: tuple[Hours, ...]
    leave: tuple[Leave, ...] = ()

    def is_away(self, day: date) -> bool:
        """Whether the person is on leave on `day`."""
        return any(leave.first <= day <= leave.last for leave in self.leave)

    def serves(self, county: str, township: str) -> bool:
        """Whether the person looks after this place."""
        return self.county == county and (not self.townships or township in self.townships)
