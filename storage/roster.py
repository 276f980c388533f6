"""Keeps mediators and lawyers; what was read once is remembered until somebody changes it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy import Connection, Row, select

from domain.calendar import DayRule, MarketDays, Weekly
from domain.errors import NoSuchMediator
from domain.mediator import HelperKind, Hours, Leave, Level, Mediator
from domain.session import SessionKind
from storage.dialects import in_both
from storage.settings import SqlSettings
from storage.tables import mediator

EDITION = "roster_edition"  # the setting that changes with every change of the roster
ALL = select(mediator).order_by(mediator.c.id)
PUT = in_both(
    lambda insert: (add := insert(mediator)).on_conflict_do_update(
        index_elements=["id"],
        set_={column.name: add.excluded[column.name] for column in mediator.c},
    )
)


@dataclass(frozen=True, slots=True)
class Edition:
    """The roster as it was at one edition."""

    mark: str | None
    everybody: tuple[Mediator, ...]
    by_id: Mapping[str, Mediator]


class RosterMemory:
    """The last edition read; shared by all units of work of a process."""

    def __init__(self) -> None:
        self.edition: Edition | None = None


class SqlRoster:
    """`domain.ports.Roster` on one connection.

    Each use reads one row, the edition's mark, so that a change made anywhere is seen by the next
    unit of work. The mark is random, not counted: a change that is rolled back leaves no number
    behind that another change could take.
    """

    def __init__(self, connection: Connection, memory: RosterMemory) -> None:
        self._connection = connection
        self._memory = memory

    def all(self) -> Sequence[Mediator]:
        return self._edition().everybody

    def get(self, mediator_id: str) -> Mediator:
        found = self._edition().by_id.get(mediator_id)
        if found is None:
            raise NoSuchMediator(mediator_id)
        return found

    def save(self, mediators: Sequence[Mediator]) -> None:
        """Add these people, or change those who are known; nobody is taken off."""
        if mediators:
            put = PUT[self._connection.dialect.name]
            self._connection.execute(put, [_row(each) for each in mediators])
            SqlSettings(self._connection).put(EDITION, secrets.token_hex(8))

    def _edition(self) -> Edition:
        mark = SqlSettings(self._connection).get(EDITION)
        known = self._memory.edition
        if known is not None and known.mark == mark:
            return known
        everybody = tuple(_mediator(row) for row in self._connection.execute(ALL))
        read = Edition(mark, everybody, {each.id: each for each in everybody})
        self._memory.edition = read
        return read


def _row(mediator: Mediator) -> dict[str, object]:
    return {
        "id": mediator.id,
        "name": mediator.name,
        "kind": mediator.kind,
        "level": mediator.level,
        "gender": mediator.gender,
        "county": mediator.county,
        "townships": mediator.townships,
        "languages": mediator.languages,
        "topics": sorted(mediator.topics),
        "phone": mediator.phone,
        "hours": [_hours_data(hours) for hours in mediator.hours],
        "leave": [[each.first.isoformat(), each.last.isoformat()] for each in mediator.leave],
    }


def _hours_data(hours: Hours) -> dict[str, Any]:
    rule: dict[str, Any]
    if isinstance(hours.rule, MarketDays):
        rule = {"known": hours.rule.known.isoformat(), "every_days": hours.rule.every_days}
    else:
        rule = {"weekday": hours.rule.weekday}
    return {
        "rule": rule,
        "opens": hours.opens.isoformat(),
        "closes": hours.closes.isoformat(),
        "kind": hours.kind.value,
        "place": hours.place,
    }


def _hours(data: Mapping[str, Any]) -> Hours:
    rule: DayRule
    if "weekday" in data["rule"]:
        rule = Weekly(data["rule"]["weekday"])
    else:
        rule = MarketDays(date.fromisoformat(data["rule"]["known"]), data["rule"]["every_days"])
    return Hours(
        rule,
        time.fromisoformat(data["opens"]),
        time.fromisoformat(data["closes"]),
        SessionKind(data["kind"]),
        data["place"],
    )


def _mediator(row: Row[Any]) -> Mediator:
    return Mediator(
        id=row.id,
        name=row.name,
        kind=HelperKind(row.kind),
        level=Level(row.level),
        gender=row.gender,
        county=row.county,
        townships=tuple(row.townships),
        languages=tuple(row.languages),
        topics=frozenset(row.topics),
        phone=row.phone,
        hours=tuple(_hours(each) for each in row.hours),
        leave=tuple(
            Leave(date.fromisoformat(first), date.fromisoformat(last)) for first, last in row.leave
        ),
    )
