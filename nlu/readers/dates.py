"""Dates and spans of time, parsed by jionlp from expressions that we cut out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nlu.readers.certainty import Certainty


class Precision(StrEnum):
    """How finely a date is told."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    UNKNOWN = "unknown"


class Tense(StrEnum):
    """Which side of today the words point to."""

    PAST = "past"
    FUTURE = "future"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class When:
    """A time told: its first and last day (None where unknown), and how finely it is told.

    `lunar` marks 腊月 and 正月, which name a span but never an `occurred_on`.
    """

    first: date | None
    last: date | None
    precision: Precision
    start: int
    end: int
    tense: Tense = Tense.OPEN
    lunar: bool = False
    certainty: Certainty = Certainty.SURE

    def to_wire(self) -> str | dict[str, int] | None:
        """ISO date, {"year", "month"}, {"year"}, or None where it cannot be said."""
        if self.first is None or self.lunar:
            return None
        match self.precision:
            case Precision.DAY:
                return self.first.isoformat()
            case Precision.MONTH:
                return {"year": self.first.year, "month": self.first.month}
            case Precision.YEAR:
                return {"year": self.first.year}
        return None


def dates_in(text: str, today: date) -> tuple[When, ...]:
    """Every time told in `text`, seen from `today`; lengths of time (四个月) are not dates."""
    raise NotImplementedError
