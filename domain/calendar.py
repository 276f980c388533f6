"""Local time, the 15-minute grid, market days and quiet hours. All moments are aware datetimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
QUANTUM_MINUTES = 15
QUIET_FROM, QUIET_UNTIL = time(21), time(8)


def local(day: date, at: time) -> datetime:
    """Return the moment when it is `at` on `day` in Asia/Shanghai."""
    return datetime.combine(day, at, tzinfo=LOCAL)


def quantum_of(moment: datetime) -> int:
    """Return the number of the 15-minute quantum (since 1970 UTC) that holds `moment`."""
    return int(moment.timestamp()) // (QUANTUM_MINUTES * 60)


def quanta(starts_at: datetime, minutes: int) -> range:
    """Return the quanta that `minutes` from `starts_at` touch, ascending.

    >>> len(quanta(local(date(2026, 11, 23), time(9)), 60))
    4
    """
    ends_at = starts_at + timedelta(minutes=minutes)
    return range(quantum_of(starts_at), quantum_of(ends_at - timedelta(seconds=1)) + 1)


def outside_quiet_hours(moment: datetime) -> datetime:
    """Return `moment`, or 08:00 of the morning after if it falls into 21:00-08:00 local time.

    >>> outside_quiet_hours(local(date(2026, 11, 23), time(22))).isoformat()
    '2026-11-24T08:00:00+08:00'
    """
    here = moment.astimezone(LOCAL)
    if here.time() >= QUIET_FROM:
        return local(here.date() + timedelta(days=1), QUIET_UNTIL)
    if here.time() < QUIET_UNTIL:
        return local(here.date(), QUIET_UNTIL)
    return here


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on one day; Monday is 0."""

    weekday: int

    def falls_on(self, day: date) -> bool:
        """Whether `day` is such a day."""
        return day.weekday() == self.weekday


@dataclass(frozen=True, slots=True)
class MarketDays:
    """A market cycle (赶街日): every `every_days` days, counted from one known market day."""

    known: date
    every_days: int

    def falls_on(self, day: date) -> bool:
        """Whether `day` is a market day."""
        return (day - self.known).days % self.every_days == 0


DayRule = Weekly | MarketDays
