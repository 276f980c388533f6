"""Two sides: the other one is asked, both are told what is meant for both, nobody hears more.

What one side told (story, facts, safety) never leaves for the other; see docs/decisions/0009.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.case import MediationCase, Role, Stage
from domain.conversation import Task, TaskKind
from domain.errors import ContactNotAgreed, InvitationNotSafe, NotASide, StageNotReachable
from domain.invitation import VALID, Invitation, folded_code, new_code
from domain.mediator import Mediator
from domain.ports import UnitOfWork
from domain.services.booking import withdraw_case
from domain.services.follow_up import WORKING_DAY, Word
from domain.services.matching import SlotWish, fit
from domain.services.other_side import call_for_asking, call_off_asking
from domain.services.reach import chat_of, is_unsafe
from domain.session import SessionBooking, SessionKind

WRONG_A_DAY = 5  # of one chat
WRONG_AN_HOUR = 200  # of all chats together: somebody is trying codes


@dataclass(frozen=True, slots=True)
class Issued:
    """An invitation to hand over: the only moment at which its code is known."""

    invitation: Invitation
    code: str
    contact: Mediator | None


@dataclass(frozen=True, slots=True)
class Invited:
    """All that the other side is told of the case: its number, its type, and whom to ask."""

    number: int
    dispute_type: str
    mediator: str
    phone: str


@dataclass(frozen=True, slots=True)
class NotInvited:
    """Why a code does not open anything: not_known, over, own, not_now or too_many."""

    why: str


def side_of(case: MediationCase, conversation_id: str) -> Role:
    """Return the side that a chat speaks for, or refuse with `NotASide`."""
    side = case.side_of(conversation_id)
    if side is None:
        raise NotASide(case.number)
    return side


def allow_contact(work: UnitOfWork, number: int, allowed: bool, now: datetime) -> None:
    """Keep whether the applicant agrees that the other side is asked; a mediator asks it then."""
    case = work.cases.get(number)
    work.cases.save(case.change_party(replace(case.applicant, lets_contact=allowed)))
    work.cases.note(number, now, Role.APPLICANT, "contact_agreed" if allowed else "contact_refused")
    if not allowed:
        work.invitations.end_of_case(number, now)
    call_for_asking(work, number, now)


def issue_invitation(work: UnitOfWork, number: int, now: datetime, actor: str) -> Issued:
    """Make a code for the respondent; an earlier one that nobody has taken is worth nothing now.

    Refuses with `InvitationNotSafe`, `ContactNotAgreed`, `StageNotReachable` or `NoSuchCase`.
    """
    case = work.cases.get(number)
    if is_unsafe(work, case):
        raise InvitationNotSafe(number)
    if not case.is_open:
        raise StageNotReachable(number, case.stage, "invited")
    if not case.applicant.lets_contact:
        raise ContactNotAgreed(number)
    work.invitations.end_of_case(number, now)
    code = new_code()
    invitation = Invitation(number, now, now + VALID, actor)
    work.invitations.add(invitation, code)
    work.cases.note(number, now, actor, "invited")
    return Issued(invitation, code, contact(work, case, now))


def take_invitation(
    work: UnitOfWork, typed: str, conversation_id: str, now: datetime
) -> Invited | NotInvited:
    """Let the chat that brings a good code speak for the respondent; the code is used up.

    A respondent who was let in before, with an earlier code, is so no longer. Wrong codes are
    counted; the answer is no refusal, which would roll that back.
    """
    if _tries_too_much(work, conversation_id, now):
        return NotInvited("too_many")
    invitation = work.invitations.of_code(folded_code(typed))
    if invitation is None:
        work.invitations.note_wrong(conversation_id, now)
        return NotInvited("not_known")
    case = work.cases.get(invitation.case_number)
    if case.applicant.conversation_id == conversation_id:
        return NotInvited("own")
    if invitation.expires_at <= now or not case.is_open:
        return NotInvited("over")
    if is_unsafe(work, case):
        return NotInvited("not_now")
    if not work.invitations.take(invitation, conversation_id, now):
        return NotInvited("over")
    work.cases.save(case.change_party(replace(case.respondent, conversation_id=conversation_id)))
    work.cases.note(case.number, now, Role.RESPONDENT, "invitation_taken")
    call_off_asking(work, case.number, now)
    helper = contact(work, case, now)
    name, phone = (helper.name, helper.phone) if helper is not None else ("", "")
    return Invited(case.number, case.dispute_type, name, phone)


def _tries_too_much(work: UnitOfWork, conversation_id: str, now: datetime) -> bool:
    if work.invitations.wrong_since(now - timedelta(days=1), conversation_id) >= WRONG_A_DAY:
        return True
    if work.invitations.wrong_since(now - timedelta(hours=1)) < WRONG_AN_HOUR:
        return False
    details = {"reason": "wrong_codes"}
    work.tasks.open(
        Task(TaskKind.ALERT, now, now + WORKING_DAY, f"codes:{now.date()}", details=details)
    )
    return True


def contact(work: UnitOfWork, case: MediationCase, now: datetime) -> Mediator | None:
    """Return whom a side may ask: the mediator of the coming session, else who fits best."""
    coming = work.sessions.coming(case.number, now)
    if coming is not None:
        return work.roster.get(coming.mediator_id)
    wish = SlotWish(case.dispute_type, SessionKind.PHONE, case.county, case.township)
    ranked = [
        (-score, mediator.id, mediator)
        for mediator in work.roster.all()
        if (score := fit(mediator, wish, 0)) is not None
    ]
    return min(ranked)[2] if ranked else None


def end_case(
    work: UnitOfWork, number: int, by: Role | None, other_side: bool, now: datetime
) -> tuple[MediationCase, list[Word]]:
    """End a case because a side does not want it (any more); return the words that say so.

    `by` is the side that says it, None a mediator. From a respondent it is always a refusal (人民
    调解法 17). Where a danger was told of, nobody hears it from a machine: a person tells.
    """
    before = work.cases.get(number)
    is_refusal = other_side or by is not Role.APPLICANT
    stage = Stage.OTHER_SIDE_REFUSED if is_refusal else Stage.WITHDRAWN
    ended = withdraw_case(work, number, now, stage, "mediator" if by is None else "citizen")
    work.invitations.end_of_case(number, now)
    if is_unsafe(work, before):
        task = Task(
            TaskKind.PHONE,
            now,
            now + WORKING_DAY,
            f"ended:{number}",
            case_number=number,
            details={"reason": "ended_in_danger"},
        )
        work.tasks.open(task)
        return ended, []
    if by is Role.APPLICANT:
        return ended, _tell(work, ended, Role.RESPONDENT, "told_ended", f"ended:{number}")
    told = _tell(work, ended, Role.APPLICANT, "other_side_refused", f"refused:{number}")
    remedies = {"type": ended.dispute_type, "now": now}
    key = f"remedies:{number}"
    choices = ("do:lawyer",)
    return ended, [
        *told,
        *_tell(work, ended, Role.APPLICANT, "remedies", key, remedies, choices),
    ]


def tell_booked(
    work: UnitOfWork, number: int, by: Role, booking: SessionBooking, moved: bool
) -> list[Word]:
    """Return the words that tell the other side of a session that one side has booked or moved."""
    mediator = work.roster.get(booking.mediator_id)
    data = {"booking": booking, "mediator": mediator.name, "phone": mediator.phone, "moved": moved}
    case = work.cases.get(number)
    return _tell(work, case, by.other, "told_booked", f"told_booked:{booking.id}", data)


def tell_called_off(work: UnitOfWork, number: int, by: Role, booking: SessionBooking) -> list[Word]:
    """Return the words that tell the other side that a session will not take place."""
    case = work.cases.get(number)
    return _tell(work, case, by.other, "told_called_off", f"told_called_off:{booking.id}")


def _tell(
    work: UnitOfWork,
    case: MediationCase,
    side: Role,
    template: str,
    key: str,
    data: dict[str, object] | None = None,
    choices: tuple[str, ...] = (),
) -> list[Word]:
    """Return a word to a side that has a chat and is in no danger; else nothing.

    What it may hold is the case's number, sessions, and what the law says of the type: nothing
    that anybody told.
    """
    chat = chat_of(work, case.party(side))
    if chat is None or is_unsafe(work, case):
        return []
    return [Word(chat.id, template, {"number": case.number} | (data or {}), key, choices)]


def stage_shown(work: UnitOfWork, case: MediationCase, side: Role) -> str:
    """Return the stage as one side may know it; an answer or a danger of the other is not in it.

    `paused` where the other side's safety holds the case; `ended` where the words of the stage are
    the applicant's own.
    """
    chat = case.party(side).conversation_id
    conversation = work.conversations.by_id(chat) if chat else None
    if case.is_held and (conversation is None or not conversation.is_held):
        return "paused"
    if case.stage is Stage.BREACHED and case.respondent.conversation_id is not None:
        return Stage.AGREED
    if side is Role.RESPONDENT and case.stage in {Stage.OTHER_SIDE_REFUSED, Stage.WITHDRAWN}:
        return "ended"
    return case.stage
