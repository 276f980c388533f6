"""Matching: which helper at which time fits best, a pure function of roster and quanta."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.calendar import LOCAL, MarketDays, local, quantum_of
from domain.mediator import HelperKind, Hours, Level, Mediator
from domain.session import MINUTES, TRAVEL_MINUTES, SessionKind, occupied_quanta

HORIZON_DAYS = 21
NOTICE = timedelta(hours=2)  # nobody can be booked closer to now than this
STEP = timedelta(minutes=30)
REMOTE = frozenset({SessionKind.PHONE, SessionKind.VIDEO})


@dataclass(frozen=True, slots=True)
class SlotWish:
    """What a session should be like. Empty strings and sets mean: no preference."""

    dispute_type: str
    kind: SessionKind
    county: str = ""
    township: str = ""
    language: str = ""
    lawyer: bool = False
    not_mediators: frozenset[str] = frozenset()
    on_day: date | None = None
    on_market_day: bool = False
    not_before: datetime | None = None
    from_hour: int = 0
    until_hour: int = 24


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time of one helper."""

    mediator_id: str
    kind: SessionKind
    starts_at: datetime
    minutes: int
    place: str


def fit(mediator: Mediator, wish: SlotWish, load: int) -> float | None:
    """Return how well a helper fits, higher is better; None where the helper cannot take it.

    Place weighs most (a walk of a day otherwise), then topic, language and a light load.
    """
    is_lawyer = mediator.kind in {HelperKind.LAWYER, HelperKind.LEGAL_WORKER}
    if mediator.id in wish.not_mediators or is_lawyer != wish.lawyer:
        return None
    near = not wish.county or mediator.county == wish.county
    if not near and wish.kind not in REMOTE:
        return None
    if wish.kind is SessionKind.VISIT and not mediator.serves(wish.county, wish.township):
        return None
    score = 4.0 * near
    score += 3.0 * (bool(wish.township) and wish.township in mediator.townships)
    score += 2.0 * (wish.dispute_type in mediator.topics)
    score += 1.5 * (bool(wish.language) and wish.language in mediator.languages)
    score += 0.5 * (mediator.level is Level.VILLAGE)
    return score - min(load, 20) * 0.1


def next_slots(
    roster: Sequence[Mediator],
    taken: Mapping[str, frozenset[int]],
    wish: SlotWish,
    now: datetime,
    count: int = 3,
) -> list[Slot]:
    """Return up to `count` free slots in order of time: best-fitting helpers, soonest days first.

    `taken` maps mediator id to occupied quanta between now and `HORIZON_DAYS` ahead.
    At most one slot a helper and day, so that the choice is a real one. Who comes to town on
    market day (街子天) is offered the market days and the helpers of that town.
    """
    if wish.on_market_day:
        roster = [mediator for mediator in roster if _is_around(mediator, wish)]
    ranked = []
    for mediator in roster:
        score = fit(mediator, wish, len(taken.get(mediator.id, ())) // 4)
        if score is not None:
            ranked.append((-score, mediator.id, mediator))
    best = [entry[2] for entry in heapq.nsmallest(3, ranked)]
    rest = [entry[2] for entry in sorted(ranked)[3:]]
    days = _days(roster, wish, now)
    found = _earliest(best, taken, wish, now, days, count)
    if len(found) < count:
        found += _earliest(rest, taken, wish, now, days, count - len(found))
    return sorted(found, key=lambda slot: slot.starts_at)


def _days(roster: Sequence[Mediator], wish: SlotWish, now: datetime) -> Sequence[date]:
    """Return the days to look at, in order."""
    if wish.on_day is not None:
        return [wish.on_day]
    today = now.astimezone(LOCAL).date()
    days = [today + timedelta(n) for n in range(HORIZON_DAYS)]
    if not wish.on_market_day:
        return days
    rules = {hours.rule for mediator in roster for hours in mediator.hours}
    markets = [rule for rule in rules if isinstance(rule, MarketDays)]
    return [day for day in days if any(market.falls_on(day) for market in markets)]


def _is_around(mediator: Mediator, wish: SlotWish) -> bool:
    if wish.township:
        return mediator.serves(wish.county, wish.township)
    return not wish.county or mediator.county == wish.county


def _earliest(
    mediators: Sequence[Mediator],
    taken: Mapping[str, frozenset[int]],
    wish: SlotWish,
    now: datetime,
    days: Sequence[date],
    count: int,
) -> list[Slot]:
    streams = [_free(m, taken.get(m.id, frozenset()), wish, now, days) for m in mediators]
    rank = {mediator.id: place for place, mediator in enumerate(mediators)}
    merged = heapq.merge(
        *streams, key=lambda slot: (slot.starts_at.date(), rank[slot.mediator_id], slot.starts_at)
    )
    found: list[Slot] = []
    seen: set[tuple[str, date]] = set()
    for slot in merged:
        day = (slot.mediator_id, slot.starts_at.date())
        if day in seen:
            continue
        seen.add(day)
        found.append(slot)
        if len(found) == count:
            break
    return found


def _free(
    mediator: Mediator,
    taken: frozenset[int],
    wish: SlotWish,
    now: datetime,
    days: Sequence[date],
) -> Iterator[Slot]:
    earliest = max(now + NOTICE, wish.not_before or now)
    for day in days:
        if mediator.is_away(day):
            continue
        for hours in mediator.hours:
            if hours.kind is wish.kind and hours.rule.falls_on(day):
                yield from _free_in(mediator.id, hours, day, taken, wish, earliest)


def _free_in(
    mediator_id: str,
    hours: Hours,
    day: date,
    taken: frozenset[int],
    wish: SlotWish,
    earliest: datetime,
) -> Iterator[Slot]:
    minutes = MINUTES[hours.kind]
    starts_at = local(day, hours.opens)
    last = local(day, hours.closes) - timedelta(minutes=minutes)
    while starts_at <= last:
        wanted = wish.from_hour <= starts_at.hour < wish.until_hour and starts_at >= earliest
        if wanted and taken.isdisjoint(occupied_quanta(hours.kind, starts_at, minutes)):
            yield Slot(mediator_id, hours.kind, starts_at, minutes, hours.place)
        starts_at += STEP


def is_open(mediator: Mediator, kind: SessionKind, starts_at: datetime) -> bool:
    """Whether the helper's hours, leave and grid allow a session of `kind` at that moment."""
    here = starts_at.astimezone(LOCAL)
    if mediator.is_away(here.date()) or here.minute % 15 or here.second or here.microsecond:
        return False
    ends = (here + timedelta(minutes=MINUTES[kind])).time()
    return any(
        hours.kind is kind
        and hours.rule.falls_on(here.date())
        and hours.opens <= here.time()
        and time(0) < ends <= hours.closes
        for hours in mediator.hours
    )


def horizon(now: datetime) -> tuple[int, int]:
    """Return the first and last quantum that `next_slots` may look at."""
    way = max(TRAVEL_MINUTES.values())
    last = now + timedelta(days=HORIZON_DAYS + 1, minutes=way)
    return quantum_of(now - timedelta(minutes=way)), quantum_of(last)
