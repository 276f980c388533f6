"""Dates and spans of time, parsed by jionlp from expressions that we cut out."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from nlu.readers.certainty import Certainty
from nlu.readers.moments import Span, span_of
from nlu.readers.numerals import quantities_in
from nlu.readers.plain import plain
from nlu.readers.time_words import EXPRESSION, HINT


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

    `lunar` marks 腊月 and 正月, which name a span but never an `occurred_on`. `other` is the
    same day on the other side of today (last 星期五, the 3rd of next month) where the words
    leave that open.
    """

    first: date | None
    last: date | None
    precision: Precision
    start: int
    end: int
    tense: Tense = Tense.OPEN
    lunar: bool = False
    other: date | None = None
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


_KINDS = ("iso", "lunar", "feast", "ago", "year", "month", "week", "near", "day", "vague")
_PAST = re.compile(r"去年|前年|旧年|前天|昨|上个?|上上|刚|前$|前晚")
_FUTURE = re.compile(r"明[天日年早晚]|后天|后年|下个?[月周星礼]|下下")
_OWN_YEAR = re.compile(r"[0-9零一二三四五六七八九去前旧今明后]年")
_PLAIN_MONTH = re.compile(
    r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月份?(?:初|底|中旬|上旬|下旬)?$"
)
_RELATIVE_MONTH = re.compile(r"(上上|上|这|本|下下|下)个?月(?:初|底|中旬|上旬|下旬)?$")
_RELATIVE_WEEK = re.compile(r"(上上|上|这|本|下下|下)?个?(?:周|星期|礼拜)(末)?$")
_AGO = re.compile(r"(年|月|星期|礼拜|周|天|日|小时|钟头)(?:多|半)?[以之]?前$")
_OTHER_SPELLINGS = (
    ("旧年", "去年"),
    ("年的", "年"),
    ("今早", "今天"),
    ("明早", "明天"),
    ("昨儿", "昨天"),
    ("昨夜", "昨天"),
    ("阴历", "农历"),
    ("旧历", "农历"),
    ("晚", "天"),
)
_STEPS = {"上上": -2, "上": -1, "下": 1, "下下": 2}


def dates_in(text: str, today: date) -> tuple[When, ...]:
    """Every time told in `text`, seen from `today`; lengths of time (四个月) are not dates."""
    flat = plain(text)
    return tuple(when for match in expressions_in(flat) if (when := when_of(match, today)))


def expressions_in(flat: str) -> Iterator[re.Match[str]]:
    """Every expression of time in a plain text."""
    return EXPRESSION.finditer(flat) if HINT.search(flat) else iter(())


def when_of(match: re.Match[str], today: date) -> When | None:
    """What an expression says of a day; None for a time of day or a market day only."""
    kind = next((kind for kind in _KINDS if match[kind]), None)
    if kind is None:
        return None
    words = match[kind]
    start, end = match.span()
    if kind == "vague":
        return When(None, None, Precision.UNKNOWN, start, end, Tense.PAST)
    found = _ago(words, today) if kind == "ago" else _days(words, kind, today)
    if found is None:
        tense = Tense.PAST if kind == "ago" else Tense.OPEN
        return When(None, None, Precision.UNKNOWN, start, end, tense, certainty=Certainty.OPEN)
    tense = _tense(words, found, kind, today)
    precision = _precision(found)
    lunar = kind == "lunar" and re.search("腊月|正月|冬月", words) is not None
    when = When(*found, precision, start, end, tense, lunar)
    certainty = Certainty.LIKELY if kind == "ago" and "天" not in words else when.certainty
    return replace(when, other=_other(words, kind, when, today), certainty=certainty)


def _days(words: str, kind: str, today: date) -> Span | None:
    if kind == "month" and (month := _RELATIVE_MONTH.match(words)):
        return _month_span(_add_months(today, _STEPS.get(month[1], 0)))
    if kind == "month" and _PLAIN_MONTH.match(words):
        return _month_span(today.replace(month=int(quantities_in(words)[0].low), day=1))
    if kind == "week" and (week := _RELATIVE_WEEK.match(words)):
        monday = today - timedelta(today.weekday()) + timedelta(7 * _STEPS.get(week[1] or "", 0))
        first = monday + timedelta(5) if week[2] else monday
        return first, monday + timedelta(6)
    if words in ("刚才", "刚刚"):
        return today, today
    return span_of(_spelling(words), today)


def _spelling(words: str) -> str:
    """The spelling that jionlp knows."""
    for ours, theirs in _OTHER_SPELLINGS:
        words = words.replace(ours, theirs)
    if re.search(r"月(?:3[01]|[12]?[0-9]|[一二三四五六七八九十]+)$", words) and "农历" not in words:
        words += "号"
    return words


def _ago(words: str, today: date) -> Span | None:
    """三年前 is a year, 半年前 and 两个月前 a month, 十天前 a day; 几年前 is not known."""
    unit = _AGO.search(words)
    told = quantities_in(words)
    many = told[0].low if told else 0.5 if words[0] == "半" else 0
    if "几" in words or unit is None or not 0 < many <= 200:
        return None
    if many < 1:
        return _month_span(_add_months(today, -6)) if unit[1] == "年" else _weeks(today, 2)
    match unit[1]:
        case "年":
            return date(today.year - int(many), 1, 1), date(today.year - int(many), 12, 31)
        case "月":
            return _month_span(_add_months(today, -round(many)))
        case "星期" | "礼拜" | "周":
            return _weeks(today, many)
    day = today - timedelta(int(many) if unit[1] in "天日" else 0)
    return day, day


def _weeks(today: date, many: float) -> Span:
    monday = today - timedelta(today.weekday() + 7 * int(many))
    return monday, monday + timedelta(6)


def _precision(found: Span) -> Precision:
    first, last = found
    if first == last:
        return Precision.DAY
    if (first.year, first.month) == (last.year, last.month):
        return Precision.MONTH
    return Precision.YEAR if first.year == last.year else Precision.UNKNOWN


def _tense(words: str, found: Span, kind: str, today: date) -> Tense:
    if kind == "ago" or found[1] < today - timedelta(366):
        return Tense.PAST
    if _FUTURE.search(words):
        return Tense.FUTURE
    if _PAST.search(words):
        return Tense.PAST
    told_year = kind == "iso" or _OWN_YEAR.search(words) is not None or words[0] in "这本"
    if told_year and found[0] != found[1] and found[0] <= today <= found[1]:
        return Tense.OPEN
    if told_year:
        return Tense.FUTURE if found[0] > today else Tense.PAST
    return Tense.OPEN


def _other(words: str, kind: str, when: When, today: date) -> date | None:
    """The reading on the other side of today, where no word tells the side."""
    if when.tense is not Tense.OPEN or when.first is None or _OWN_YEAR.search(words):
        return None
    ahead = when.first > today
    match kind:
        case "week" if when.precision is Precision.DAY:
            return when.first - timedelta(7) if ahead else None
        case "day":
            return _same_day(when.first, -1 if ahead else 1)
        case "month":
            return _same_day(when.first, -12 if ahead else 12)
        case "feast" if ahead:
            before = span_of("去年" + words, today)
            return before[0] if before else None
    return None


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _same_day(day: date, months: int) -> date | None:
    moved = _add_months(day, months)
    last = month_end(moved)
    return moved.replace(day=day.day) if day.day <= last.day else None


def month_end(day: date) -> date:
    """The last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _month_span(first: date) -> Span:
    return first, month_end(first)
