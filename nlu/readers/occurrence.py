"""When the matter happened, among the times that a message tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from nlu.readers.certainty import Certainty
from nlu.readers.dates import Precision, Tense, When, month_end


def occurred(when: When, today: date) -> When | None:
    """`when` as the day of something that has happened: never after `today`, else None."""
    if when.first is None or when.lunar or when.tense is Tense.FUTURE:
        return None
    if when.first <= today:
        return when
    if when.other is not None and when.other <= today:
        last = when.other if when.precision is Precision.DAY else month_end(when.other)
        return replace(
            when, first=when.other, last=last, tense=Tense.PAST, certainty=Certainty.LIKELY
        )
    return None


def main_date(flat: str, dates: Sequence[When], today: date) -> When | None:
    """The day that the matter happened: the first told that is not a promise or background."""
    told = []
    for when in dates:
        past = occurred(when, today)
        if past is None or past.to_wire() is None or _is_promise(flat, past):
            continue
        if _AGE_AFTER.match(flat, past.end):
            continue  # 我今年七十三
        if _is_open(when, past, today) and not _happened(flat, past):
            continue  # 今天, 28号: may as well be when they ask or wish to come
        told.append((_is_background(flat, past), past.start, past))
    return min(told, key=lambda item: item[:2])[2] if told else None


def _is_open(when: When, past: When, today: date) -> bool:
    """Tell whether the same words could as well name a day from today on."""
    near = when.other is not None and today <= when.other <= today + timedelta(62)
    return past.first == today or past.first != when.first or near


_PROMISE = re.compile(
    r"(?:说好?|约定|答应|承诺|保证|讲好|到期|期限|拖到|等到|到)(?:是|的|了|在|要)?$"
)
_DUE = re.compile(
    r"(?:前|之前)?(?:就|要|会|一定|必须)?(?:还|给|付|退|结清|到期|交房|搬)(?!了|我了|的)"
)
_BACKGROUND = re.compile(r"[^，。,]{0,3}(?:结婚|结的婚|嫁|认识|出生|生的?|买的?|搬|退休|毕业|谈)")
_AGE_AFTER = re.compile(
    r"[^，。,]{0,2}(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})(?:岁|了|[，。,\s]|$)"
)
_HAPPENED = re.compile(r"[^。!?！？]{0,14}(?:了|被|着|掉|过)")


def _is_promise(flat: str, when: When) -> bool:
    before = flat[max(0, when.start - 6) : when.start]
    return _PROMISE.search(before) is not None and _DUE.match(flat, when.end) is not None


def _is_background(flat: str, when: When) -> bool:
    return _BACKGROUND.match(flat, when.end) is not None


def _happened(flat: str, when: When) -> bool:
    return _HAPPENED.match(flat, when.end) is not None
