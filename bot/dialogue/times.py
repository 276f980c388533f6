"""Times that a person wishes for, as data that a dialogue can keep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.dialogue.view import View
from nlu.readers.wishes import DayPart, SessionWish, wishes_in

# In a story most coming days are not for meeting (明天要拆房): those are that speak of being free.
FREE = re.compile(
    r"有空|有时间|得闲|得空|闲|休息|放假|方便|调解|见面|来谈|去谈|面谈|能来|可以来|能过来|约(?![定好])"
)
_CLAUSES = re.compile(r"[，,。；;！!？?\n]")
PARTS = {
    DayPart.MORNING: (6, 12),
    DayPart.NOON: (11, 14),
    DayPart.AFTERNOON: (12, 18),
    DayPart.EVENING: (18, 22),
}


def wish_data(wishes: Sequence[SessionWish]) -> dict[str, Any]:
    """Return the first wished time as data: day, first, market, from_hour, until_hour."""
    if not wishes:
        return {}
    wish = wishes[0]
    data: dict[str, Any] = {}
    if wish.first is not None:
        key = "day" if wish.first == wish.last else "first"
        data[key] = wish.first.isoformat()
    elif wish.market_day:
        data["market"] = True
    if wish.clock is not None:
        data["from_hour"], data["until_hour"] = wish.clock.hour, wish.clock.hour + 2
    elif wish.part is not None:
        data["from_hour"], data["until_hour"] = PARTS[wish.part]
    return data


def wish_told(text: str, view: View) -> dict[str, Any]:
    """Return the time for a session that a story wishes for, as data; empty where it does not."""
    free = (clause for clause in _CLAUSES.split(text) if FREE.search(clause))
    return next(filter(None, (wish_data(wishes_in(clause, view.now)) for clause in free)), {})


def still_to_come(wish: Mapping[str, Any], view: View) -> dict[str, Any]:
    """Return the wish, or nothing where its day is past."""
    day = wish.get("day")
    is_past = day is not None and date.fromisoformat(day) < view.now.date()
    return {} if is_past else dict(wish)
