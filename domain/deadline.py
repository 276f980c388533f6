"""Statutory deadlines (期限): dated records of what a statute says, and the last day in time."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from domain.yaml_page import Page, read_yaml

DEADLINES = Path(__file__).parent / "deadlines.yaml"
FRESH_MONTHS = 12
KEYS = frozenset(
    {"id", "title", "starts", "period", "joint", "statute", "article", "version"}
    | {"checked_on", "shown_zh"}
)


class Unit(StrEnum):
    """What a period is counted in."""

    DAY = "day"
    WORKING_DAY = "working_day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as a statute gives it."""

    number: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Deadline:
    """One time limit of one statute, as it read on the day it was checked.

    `starts` names the event from which it is counted, `shown_zh` is the sentence for citizens.
    `period` is None where the law sets no limit. `joint`: all parties must act together.
    """

    id: str
    title: str
    starts: str
    period: Period | None
    joint: bool
    statute: str
    article: str
    version: str
    checked_on: date
    shown_zh: str


def last_day(rule: Deadline, start: date) -> date:
    """Return the last day that is still in time when the rule's event fell on `start`.

    Counted from the day after the event. Months and years end on the day of the same number, or
    on the month's last day where that number is missing. Working days skip Saturdays and Sundays
    only: public holidays and working weekends are not known here. A last day that falls on a rest
    day is not moved on, so that the day shown is never too late. Raises ValueError for a rule
    without a period. Source: 民法典 arts. 201-203.

    >>> rule = Deadline(
    ...     "DL-08", "", "", Period(30, Unit.DAY), True, "", "", "", date(2026, 11, 23), ""
    ... )
    >>> last_day(rule, date(2026, 3, 1))
    datetime.date(2026, 3, 31)
    """
    if rule.period is None:
        raise ValueError(f"{rule.id} sets no limit")
    number = rule.period.number
    match rule.period.unit:
        case Unit.DAY:
            return start + timedelta(days=number)
        case Unit.WORKING_DAY:
            return _after_working_days(start, number)
        case Unit.MONTH:
            return after_months(start, number)
    return after_months(start, 12 * number)


def after_months(start: date, months: int) -> date:
    """Return the day of the same number `months` later, or that month's last day.

    >>> after_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def _after_working_days(start: date, number: int) -> date:
    day = start
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def is_stale(rule: Deadline, today: date) -> bool:
    """Whether the statute was last looked up more than 12 months before `today`."""
    return today > after_months(rule.checked_on, FRESH_MONTHS)


def load_deadlines(faults: list[str], path: Path = DEADLINES) -> dict[str, Deadline]:
    """Read every deadline by its id; what is wrong is added to `faults`."""
    top = Page(path.name, read_yaml(path, faults), frozenset({"deadlines"}), faults)
    rules: dict[str, Deadline] = {}
    for page in top.pages("deadlines", KEYS, named_by="id"):
        rule = _deadline(page)
        if rule.id in rules:
            page.fault("stands twice")
        rules[rule.id] = rule
    return rules


def _deadline(page: Page) -> Deadline:
    return Deadline(
        id=page.words("id"),
        title=page.words("title"),
        starts=page.words("starts"),
        period=_period(page),
        joint=page.flag("joint"),
        statute=page.words("statute"),
        article=page.words("article"),
        version=page.words("version"),
        checked_on=_day(page),
        shown_zh=page.words("shown_zh"),
    )


def _period(page: Page) -> Period | None:
    """Read `30 day`, or `none` where the law sets no limit."""
    words = page.words("period")
    if words in ("none", ""):
        return None
    number, _, unit = words.partition(" ")
    if not number.isdecimal() or int(number) < 1 or unit not in frozenset(Unit):
        page.fault(f"period {words} is none of: <number> {'|'.join(Unit)}, none")
        return None
    return Period(int(number), Unit(unit))


def _day(page: Page) -> date:
    words = page.words("checked_on")
    try:
        return date.fromisoformat(words)
    except ValueError:
        page.fault(f"checked_on {words} is no date")
        return date.min
