"""Keeps bookings and the quanta they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from domain.errors import SlotTaken
from domain.session import BookingStatus, SessionBooking, SessionKind, occupied_quanta
from storage.tables import booking, booking_quantum

ADD = insert(booking).returning(booking.c.id)
FIRST = select(bindparam("first", type_=Integer).label("number")).cte("quanta", recursive=True)
QUANTA = FIRST.union_all(
    select(FIRST.c.number + 1).where(FIRST.c.number < bindparam("last", type_=Integer))
)
# The database makes the rows, so that the statement is compiled once (VALUES: at every call).
TAKE = insert(booking_quantum).from_select(
    ["mediator_id", "quantum", "booking_id"],
    select(
        bindparam("of_mediator", type_=Text),
        QUANTA.c.number,
        bindparam("of_booking", type_=BigInteger),
    ),
)
END = update(booking).where(booking.c.id == bindparam("known_id"))
FREE = delete(booking_quantum).where(booking_quantum.c.booking_id == bindparam("booking_id"))
GET = select(booking).where(booking.c.id == bindparam("id"))
OF_CASE = (
    select(booking)
    .where(booking.c.case_number == bindparam("number"))
    .order_by(booking.c.starts_at, booking.c.id)
)
COMING = OF_CASE.where(
    booking.c.status == BookingStatus.BOOKED, booking.c.starts_at > bindparam("now")
).limit(1)
TAKEN = select(booking_quantum.c.mediator_id, booking_quantum.c.quantum).where(
    booking_quantum.c.mediator_id.in_(bindparam("mediator_ids", expanding=True)),
    booking_quantum.c.quantum.between(bindparam("first"), bindparam("last")),
)


class SqlSessions:
    """`domain.ports.Sessions` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, booking: SessionBooking) -> SessionBooking:
        quanta = occupied_quanta(booking.kind, booking.starts_at, booking.minutes)
        with self._connection.begin_nested():  # a refusal takes the booking's row back with it
            kept = replace(booking, id=self._connection.execute(ADD, _row(booking)).scalar_one())
            take = {
                "of_mediator": kept.mediator_id,
                "of_booking": kept.id,
                "first": quanta[0],
                "last": quanta[-1],
            }
            try:  # one statement, ascending: two that overlap meet at the first quantum they share
                self._connection.execute(TAKE, take)
            except IntegrityError as error:
                raise SlotTaken(booking.mediator_id, booking.starts_at) from error
        return kept

    def end(self, booking: SessionBooking) -> None:
        self._connection.execute(END, {"known_id": booking.id, "status": booking.status})
        self._connection.execute(FREE, {"booking_id": booking.id})

    def coming(self, number: int, now: datetime) -> SessionBooking | None:
        row = self._connection.execute(COMING, {"number": number, "now": now}).one_or_none()
        return as_booking(row) if row else None

    def get(self, booking_id: int) -> SessionBooking | None:
        row = self._connection.execute(GET, {"id": booking_id}).one_or_none()
        return as_booking(row) if row else None

    def of_case(self, number: int) -> Sequence[SessionBooking]:
        return [as_booking(row) for row in self._connection.execute(OF_CASE, {"number": number})]

    def taken(
        self, mediator_ids: Sequence[str], first: int, last: int
    ) -> Mapping[str, frozenset[int]]:
        wanted = {"mediator_ids": mediator_ids, "first": first, "last": last}
        quanta: dict[str, set[int]] = {}
        for mediator_id, quantum in self._connection.execute(TAKEN, wanted):
            quanta.setdefault(mediator_id, set()).add(quantum)
        return {mediator_id: frozenset(each) for mediator_id, each in quanta.items()}


def _row(booking: SessionBooking) -> dict[str, object]:
    return {
        "case_number": booking.case_number,
        "mediator_id": booking.mediator_id,
        "kind": booking.kind,
        "starts_at": booking.starts_at,
        "minutes": booking.minutes,
        "place": booking.place,
        "status": booking.status,
    }


def as_booking(row: Row[Any]) -> SessionBooking:
    """Return the booking of a row of the table `booking`."""
    return SessionBooking(
        id=row.id,
        case_number=row.case_number,
        mediator_id=row.mediator_id,
        kind=SessionKind(row.kind),
        starts_at=row.starts_at,
        minutes=row.minutes,
        place=row.place,
        status=BookingStatus(row.status),
    )
