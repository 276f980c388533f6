"""The task of asking the other side: it stands while somebody may do it, and falls with a hold."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.case import LOCKING_FLAGS, MediationCase
from domain.conversation import Task, TaskKind
from domain.ports import UnitOfWork
from domain.services.reach import is_under_hold

TIME_TO_CONTACT = timedelta(days=3)  # 在线调解规则 art. 15 gives three working days
HAND_OVER = "hand_over_invitation"
BY_PERSON = "contact_by_person"


def way_to_ask(case: MediationCase, is_under_hold: bool) -> str | None:
    """Return the reason of the task, HAND_OVER or BY_PERSON; None where nobody is to be asked.

    A case that was held once gets no invitation any more: a person finds out what is wanted.
    """
    if is_under_hold or not case.is_open or not case.applicant.lets_contact:
        return None
    if case.respondent.conversation_id is not None:
        return None
    return BY_PERSON if case.flags & set(LOCKING_FLAGS) else HAND_OVER


def call_for_asking(work: UnitOfWork, number: int, now: datetime) -> bool:
    """Open the task if it is wanted as things stand, else close it; whether it was opened."""
    case = work.cases.get(number)
    reason = way_to_ask(case, is_under_hold(work, case))
    if reason is None:
        call_off_asking(work, number, now)
        return False
    due, details = now + TIME_TO_CONTACT, {"reason": reason}
    return work.tasks.open(
        Task(TaskKind.PHONE, now, due, _key(number), case_number=number, details=details)
    )


def call_off_asking(work: UnitOfWork, number: int, now: datetime) -> bool:
    """Close the task, whoever had it; False where none stood."""
    return work.tasks.close_of_key(_key(number), now)


def _key(number: int) -> str:
    return f"invitation:{number}"
