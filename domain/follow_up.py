"""Follow-up (回访): what is asked, reminded or visited after which days, as pure plans of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from domain.agreement import SettlementAgreement, last_day_to_confirm
from domain.calendar import LOCAL, local, outside_quiet_hours
from domain.case import Role
from domain.session import SessionBooking

MORNING = time(9)
UNANSWERED_BEFORE_PHONE = 2
MISSED_BEFORE_ESCALATION = 2
PATIENCE = timedelta(days=1)  # how long a question may stay unanswered before it counts


class FollowUpKind(StrEnum):
    """What a follow-up row does when it falls due."""

    SESSION_TOMORROW = "session_tomorrow"
    SESSION_SOON = "session_soon"
    DUE_IN_THREE_DAYS = "due_in_three_days"
    DUE_TODAY = "due_today"
    DUE_YESTERDAY = "due_yesterday"
    CHECK_WEEK = "check_week"
    CHECK_QUARTER = "check_quarter"
    HOME_RECHECK = "home_recheck"
    RECHECK_OVERDUE = "recheck_overdue"
    CONFIRM_DAY_20 = "confirm_day_20"
    CONFIRM_DAY_27 = "confirm_day_27"
    STILL_UNANSWERED = "still_unanswered"


DUE_QUESTIONS = frozenset({FollowUpKind.DUE_TODAY, FollowUpKind.DUE_YESTERDAY})
QUESTIONS = DUE_QUESTIONS | {FollowUpKind.CHECK_WEEK, FollowUpKind.CHECK_QUARTER}
SESSION_REMINDERS = frozenset({FollowUpKind.SESSION_TOMORROW, FollowUpKind.SESSION_SOON})
BEFORE_A_SESSION = {
    FollowUpKind.SESSION_TOMORROW: timedelta(days=1),
    FollowUpKind.SESSION_SOON: timedelta(hours=2),
}
AROUND_A_DUE_DATE = {
    FollowUpKind.DUE_IN_THREE_DAYS: timedelta(days=-3),
    FollowUpKind.DUE_TODAY: timedelta(0),
    FollowUpKind.DUE_YESTERDAY: timedelta(days=1),
}
AFTER_AN_AGREEMENT = {
    FollowUpKind.CHECK_WEEK: timedelta(days=7),
    FollowUpKind.HOME_RECHECK: timedelta(days=30),
    FollowUpKind.CHECK_QUARTER: timedelta(days=90),
}
CONFIRMATION_CLOCK = {
    FollowUpKind.CONFIRM_DAY_20: timedelta(days=20),
    FollowUpKind.CONFIRM_DAY_27: timedelta(days=27),
}


class FollowUpState(StrEnum):
    """How far a row has come. SENT means done or, for a question, waiting for its answer."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One dated row of a case's plan; `key` is unique, so that a plan made twice is kept once."""

    case_number: int
    kind: FollowUpKind
    recipient: Role
    due_at: datetime
    key: str
    details: dict[str, Any] = field(default_factory=dict)
    booking_id: int | None = None
    id: int = 0
    state: FollowUpState = FollowUpState.PENDING

    @property
    def is_question(self) -> bool:
        """Whether an answer is awaited."""
        return self.kind in QUESTIONS


def plan_session(booking: SessionBooking, now: datetime) -> Iterator[FollowUp]:
    """Yield the reminders of a session: the day before and two hours before, to both sides.

    A reminder whose moment has passed is left out; one that would fall into quiet hours comes at
    08:00 if that is still before the session, else at 20:00 the evening before.
    """
    for kind, before in BEFORE_A_SESSION.items():
        due_at = _reminder_moment(booking.starts_at, before)
        if due_at <= now:
            continue
        for role in Role:
            yield FollowUp(
                booking.case_number,
                kind,
                role,
                due_at,
                f"{kind}:{booking.id}:{role}",
                booking_id=booking.id,
            )


def _reminder_moment(starts_at: datetime, before: timedelta) -> datetime:
    wanted = starts_at - before
    moved = outside_quiet_hours(wanted)
    if moved == wanted or moved < starts_at:
        return moved
    evening = starts_at.astimezone(LOCAL).date() - timedelta(days=1)
    return local(evening, time(20))


def plan_agreement(agreement: SettlementAgreement) -> Iterator[FollowUp]:
    """Yield the plan of an agreement: due dates, T+7, home re-check T+30, T+90, confirmation clock.

    Reminders of a due date and the questions after it go to both sides: either may have to perform.
    So do the confirmation warnings (day 20 and day 27 of 30), because both must apply jointly
    (人民调解法 33).
    """
    for number, part in enumerate(agreement.instalments, start=1):
        details = {
            "due_on": part.due_on.isoformat(),
            "amount_fen": part.amount_fen,
            "instalment": number,
        }
        for kind, shift in AROUND_A_DUE_DATE.items():
            for role in Role:
                yield _row(agreement, kind, role, part.due_on + shift, details, f"{number}")
    for kind, after in AFTER_AN_AGREEMENT.items():
        for role in Role if kind in QUESTIONS else (Role.APPLICANT,):
            yield _row(agreement, kind, role, agreement.effective_on + after, {}, "")
    last_day = last_day_to_confirm(agreement.effective_on)
    details = {"last_day": last_day.isoformat()}
    for kind, after in CONFIRMATION_CLOCK.items():
        for role in Role:
            yield _row(agreement, kind, role, agreement.effective_on + after, details, "")


def _row(
    agreement: SettlementAgreement,
    kind: FollowUpKind,
    role: Role,
    day: date,
    details: dict[str, Any],
    mark: str,
) -> FollowUp:
    key = f"{kind}:{agreement.case_number}:{agreement.effective_on}:{mark}:{role}"
    return FollowUp(agreement.case_number, kind, role, local(day, MORNING), key, dict(details))
