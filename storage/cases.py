"""Keeps mediation cases and their history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from domain.case import MediationCase, Party, Stage
from domain.errors import CaseMovedOn, NoSuchCase
from domain.facts import FactValue
from storage.dialects import in_both
from storage.engine import keyring_of
from storage.sealing import folded
from storage.tables import case_counter, case_note, case_phone, mediation_case

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
FIND_BY_PHONE = in_both(lambda insert: insert(case_phone).on_conflict_do_nothing())
FORGET_PHONES = delete(case_phone).where(
    case_phone.c.case_number == bindparam("number"),
    case_phone.c.digest.not_in(bindparam("kept", expanding=True)),
)
OF_PHONE = (
    select(case_phone.c.case_number)
    .where(case_phone.c.digest.in_(bindparam("digests", expanding=True)))
    .order_by(case_phone.c.case_number.desc())
    .distinct()
)


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
        self._index(case)

    def save(self, case: MediationCase) -> None:
        row = {
            "known_number": case.number,
            "known_version": case.version,
            "version": case.version + 1,
            **_changing(case),
        }
        if self._connection.execute(SAVE, row).rowcount != 1:
            raise CaseMovedOn(case.number)
        self._index(case)

    def of_phone(self, phone: str) -> Sequence[int]:
        """Return the numbers of the cases in which a party has this phone, the newest first."""
        digests = keyring_of(self._connection.dialect).digests(folded(phone))
        return self._connection.execute(OF_PHONE, {"digests": digests}).scalars().all()

    def index_anew(self, number: int) -> None:
        """Let a case be found by its phones under the newest key."""
        row = self._connection.execute(GET.with_for_update(), {"number": number}).one()
        self._index(_case(row))

    def _index(self, case: MediationCase) -> None:
        """Let a case be found by the phones of its parties, and by no phone of before."""
        phones = {folded(party.phone) for party in case.parties} - {""}
        if not phones:
            return
        keyring = keyring_of(self._connection.dialect)
        digests = [keyring.digests(phone)[0] for phone in phones]
        rows = [{"digest": digest, "case_number": case.number} for digest in digests]
        self._connection.execute(FIND_BY_PHONE[self._connection.dialect.name], rows)
        self._connection.execute(FORGET_PHONES, {"number": case.number, "kept": digests})

    def note(self, number: int, at: datetime, actor: str, what: str, reason: str = "") -> None:
        row = {"case_number": number, "at": at, "actor": actor, "what": what, "reason": reason}
        self._connection.execute(NOTE, row)


def _changing(case: MediationCase) -> dict[str, object]:
    return {
        "dispute_type": case.dispute_type,
        "parties": [party.to_data() for party in case.parties],
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
        parties=tuple(Party.from_data(party) for party in row.parties),
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
