"""Booking: sessions are offered, taken, moved and given back; the quanta decide who was first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.case import MediationCase, Stage
from domain.errors import MediationLocked, NoSuchBooking, SlotNotOffered
from domain.follow_up import plan_session
from domain.ports import UnitOfWork
from domain.services.matching import Slot, SlotWish, horizon, is_open, next_slots
from domain.services.other_side import call_off_asking
from domain.session import MINUTES, BookingStatus, SessionBooking, SessionKind


@dataclass(frozen=True, slots=True)
class BookSession:
    """Which helper, how and when. The place follows from the helper's hours."""

    case_number: int
    mediator_id: str
    kind: SessionKind
    starts_at: datetime


def offer_slots(work: UnitOfWork, wish: SlotWish, now: datetime, count: int = 3) -> list[Slot]:
    """Return the best free slots; an empty list where nobody can be had within three weeks."""
    roster = work.roster.all()
    first, last = horizon(now)
    taken = work.sessions.taken([mediator.id for mediator in roster], first, last)
    return next_slots(roster, taken, wish, now, count)


def book_session(work: UnitOfWork, wish: BookSession, now: datetime) -> SessionBooking:
    """Take the time for the case and plan its reminders.

    Refuses with `MediationLocked`, `SlotTaken`, `SlotNotOffered`, `StageNotReachable`,
    `NoSuchCase`, `NoSuchMediator` or `CaseMovedOn`.
    """
    case = work.cases.get(wish.case_number)
    if case.is_held:
        raise MediationLocked(case.number)
    mediator = work.roster.get(wish.mediator_id)
    if wish.starts_at <= now or not is_open(mediator, wish.kind, wish.starts_at):
        raise SlotNotOffered(mediator.id, wish.starts_at)
    place = next(
        hours.place
        for hours in mediator.hours
        if hours.kind is wish.kind and hours.rule.falls_on(wish.starts_at.date())
    )
    booking = work.sessions.add(
        SessionBooking(
            id=0,
            case_number=case.number,
            mediator_id=mediator.id,
            kind=wish.kind,
            starts_at=wish.starts_at,
            minutes=MINUTES[wish.kind],
            place=place,
        )
    )
    work.cases.save(case.advance(Stage.SESSION_BOOKED))
    work.cases.note(case.number, now, "citizen", "session_booked", str(booking.id))
    work.follow_ups.add(plan_session(booking, now))
    return booking


def reschedule_session(work: UnitOfWork, wish: BookSession, now: datetime) -> SessionBooking:
    """Give the coming session back and take another time, both or neither."""
    give_back_session(work, wish.case_number, now)
    return book_session(work, wish, now)


def give_back_session(work: UnitOfWork, number: int, now: datetime) -> SessionBooking:
    """Cancel the coming session: its quanta are free and its reminders are off at once.

    Refuses with `NoSuchBooking` where no session is to come.
    """
    case = work.cases.get(number)
    booking = work.sessions.coming(number, now)
    if booking is None:
        raise NoSuchBooking(number)
    _end(work, booking)
    if case.stage is Stage.SESSION_BOOKED:
        work.cases.save(case.advance(Stage.APPLIED))
    work.cases.note(number, now, "citizen", "session_cancelled", str(booking.id))
    return booking


def hold_case(work: UnitOfWork, number: int, flags: frozenset[str], now: datetime) -> MediationCase:
    """Lock the case for safety: the coming session is given back, nothing automatic goes out.

    The task to ask the other side falls too: what it leads to is refused from now on.
    """
    case = work.cases.get(number)
    booking = work.sessions.coming(number, now)
    if booking is not None:
        _end(work, booking)
    held = case.hold(flags)
    if held.held_from is Stage.SESSION_BOOKED:
        held = replace(held, held_from=Stage.APPLIED)
    work.cases.save(held)
    work.cases.note(number, now, "safety", "held", ",".join(sorted(flags)))
    if call_off_asking(work, number, now):
        work.cases.note(number, now, "safety", "contact_stopped")
    return held


def withdraw_case(
    work: UnitOfWork, number: int, now: datetime, stage: Stage, reason: str
) -> MediationCase:
    """End a case because a side does not want it (any more); frees everything it had taken.

    `stage` is WITHDRAWN or OTHER_SIDE_REFUSED. One clear refusal is enough (人民调解法 17).
    """
    case = work.cases.get(number)
    booking = work.sessions.coming(number, now)
    if booking is not None:
        _end(work, booking)
    ended = case.withdraw() if stage is Stage.WITHDRAWN else case.refuse()
    work.cases.save(ended)
    work.follow_ups.cancel_of_case(number)
    call_off_asking(work, number, now)
    work.cases.note(number, now, "citizen", stage, reason)
    return ended


def _end(work: UnitOfWork, booking: SessionBooking) -> None:
    work.sessions.end(booking.end_as(BookingStatus.CANCELLED))
    work.follow_ups.cancel_of_booking(booking.id)


def release_case(work: UnitOfWork, number: int, now: datetime, actor: str) -> MediationCase:
    """End the safety hold of a case; for a trained person to decide, after a separate talk."""
    case = work.cases.get(number).release()
    work.cases.save(case)
    work.cases.note(number, now, actor, "released")
    return case
