"""The demo roster: read from `seed_roster.yaml`, placed into a database that has nobody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from domain.calendar import QUANTUM_MINUTES, DayRule, MarketDays, Weekly
from domain.catalogue import SHEETS
from domain.mediator import HelperKind, Hours, Leave, Level, Mediator
from domain.session import MINUTES, OFFERED, SessionKind
from domain.yaml_page import Page, read_yaml
from storage.unit_of_work import SqlUnitOfWork

ROSTER = Path(__file__).parent / "seed_roster.yaml"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GENDERS = ("男", "女")
ID = re.compile(r"[a-z]{1,12}-\d{1,3}")  # short: it travels in the id of a button
DAY = date(2026, 1, 1)  # any day: only to subtract times

PERSON_KEYS = frozenset(
    {"id", "name", "kind", "level", "gender", "county", "townships", "languages"}
    | {"topics", "phone", "hours", "leave"}
)
HOURS_KEYS = frozenset({"kind", "days", "market", "every_days", "opens", "closes", "place"})
LEAVE_KEYS = frozenset({"first", "last"})

Named = TypeVar("Named", bound=StrEnum)


class RosterFaults(Exception):
    """The roster's file does not hold together; the message has one line a fault."""


def seed(work: SqlUnitOfWork) -> int:
    """Place the demo roster where the roster is empty; return how many people were placed."""
    if work.roster.all():
        return 0
    people = load_roster()
    work.save_roster(people)
    return len(people)


def load_roster(path: Path = ROSTER) -> tuple[Mediator, ...]:
    """Read and check a roster's file; raises RosterFaults that names every fault."""
    faults: list[str] = []
    topics = {sheet.stem for sheet in SHEETS.glob("[a-z]*.yaml")}
    page = Page(path.name, read_yaml(path, faults), frozenset({"people"}), faults)
    pages = page.pages("people", PERSON_KEYS, "id")
    people = tuple(person for each in pages if (person := _person(each, topics)) is not None)
    ids = [person.id for person in people]
    for twice in sorted({each for each in ids if ids.count(each) > 1}):
        page.fault(f"{twice} stands twice")
    if faults:
        raise RosterFaults("\n".join(faults))
    return people


def _person(page: Page, topics: Collection[str]) -> Mediator | None:
    id_, kind, level = (
        page.words("id"),
        _named(page, "kind", HelperKind),
        _named(page, "level", Level),
    )
    if id_ and not ID.fullmatch(id_):
        page.fault("id must be letters, a hyphen and a number, like xichou-1")
    gender = page.words("gender")
    if gender and gender not in GENDERS:
        page.fault(f"gender must be one of {', '.join(GENDERS)}")
    known = page.items("topics")
    for topic in known:
        if topic not in topics:
            page.fault(f"topics: {topic} has no sheet")
    hours = tuple(_all_hours(page))
    leave = tuple(_leave(each) for each in page.pages("leave", LEAVE_KEYS, "first", optional=True))
    name, county, phone = page.words("name"), page.words("county"), page.words("phone")
    townships, languages = page.items("townships", optional=True), page.items("languages")
    if kind is None or level is None:
        return None
    return Mediator(
        id=id_,
        name=name,
        kind=kind,
        level=level,
        gender=gender,
        county=county,
        townships=townships,
        languages=languages,
        topics=frozenset(known),
        phone=phone,
        hours=hours,
        leave=tuple(each for each in leave if each is not None),
    )


def _all_hours(person: Page) -> Iterator[Hours]:
    for page in person.pages("hours", HOURS_KEYS, "kind"):
        kind = _named(page, "kind", SessionKind)
        opens, closes = _time(page, "opens"), _time(page, "closes")
        rules = list(_rules(page))
        place = page.words("place")
        if kind is None or opens is None or closes is None:
            continue
        if kind not in OFFERED:
            page.fault(f"{kind} is never offered")
            continue
        room = datetime.combine(DAY, closes) - datetime.combine(DAY, opens)
        if room < timedelta(minutes=MINUTES[kind]):
            page.fault(f"no session of {MINUTES[kind]} minutes fits in")
        yield from (Hours(rule, opens, closes, kind, place) for rule in rules)


def _rules(page: Page) -> Iterator[DayRule]:
    if page.has("days") == page.has("market"):
        page.fault("needs either days or market")
    elif page.has("days"):
        for day in page.items("days"):
            if day in WEEKDAYS:
                yield Weekly(WEEKDAYS.index(day))
            else:
                page.fault(f"days: {day} is not one of {', '.join(WEEKDAYS)}")
    else:
        known, every = _date(page, "market"), page.words("every_days")
        if not every.isdecimal() or int(every) == 0:
            page.fault("every_days must be a whole number above 0")
        elif known is not None:
            yield MarketDays(known, int(every))


def _leave(page: Page) -> Leave | None:
    first, last = _date(page, "first"), _date(page, "last")
    if first is None or last is None:
        return None
    if last < first:
        page.fault("last is before first")
    return Leave(first, last)


def _named(page: Page, key: str, names: type[Named]) -> Named | None:
    value = page.words(key)
    if value in {each.value for each in names}:
        return names(value)
    if value:
        page.fault(f"{key} must be one of {', '.join(names)}")
    return None


def _date(page: Page, key: str) -> date | None:
    value = page.words(key)
    try:
        return date.fromisoformat(value)
    except ValueError:
        if value:
            page.fault(f"{key} must be a day like 2026-12-31")
        return None


def _time(page: Page, key: str) -> time | None:
    value = page.words(key)
    try:
        found = time.fromisoformat(value)
    except ValueError:
        found = None
    if found is not None and not (found.minute % QUANTUM_MINUTES or found.second):
        return found
    if value:
        page.fault(f'{key} must be a quarter of an hour like "09:15"')
    return None
