"""Keeps the rows of follow-up plans, and hands out those that are due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, text, update

from domain.case import Role
from domain.errors import FollowUpMovedOn
from domain.follow_up import QUESTIONS, FollowUp, FollowUpKind, FollowUpState
from storage.dialects import in_both
from storage.tables import OPEN, follow_up

LEASE = timedelta(minutes=2)  # a claimed row that is not settled by then is handed out again

ADD = in_both(lambda insert: insert(follow_up).on_conflict_do_nothing(index_elements=["key"]))
DUE = (
    select(follow_up.c.id)
    .where(
        text(OPEN),
        follow_up.c.due_at <= bindparam("now"),
        or_(
            follow_up.c.lease_until.is_(None),
            follow_up.c.lease_until <= bindparam("now"),
            follow_up.c.lease_until > bindparam("until"),  # the clock has gone back since
        ),
    )
    .order_by(follow_up.c.due_at, follow_up.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")  # PostgreSQL runs a locking CTE once; as a sub-select it might run it again
)
CLAIM = (
    update(follow_up)
    .where(follow_up.c.id.in_(select(DUE.c.id)))
    .values(state=FollowUpState.CLAIMED, lease_until=bindparam("until"))
    .returning(follow_up)
)
MOVE = update(follow_up).where(
    follow_up.c.id == bindparam("known_id"), follow_up.c.state == bindparam("known_state")
)
CANCEL = update(follow_up).where(text(OPEN)).values(state=FollowUpState.CANCELLED)
CANCEL_OF_BOOKING = CANCEL.where(follow_up.c.booking_id == bindparam("of"))
CANCEL_OF_CASE = CANCEL.where(follow_up.c.case_number == bindparam("of"))
GET = select(follow_up).where(follow_up.c.id == bindparam("id"))
OF_CASE = (
    select(follow_up)
    .where(follow_up.c.case_number == bindparam("number"))
    .order_by(follow_up.c.due_at, follow_up.c.id)
)
UNANSWERED = OF_CASE.where(
    follow_up.c.recipient == bindparam("recipient"),
    follow_up.c.state == FollowUpState.SENT,
    follow_up.c.kind.in_(sorted(QUESTIONS)),
)


class SqlFollowUps:
    """`domain.ports.FollowUps` on one connection.

    `mark` and `postpone` refuse with `FollowUpMovedOn` where the row is not in the state it was
    read in, so that a row handed out twice after its lease is carried out once.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rows: Iterable[FollowUp]) -> None:
        data = [_row(each) for each in rows]
        if data:
            self._connection.execute(ADD[self._connection.dialect.name], data)

    def claim(self, now: datetime, limit: int) -> Sequence[FollowUp]:
        wanted = {"now": now, "most": limit, "until": now + LEASE}
        rows = [_follow_up(row) for row in self._connection.execute(CLAIM, wanted)]
        return sorted(rows, key=lambda row: (row.due_at, row.id))

    def mark(self, follow_up: FollowUp, state: FollowUpState, at: datetime) -> None:
        self._move(follow_up, {"state": state, "settled_at": at, "lease_until": None})

    def postpone(self, follow_up: FollowUp, due_at: datetime) -> None:
        self._move(
            follow_up, {"state": FollowUpState.PENDING, "due_at": due_at, "lease_until": None}
        )

    def _move(self, follow_up: FollowUp, changes: dict[str, object]) -> None:
        known = {"known_id": follow_up.id, "known_state": follow_up.state}
        if self._connection.execute(MOVE, known | changes).rowcount != 1:
            raise FollowUpMovedOn(follow_up.id)

    def cancel_of_booking(self, booking_id: int) -> None:
        self._connection.execute(CANCEL_OF_BOOKING, {"of": booking_id})

    def cancel_of_case(self, number: int) -> None:
        self._connection.execute(CANCEL_OF_CASE, {"of": number})

    def unanswered(self, number: int, recipient: Role) -> Sequence[FollowUp]:
        wanted = {"number": number, "recipient": recipient}
        return [_follow_up(row) for row in self._connection.execute(UNANSWERED, wanted)]

    def get(self, follow_up_id: int) -> FollowUp | None:
        row = self._connection.execute(GET, {"id": follow_up_id}).one_or_none()
        return _follow_up(row) if row else None

    def of_case(self, number: int) -> Sequence[FollowUp]:
        return [_follow_up(row) for row in self._connection.execute(OF_CASE, {"number": number})]


def _row(follow_up: FollowUp) -> dict[str, object]:
    return {
        "case_number": follow_up.case_number,
        "kind": follow_up.kind,
        "recipient": follow_up.recipient,
        "due_at": follow_up.due_at,
        "key": follow_up.key,
        "details": follow_up.details,
        "booking_id": follow_up.booking_id,
        "state": follow_up.state,
    }


def _follow_up(row: Row[Any]) -> FollowUp:
    return FollowUp(
        case_number=row.case_number,
        kind=FollowUpKind(row.kind),
        recipient=Role(row.recipient),
        due_at=row.due_at,
        key=row.key,
        details=row.details,
        booking_id=row.booking_id,
        id=row.id,
        state=FollowUpState(row.state),
    )
