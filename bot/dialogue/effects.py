"""What a dialogue wants done. Effects are data; `bot/effects.py` carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.dialogue.marks import Marks
from bot.messages import Attachment
from domain.conversation import TaskKind
from domain.facts import FactValue
from domain.services.matching import SlotWish


@dataclass(frozen=True, slots=True)
class Say:
    """A reply: a template, what it speaks of, and the ids of the choices under it.

    `marks` is how the choices are marked where there are no buttons.
    """

    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    asks: Mapping[str, str] | None = None
    marks: Marks = Marks.NUMBERS


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """Keep that the person agreed to the notice; from now on words may be stored."""


@dataclass(frozen=True, slots=True)
class LapseConsent:
    """Keep no more words until the person agrees again: the notice has changed."""


@dataclass(frozen=True, slots=True)
class RevokeConsent:
    """Keep that the person takes the consent back; nothing automatic goes out any more."""


@dataclass(frozen=True, slots=True)
class OfferInfo:
    """Make a one-time link to all that is kept of the person. Answers with `InfoReady`."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FindReaders:
    """Look up who read the conversation. Answers with `ReadersFound`."""


@dataclass(frozen=True, slots=True)
class EraseInfo:
    """Erase what may be erased, withdraw what is open. Answers with `InfoErased`."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeepWaiting:
    """Hold the message in memory alone until it may be kept or is wanted. Answers nothing."""


@dataclass(frozen=True, slots=True)
class RecallWaiting:
    """Take the held message up again. Answers with `Told`, or with `NothingWaiting`."""


@dataclass(frozen=True, slots=True)
class KeepEvidence:
    """Keep a file that was sent as evidence of the matter in hand. May refuse."""

    attachment: Attachment
    number: int | None = None


@dataclass(frozen=True, slots=True)
class KeepPlace:
    """Hold a place in memory alone until the person agrees. Answers nothing."""

    place: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class RecallPlace:
    """Take the held place up again. Answers with `PlaceRecalled`, or nothing where none is."""


@dataclass(frozen=True, slots=True)
class ForgetWaiting:
    """Forget the held messages: the person does not agree."""


@dataclass(frozen=True, slots=True)
class RegisterCase:
    """Open a case with what is known. Answers with `CaseOpened`."""

    dispute_type: str
    story: str
    facts: Mapping[str, FactValue]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeCase:
    """Put corrected or later facts of this side into the open case; `words` are added to them."""

    number: int
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True, slots=True)
class FindSlots:
    """Look for free times. Answers with `SlotsFound`."""

    wish: SlotWish


@dataclass(frozen=True, slots=True)
class Book:
    """Take a time, in place of the coming session where `moving`. Answers with `SessionBooked`."""

    number: int
    slot: str
    name: str | None
    phone: str | None
    moving: bool = False


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Cancel the coming session. Answers with `SessionGivenBack`."""

    number: int


@dataclass(frozen=True, slots=True)
class EndCase:
    """End the case because a side does not want it. Answers with `CaseEnded`."""

    number: int
    other_side: bool


@dataclass(frozen=True, slots=True)
class LookUpStatus:
    """Look the case up for `purpose`: status, reschedule or change_mediator.

    Answers with `StatusFound`.
    """

    number: int
    purpose: str


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """Record a follow-up answer. Answers with `AnswerTaken`."""

    number: int
    answer: str
    follow_up_id: int | None = None


@dataclass(frozen=True, slots=True)
class TakeInvitation:
    """Let this chat speak for the side that the code invites.

    Answers with `InvitationTaken` or `InvitationRefused`.
    """

    code: str


@dataclass(frozen=True, slots=True)
class AllowContact:
    """Keep whether the applicant agrees that we get in touch with the other side."""

    number: int
    allowed: bool


@dataclass(frozen=True, slots=True)
class CallPerson:
    """Ask a person to act within `minutes`."""

    kind: TaskKind
    minutes: int
    reason: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Lock everything of this conversation and its case for safety."""

    flags: tuple[str, ...]
    number: int | None = None


Effect = (
    Say
    | GiveConsent
    | LapseConsent
    | RevokeConsent
    | OfferInfo
    | FindReaders
    | EraseInfo
    | KeepWaiting
    | RecallWaiting
    | KeepPlace
    | KeepEvidence
    | RecallPlace
    | ForgetWaiting
    | RegisterCase
    | ChangeCase
    | FindSlots
    | Book
    | GiveBack
    | EndCase
    | LookUpStatus
    | TakeAnswer
    | TakeInvitation
    | AllowContact
    | CallPerson
    | Hold
)
AWAITING = (  # whose answer goes on with the turn
    Book,
    EndCase,
    FindSlots,
    GiveBack,
    LookUpStatus,
    RegisterCase,
    TakeAnswer,
    TakeInvitation,
)
