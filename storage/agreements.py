"""Keeps settlement agreements."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, bindparam, insert, select

from domain.agreement import Instalment, SettlementAgreement
from storage.tables import agreement

ADD = insert(agreement)
LATEST = (
    select(agreement)
    .where(agreement.c.case_number == bindparam("number"))
    .order_by(agreement.c.id.desc())
    .limit(1)
)


class SqlAgreements:
    """`domain.ports.Agreements` on one connection; the latest of a case is in force."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, agreement: SettlementAgreement) -> None:
        row = {
            "case_number": agreement.case_number,
            "effective_on": agreement.effective_on,
            "terms": agreement.terms,
            "instalments": [
                {"due_on": part.due_on.isoformat(), "amount_fen": part.amount_fen}
                for part in agreement.instalments
            ],
        }
        self._connection.execute(ADD, row)

    def of_case(self, number: int) -> SettlementAgreement | None:
        row = self._connection.execute(LATEST, {"number": number}).one_or_none()
        if row is None:
            return None
        return SettlementAgreement(
            row.case_number,
            row.effective_on,
            row.terms,
            tuple(
                Instalment(date.fromisoformat(part["due_on"]), part["amount_fen"])
                for part in row.instalments
            ),
        )
