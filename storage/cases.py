"""Keeps mediation cases and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from domain.case import MediationCase, Party, Role, Stage
from domain.errors import CaseMovedOn, NoSuchCase
from domain.facts import FactValue
from storage.dialects import in_both
from storage.tables import case_counter, case_note, mediation_case

COUNT_ON = in_both(
    lambda insert: (
        insert(case_counter)
        .values(last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": case_counter.c.last + 1})
        .returning(case_counter.c.last)
    )
)
GET = select(mediation_case).where(mediation_case.c.number == bindparam("number"))
ADD = insert(mediation_case)
SAVE = update(mediation_case).where(
    mediation_case.c.number == bindparam("known_number"),
    mediation_case.c.version == bindparam("known_version"),
)
NOTE = insert(case_note)


class SqlCases:
    """`domain.ports.Cases` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_number(self, year: int) -> int:
        count_on = COUNT_ON[self._connection.dialect.name]
        return int(self._connection.execute(count_on, {"year": year}).scalar_one())

    def get(self, number: int) -> MediationCase:
        row = self._connection.execute(GET, {"number": number}).one_or_none()
        if row is None:
            raise NoSuchCase(number)
        return _case(row)

    def add(self, case: MediationCase) -> None:
        row = {
            "number": case.number,
            "opened_at": case.opened_at,
            "version": case.version,
            **_changing(case),
        }
        self._connection.execute(ADD, row)

    def save(self, case: MediationCase) -> None:
        row = {
            "known_number": case.number,
            "known_version": case.version,
            "version": case.version + 1,
            **_changing(case),
        }
        if self._connection.execute(SAVE, row).rowcount != 1:
            raise CaseMovedOn(case.number)

    def note(self, number: int, at: datetime, actor: str, what: str, reason: str = "") -> None:
        row = {"case_number": number, "at": at, "actor": actor, "what": what, "reason": reason}
        self._connection.execute(NOTE, row)


def _changing(case: MediationCase) -> dict[str, object]:
    return {
        "dispute_type": case.dispute_type,
        "parties": [
            {
                "role": party.role.value,
                "name": party.name,
                "phone": party.phone,
                "conversation_id": party.conversation_id,
            }
            for party in case.parties
        ],
        "summary": case.summary,
        "county": case.county,
        "township": case.township,
        "facts": {name: fact.to_data() for name, fact in case.facts.items()},
        "flags": case.flags,
        "stage": case.stage,
        "held_from": case.held_from,
    }


def _case(row: Row[Any]) -> MediationCase:
    return MediationCase(
        number=row.number,
        dispute_type=row.dispute_type,
        parties=tuple(
            Party(Role(party["role"]), party["name"], party["phone"], party["conversation_id"])
            for party in row.parties
        ),
        summary=row.summary,
        opened_at=row.opened_at,
        county=row.county,
        township=row.township,
        facts={name: FactValue.from_data(fact) for name, fact in row.facts.items()},
        flags=frozenset(row.flags),
        stage=Stage(row.stage),
        held_from=Stage(row.held_from) if row.held_from else None,
        version=row.version,
    )
