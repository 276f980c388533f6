"""When somebody would like to meet: as much as was said, and no more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from nlu.readers.certainty import Certainty
from nlu.readers.dates import Precision, Tense, When, expressions_in, when_of
from nlu.readers.numerals import quantities_in
from nlu.readers.plain import plain


class DayPart(StrEnum):
    """Part of a day."""

    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True)
class SessionWish:
    """A wished time: first and last day, clock, part of day, market day."""

    first: date | None
    last: date | None
    start: int
    end: int
    clock: time | None = None
    part: DayPart | None = None
    market_day: bool = False
    certainty: Certainty = Certainty.SURE

    @property
    def at(self) -> datetime | None:
        """The local time wished for, where one day and a clock time are told."""
        if self.first is None or self.first != self.last or self.clock is None:
            return None
        return datetime.combine(self.first, self.clock)


_PARTS = (
    (re.compile("中午"), DayPart.NOON),
    (re.compile("[晚夜]"), DayPart.EVENING),
    (re.compile("下午"), DayPart.AFTERNOON),
    (re.compile("凌晨|早|上午|晨"), DayPart.MORNING),
)
_OFTEN = re.compile(r"(?:每天|天天|每次|每周|每个|经常|一到|老是|每次说好)\s?$")
_OLD = re.compile(r"(?:原定|原本|本来|原来|原先|约的是|约呢是|定的是|之前约|上次约)[^，。,]{0,6}$")


def wishes_in(text: str, now: datetime) -> tuple[SessionWish, ...]:
    """Every time from `now` on that somebody could mean for a session."""
    flat = plain(text)
    return wishes_of(flat, [(m, when_of(m, now.date())) for m in expressions_in(flat)], now)


def wishes_of(
    flat: str, expressions: list[tuple[re.Match[str], When | None]], now: datetime
) -> tuple[SessionWish, ...]:
    """Every wish among the cut-out expressions of a plain text."""
    found = []
    for match, when in expressions:
        before = flat[max(0, match.start() - 8) : match.start()]
        if _OFTEN.search(before) or _OLD.search(before):
            continue
        wish = _wish(match, when, now)
        if wish is not None:
            found.append(wish)
    return tuple(found)


def _wish(match: re.Match[str], when: When | None, now: datetime) -> SessionWish | None:
    days = _days_ahead(when, now.date())
    if when is not None and days is None:
        return None
    first, last = days or (None, None)
    part_word = match["part"] or match["bare_part"] or _night(match["near"])
    part = next((part for words, part in _PARTS if words.search(part_word)), None)
    clock, certain = _clock(match, part)
    if clock is not None and days is not None and first == last:
        past = first is not None and datetime.combine(first, clock) < now.replace(tzinfo=None)
        if past:
            return None
    certainty = Certainty.SURE if certain else Certainty.LIKELY
    market = match["market"] is not None
    return SessionWish(first, last, *match.span(), clock, part, market, certainty)


def _night(near: str | None) -> str:
    return near or ""


def _days_ahead(when: When | None, today: date) -> tuple[date, date] | None:
    """The days of a wish, none of them past; None where they are past or not known."""
    if when is None or when.first is None or when.last is None or when.tense is Tense.PAST:
        return None
    if when.last >= today:
        return max(when.first, today), when.last
    near = when.other is not None and today <= when.other <= today + timedelta(62)
    if when.other is not None and near and when.precision is Precision.DAY:
        return when.other, when.other
    return None


def _clock(match: re.Match[str], part: DayPart | None) -> tuple[time | None, bool]:
    """The clock time told, and whether its half of the day is told too.

    Offices are shut at night: 三点 without a part of day is read as 15:00, to be confirmed.
    """
    hour_word = match["hour"] or match["hour2"]
    if hour_word is None:
        return None, True
    hour = int(quantities_in(hour_word)[0].low) if hour_word.strip("0零") else 0
    minute = _minute(match["minute"] or match["minute2"])
    certain = part is not None or hour > 12 or 8 <= hour <= 11
    late = part in (DayPart.AFTERNOON, DayPart.EVENING) or (part is DayPart.NOON and hour < 3)
    if hour < 12 and (late or (part is None and 1 <= hour <= 7)):
        hour += 12
    return (time(hour, minute), certain) if hour < 24 else (None, True)


def _minute(word: str | None) -> int:
    if not word or word in ("整", "过"):
        return 0
    if word in ("半", "三刻", "一刻"):
        return {"半": 30, "三刻": 45, "一刻": 15}[word]
    told = quantities_in(word)
    return int(told[0].low) % 60 if told else 0
