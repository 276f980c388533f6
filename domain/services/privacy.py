"""A person's rights over what is kept: to agree, to take it back, to see, to erase (PIPL 13-50)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.case import NEXT_STAGES, MediationCase, Role, Stage
from domain.conversation import Conversation
from domain.evidence import Evidence
from domain.facts import FactValue
from domain.ports import UnitOfWork
from domain.privacy import Consent, Notice
from domain.services import booking, two_sides
from domain.session import SessionBooking

LINK_LASTS = timedelta(hours=1)
STAFF = "staff"  # the role of a reader whose name is not on the roster


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody read a conversation. `name` is empty where the roster does not have it."""

    at: datetime
    role: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OwnCase:
    """What a case holds of one of its sides; it has no field for a word of the other.

    `stage` is what this side may know of it (`two_sides.stage_shown`).
    """

    number: int
    dispute_type: str
    role: Role
    stage: str
    opened_at: datetime
    name: str
    phone: str
    story: str
    facts: Mapping[str, FactValue]
    sessions: Sequence[SessionBooking]


@dataclass(frozen=True, slots=True)
class OwnInfo:
    """Everything that is kept of a person, without the words and the safety of anybody else."""

    conversation: Conversation
    consents: Sequence[Consent]
    messages: Sequence[tuple[datetime, str]]
    cases: Sequence[OwnCase]
    evidence: Sequence[Evidence]
    readings: Sequence[Reading]


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a wish to erase: cases that stay, locked or because they bind another too."""

    locked: tuple[int, ...] = ()
    binding: tuple[int, ...] = ()


def give_consent(
    work: UnitOfWork, conversation: Conversation, notice: Notice, now: datetime
) -> Conversation:
    """Keep that the person agreed to this very text; from now on words may be kept."""
    work.privacy.note_consent(conversation.id, now, notice, given=True)
    return replace(conversation, consented_at=now, consented_to=notice.version, with_person=False)


def revoke_consent(
    work: UnitOfWork, conversation: Conversation, notice: Notice, now: datetime
) -> Conversation:
    """Keep that the person takes it back: nothing automatic any more; what was done stays valid."""
    work.privacy.note_consent(conversation.id, now, notice, given=False)
    return replace(conversation, consented_at=None, consented_to=None, with_person=True)


def own_info(work: UnitOfWork, conversation: Conversation, numbers: Sequence[int]) -> OwnInfo:
    """Return all that is kept of this person; `numbers` are the person's cases."""
    cases = [_own_case(work, work.cases.get(number), conversation.id) for number in numbers]
    return OwnInfo(
        conversation,
        work.privacy.consents(conversation.id),
        work.privacy.own_words(conversation.id),
        [each for each in cases if each is not None],
        work.evidence.of_conversation(conversation.id),
        readings(work, conversation.id),
    )


def _own_case(work: UnitOfWork, case: MediationCase, conversation_id: str) -> OwnCase | None:
    """Return the part of the side that the chat speaks for; None where it speaks for none."""
    role = case.side_of(conversation_id)
    if role is None:
        return None
    own = case.party(role)
    is_applicant = role is Role.APPLICANT
    called = case.facts.get("respondent")  # so the applicant calls the other side
    is_called = not is_applicant and called is not None and called.value == own.name
    return OwnCase(
        case.number,
        case.dispute_type,
        role,
        two_sides.stage_shown(work, case, role),
        case.opened_at,
        "" if is_called else own.name,
        own.phone,
        case.summary if is_applicant else own.account,
        case.facts if is_applicant else own.facts,
        work.sessions.of_case(case.number),
    )


def readings(work: UnitOfWork, conversation_id: str) -> Sequence[Reading]:
    """Return who read a conversation when, the latest first."""
    roles = {mediator.name: str(mediator.kind) for mediator in work.roster.all()}
    return [
        Reading(at, roles[who], who) if who in roles else Reading(at, STAFF)
        for at, who in work.privacy.readers(conversation_id)
    ]


def offer_link(work: UnitOfWork, conversation_id: str, now: datetime) -> str:
    """Return the code of a link that opens this person's info once, within the hour."""
    code = secrets.token_urlsafe(16)
    work.privacy.add_link(link_digest(code), conversation_id, now + LINK_LASTS)
    return code


def link_digest(code: str) -> bytes:
    """Return what is kept of a code: it cannot be made from that again."""
    return hashlib.sha256(code.encode()).digest()


def erase(
    work: UnitOfWork, conversation: Conversation, numbers: Sequence[int], now: datetime
) -> tuple[Conversation, Erased]:
    """Erase draft and chat at once; of a case, which is a record by law, nothing but a lock stays.

    An application of this person that is open is withdrawn first. An agreement binds the other
    side too, so that its case stays as it is for a person to decide.
    """
    locked, binding = [], []
    for number in numbers:
        case = work.cases.get(number)
        if case.side_of(conversation.id) is not Role.APPLICANT:
            binding.append(number)
            continue
        if Stage.WITHDRAWN in NEXT_STAGES[case.stage]:
            case = booking.withdraw_case(work, number, now, Stage.WITHDRAWN, "erased")
        if case.is_open:
            binding.append(number)
        else:
            work.privacy.lock_case(number, now)
            locked.append(number)
    work.privacy.erase_words(conversation.id)
    work.privacy.note_consent(conversation.id, now, None, given=False)
    fresh = replace(
        conversation, consented_at=None, consented_to=None, case_number=None, with_person=False
    )
    return fresh, Erased(tuple(locked), tuple(binding))
