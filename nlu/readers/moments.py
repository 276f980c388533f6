"""The door to jionlp: one expression of time in, its first and last day out."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

Span = tuple[date, date]


@cache
def _parse_time() -> Callable[..., dict[str, Any]]:
    """Import jionlp once: it takes 0.4 s and 40 MB, prints a banner and warns."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import jionlp  # noqa: PLC0415 - only who reads a date pays for it

        parse: Callable[..., dict[str, Any]] = jionlp.parse_time
        parse("昨天", time_base={"year": 2026, "month": 1, "day": 1})
    return parse


def warm_up() -> None:
    """Load jionlp now, so that no citizen waits for it."""
    _parse_time()


@lru_cache(maxsize=4096)
def span_of(expression: str, today: date) -> Span | None:
    """First and last day that `expression` names, seen from `today`; None if it names none."""
    base = {"year": today.year, "month": today.month, "day": today.day, "hour": 12}
    try:
        read = _parse_time()(expression, time_base=base)
        first, last = (datetime.fromisoformat(moment).date() for moment in read["time"][:2])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
        return None
    return (first, last) if first <= last else None
