"""Follow-up: agreements make plans, due rows become words or tasks, answers change the case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.agreement import SettlementAgreement
from domain.calendar import outside_quiet_hours
from domain.case import MediationCase, Party, Role, Stage
from domain.conversation import Task, TaskKind
from domain.errors import NothingAsked
from domain.follow_up import (
    DUE_QUESTIONS,
    MISSED_BEFORE_ESCALATION,
    PATIENCE,
    SESSION_REMINDERS,
    UNANSWERED_BEFORE_PHONE,
    FollowUp,
    FollowUpKind,
    FollowUpState,
    plan_agreement,
)
from domain.ports import UnitOfWork
from domain.services.booking import offer_slots
from domain.services.matching import SlotWish
from domain.services.reach import chat_of, is_unsafe
from domain.session import MINUTES, BookingStatus, SessionBooking, SessionKind

WORKING_DAY = timedelta(days=1)
RECHECK_AGAIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Word:
    """A word to one side of a case, named by its template; words and layout are the template's.

    `question` is the id of the follow-up row that waits for an answer to it.
    """

    conversation_id: str
    template: str
    data: Mapping[str, Any]
    key: str
    choices: tuple[str, ...] = ()
    question: int | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A person was asked to act instead of, or beside, an automatic word."""

    task: Task


Outcome = Word | Called
ANSWERS = ("kept", "partly", "not_kept", "disputed")


def record_agreement(
    work: UnitOfWork, agreement: SettlementAgreement, now: datetime, actor: str
) -> MediationCase:
    """Keep the agreement and lay out its whole follow-up plan (domain.md 3.6)."""
    case = work.cases.get(agreement.case_number)
    booking = work.sessions.coming(case.number, now) or _last_booked(work, case.number)
    if booking is not None:
        work.sessions.end(booking.end_as(BookingStatus.HELD))
        work.follow_ups.cancel_of_booking(booking.id)
    agreed = case.advance(Stage.AGREED)
    work.cases.save(agreed)
    work.follow_ups.cancel_of_case(case.number)  # an earlier agreement's plan is over
    work.agreements.add(agreement)
    work.follow_ups.add(row for row in plan_agreement(agreement) if row.due_at > now)
    work.cases.note(case.number, now, actor, "agreed")
    return agreed


def _last_booked(work: UnitOfWork, number: int) -> SessionBooking | None:
    booked = [b for b in work.sessions.of_case(number) if b.status is BookingStatus.BOOKED]
    return booked[-1] if booked else None


def fire(work: UnitOfWork, row: FollowUp, now: datetime) -> list[Outcome]:
    """Carry out one claimed row: check it again, then say, book or call.

    Nothing goes out of a case that is over or on safety hold, nor for a booking that has changed.
    In quiet hours the row waits for 08:00.
    """
    case = work.cases.get(row.case_number)
    if not _still_wanted(work, case, row, now):
        work.follow_ups.mark(row, FollowUpState.CANCELLED, now)
        return []
    later = outside_quiet_hours(now)
    if later > now and row.kind not in {FollowUpKind.RECHECK_OVERDUE}:
        work.follow_ups.postpone(row, later)
        return []
    work.follow_ups.mark(row, FollowUpState.SENT, now)
    return list(_carry_out(work, case, row, now))


def _still_wanted(work: UnitOfWork, case: MediationCase, row: FollowUp, now: datetime) -> bool:
    if case.is_held or not case.is_open or _is_held(work, _party(case, row)):
        return False
    if row.kind in DUE_QUESTIONS and row.recipient is Role.RESPONDENT:
        return _may_ask_respondent(work, case)
    if row.booking_id is None:
        return True
    booking = work.sessions.get(row.booking_id)
    if booking is None or booking.status is not BookingStatus.BOOKED:
        return False
    return row.kind not in SESSION_REMINDERS or booking.starts_at > now


def _may_ask_respondent(work: UnitOfWork, case: MediationCase) -> bool:
    """Whether the other side is asked about a due date: in its chat or not at all, never phoned."""
    return chat_of(work, case.respondent) is not None and not is_unsafe(work, case)


def _party(case: MediationCase, row: FollowUp) -> Party:
    return case.party(row.recipient)


def _is_held(work: UnitOfWork, party: Party) -> bool:
    """Whether the party's chat is under a safety flag (the phone may be watched) or a person's."""
    if party.conversation_id is None:
        return False
    conversation = work.conversations.by_id(party.conversation_id)
    return conversation is not None and (conversation.is_held or conversation.with_person)


def _carry_out(
    work: UnitOfWork, case: MediationCase, row: FollowUp, now: datetime
) -> Iterator[Outcome]:
    match row.kind:
        case FollowUpKind.HOME_RECHECK:
            yield from _book_recheck(work, case, row, now)
        case FollowUpKind.RECHECK_OVERDUE:
            if row.booking_id is not None:
                yield from miss_visit(work, row.booking_id, now)
        case FollowUpKind.STILL_UNANSWERED:
            unanswered = work.follow_ups.unanswered(case.number, row.recipient)
            if len(unanswered) >= UNANSWERED_BEFORE_PHONE:
                yield from _call(
                    work, case, TaskKind.PHONE, now, f"unanswered:{row.key}", row.recipient
                )
        case _:
            yield from _say(work, case, row, now)


def _say(work: UnitOfWork, case: MediationCase, row: FollowUp, now: datetime) -> Iterator[Outcome]:
    chat = chat_of(work, _party(case, row))
    if chat is None:
        yield from _call(work, case, TaskKind.PHONE, now, f"phone:{row.key}", row.recipient, row)
        return
    yield Word(
        chat.id,
        str(row.kind),
        _word_data(work, case, row),
        row.key,
        tuple(f"answer:{row.id}:{answer}" for answer in ANSWERS) if row.is_question else (),
        row.id if row.is_question else None,
    )
    if row.is_question:
        _watch_for_silence(work, case, row, now)


def _word_data(work: UnitOfWork, case: MediationCase, row: FollowUp) -> dict[str, Any]:
    data: dict[str, Any] = {"number": case.number, "dispute_type": case.dispute_type, **row.details}
    if row.kind in SESSION_REMINDERS and row.booking_id is not None:
        booking = work.sessions.get(row.booking_id)
        if booking is not None:
            mediator = work.roster.get(booking.mediator_id)
            data |= {"booking": booking, "mediator": mediator.name, "phone": mediator.phone}
    return data


def _watch_for_silence(work: UnitOfWork, case: MediationCase, row: FollowUp, now: datetime) -> None:
    unanswered = work.follow_ups.unanswered(case.number, row.recipient)
    if len(unanswered) < UNANSWERED_BEFORE_PHONE:
        return
    work.follow_ups.add(
        [
            FollowUp(
                case.number,
                FollowUpKind.STILL_UNANSWERED,
                row.recipient,
                outside_quiet_hours(now + PATIENCE),
                f"silence:{case.number}:{unanswered[0].id}",  # once for each run of silence
            )
        ]
    )


def _book_recheck(
    work: UnitOfWork, case: MediationCase, row: FollowUp, now: datetime
) -> Iterator[Outcome]:
    """Book the home re-check (上门复诊) with a visiting helper, and tell the applicant."""
    wish = SlotWish(
        case.dispute_type, SessionKind.VISIT, case.county, case.township, not_before=now + PATIENCE
    )
    slots = offer_slots(work, wish, now, count=1)
    if not slots:
        yield from _call(work, case, TaskKind.NO_SLOT, now, f"no-visit:{row.key}", row.recipient)
        return
    booking = work.sessions.add(
        SessionBooking(
            id=0,
            case_number=case.number,
            mediator_id=slots[0].mediator_id,
            kind=SessionKind.HOME_RECHECK,
            starts_at=slots[0].starts_at,
            minutes=MINUTES[SessionKind.HOME_RECHECK],
            place=slots[0].place,
        )
    )
    work.cases.note(case.number, now, "scheduler", "recheck_booked", str(booking.id))
    overdue = FollowUp(
        case.number,
        FollowUpKind.RECHECK_OVERDUE,
        row.recipient,
        booking.ends_at + WORKING_DAY,
        f"overdue:{booking.id}",
        booking_id=booking.id,
    )
    work.follow_ups.add([overdue])
    mediator = work.roster.get(booking.mediator_id)
    chat = chat_of(work, case.applicant)
    if chat is None:
        yield from _call(work, case, TaskKind.PHONE, now, f"phone:{row.key}", row.recipient, row)
        return
    data = {
        "number": case.number,
        "dispute_type": case.dispute_type,
        "booking": booking,
        "mediator": mediator.name,
        "phone": mediator.phone,
    }
    yield Word(chat.id, str(row.kind), data, row.key)


def keep_visit(work: UnitOfWork, number: int, kept: bool, now: datetime) -> list[Outcome]:
    """Record what a mediator says of the last home re-check: it took place, or it was missed."""
    visits = [
        booking
        for booking in work.sessions.of_case(number)
        if booking.kind is SessionKind.HOME_RECHECK and booking.status is BookingStatus.BOOKED
    ]
    if not visits:
        return []
    if kept:
        work.sessions.end(visits[-1].end_as(BookingStatus.HELD))
        work.follow_ups.cancel_of_booking(visits[-1].id)
        work.cases.note(number, now, "mediator", "recheck_held")
        return []
    return list(miss_visit(work, visits[-1].id, now))


def miss_visit(work: UnitOfWork, booking_id: int, now: datetime) -> Iterator[Outcome]:
    """Count a missed re-check: it is planned again after a week, or after two it is escalated."""
    booking = work.sessions.get(booking_id)
    if booking is None or booking.status is not BookingStatus.BOOKED:
        return
    work.sessions.end(booking.end_as(BookingStatus.MISSED))
    work.follow_ups.cancel_of_booking(booking_id)
    case = work.cases.get(booking.case_number)
    work.cases.note(case.number, now, "scheduler", "recheck_missed", str(booking_id))
    missed = sum(
        each.kind is SessionKind.HOME_RECHECK and each.status is BookingStatus.MISSED
        for each in work.sessions.of_case(case.number)
    )
    if missed >= MISSED_BEFORE_ESCALATION:
        yield from _call(
            work, case, TaskKind.ESCALATION, now, f"missed:{case.number}:{missed}", Role.APPLICANT
        )
        return
    again = FollowUp(
        case.number,
        FollowUpKind.HOME_RECHECK,
        Role.APPLICANT,
        outside_quiet_hours(now + RECHECK_AGAIN),
        f"again:{booking_id}",
    )
    work.follow_ups.add([again])


@dataclass(frozen=True, slots=True)
class Answer:
    """A citizen's answer to a follow-up question; `follow_up_id` None means the latest open one."""

    conversation_id: str
    case_number: int
    answer: str
    follow_up_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def take_answer(work: UnitOfWork, said: Answer, now: datetime) -> str:
    """Record the answer and do what it asks for; return the template that thanks for it.

    Not kept: the case is BREACHED and a person urges (督促) within one working day. Disputed: a
    person calls. Refuses with `NothingAsked` where no question is open.
    """
    case = work.cases.get(_case_asked_about(work, said))
    role = case.side_of(said.conversation_id)
    if role is None:
        raise NothingAsked(said.conversation_id)
    open_rows = list(work.follow_ups.unanswered(case.number, role))
    asked = [row for row in open_rows if said.follow_up_id in {None, row.id}]
    if not asked:
        raise NothingAsked(said.conversation_id)
    for row in open_rows:  # an answer shows that the person is there: older questions are settled
        work.follow_ups.mark(row, FollowUpState.ANSWERED, now)
    work.cases.note(case.number, now, role, f"answered_{said.answer}", asked[-1].key)
    if said.answer == "kept":
        return "answer_kept"
    if case.is_held or not case.is_open:
        return "answer_noted"
    if said.answer == "not_kept" and case.stage is Stage.AGREED:
        work.cases.save(case.advance(Stage.BREACHED))
    kind = TaskKind.PHONE if said.answer == "disputed" else TaskKind.URGE
    list(_call(work, case, kind, now, f"{said.answer}:{asked[-1].key}", role))
    return "answer_" + said.answer


def _case_asked_about(work: UnitOfWork, said: Answer) -> int:
    """Return the case of the question that was answered; a person may have more than one case."""
    row = work.follow_ups.get(said.follow_up_id) if said.follow_up_id is not None else None
    return row.case_number if row is not None else said.case_number


def _call(
    work: UnitOfWork,
    case: MediationCase,
    kind: TaskKind,
    now: datetime,
    key: str,
    side: Role,
    row: FollowUp | None = None,
) -> Iterator[Outcome]:
    details: dict[str, Any] = {"side": str(side)}
    if row is not None:
        details |= {"about": str(row.kind), **row.details}
    task = Task(kind, now, now + WORKING_DAY, key, case_number=case.number, details=details)
    if work.tasks.open(task):
        yield Called(task)
