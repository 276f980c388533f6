"""When somebody would like to meet: as much as was said, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from nlu.readers.certainty import Certainty


class DayPart(StrEnum):
    """Part of a day."""

    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True)
class SessionWish:
    """A wished time: first and last day, clock, part of day, weekdays (0 = Monday), market day."""

    first: date | None
    last: date | None
    start: int
    end: int
    clock: time | None = None
    part: DayPart | None = None
    weekdays: tuple[int, ...] = ()
    market_day: bool = False
    certainty: Certainty = Certainty.SURE

    @property
    def at(self) -> datetime | None:
        """The local time wished for, where one day and a clock time are told."""
        if self.first is None or self.first != self.last or self.clock is None:
            return None
        return datetime.combine(self.first, self.clock)


def wishes_in(text: str, now: datetime) -> tuple[SessionWish, ...]:
    """Every time from `now` on that somebody could mean for a session."""
    raise NotImplementedError
