"""Refusals: reasons why something that was asked for is not done. They carry facts, never words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class Refusal(Exception):
    """A reason not to do what was asked; the turn is rolled back and tells the person why."""


@dataclass(eq=False)
class NoSuchCase(Refusal):
    """No case has this number."""

    number: int


@dataclass(eq=False)
class CaseMovedOn(Refusal):
    """Somebody else changed the case after it was read."""

    number: int


@dataclass(eq=False)
class FollowUpMovedOn(Refusal):
    """Somebody else settled the row after it was claimed or read."""

    follow_up_id: int


@dataclass(eq=False)
class ConversationMovedOn(Refusal):
    """Another turn of the same conversation was kept first."""

    conversation_id: str


@dataclass(eq=False)
class TalkMovedAway(Refusal):
    """The conversation of this sender was taken up on another device."""

    sender: str


@dataclass(eq=False)
class NotToBeMoved(Refusal):
    """The conversation gets no code: nothing was agreed to, or a safety hold is on."""

    conversation_id: str | None


class NoSuchCode(Refusal):
    """The code is wrong, used, too old, or of a conversation that may not move now."""


@dataclass(eq=False)
class AlreadyHeard(Refusal):
    """The message was taken before."""

    channel: str
    message_id: str


@dataclass(eq=False)
class StageNotReachable(Refusal):
    """The case cannot go from its stage to the wanted one."""

    number: int
    stage: str
    wanted: str


@dataclass(eq=False)
class OneSidedDispute(Refusal):
    """A case needs an applicant and a respondent."""

    number: int


@dataclass(eq=False)
class MediationLocked(Refusal):
    """A safety flag is open: nobody books a session until a trained person releases the case."""

    number: int


@dataclass(eq=False)
class SlotTaken(Refusal):
    """The mediator's time was booked by somebody else a moment ago."""

    mediator_id: str
    starts_at: datetime


@dataclass(eq=False)
class SlotNotOffered(Refusal):
    """The time lies outside the mediator's hours, on leave, or in the past."""

    mediator_id: str
    starts_at: datetime


@dataclass(eq=False)
class NoSuchBooking(Refusal):
    """The case has no session to come."""

    number: int


@dataclass(eq=False)
class NoSuchMediator(Refusal):
    """The roster holds nobody with this id."""

    mediator_id: str


@dataclass(eq=False)
class NothingAsked(Refusal):
    """An answer came, but no follow-up question is open."""

    conversation_id: str


@dataclass(eq=False)
class TooMuchEvidence(Refusal):
    """The matter has as many files, or bytes, as one may have."""

    conversation_id: str


@dataclass(eq=False)
class AgreementNotPossible(Refusal):
    """The words recorded for an agreement do not make one; `why` names the fault."""

    number: int
    why: str


@dataclass(eq=False)
class NotASide(Refusal):
    """The chat speaks for no side of this case (any more)."""

    number: int


@dataclass(eq=False)
class ContactNotAgreed(Refusal):
    """The applicant has not agreed that we get in touch with the other side."""

    number: int


@dataclass(eq=False)
class InvitationNotSafe(Refusal):
    """A danger was told of: the other side of this case is never invited."""

    number: int
