"""What can happen to a dialogue: a person says or chooses something, or an effect answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.messages import Attachment
from domain.errors import Refusal
from domain.services.matching import Slot
from domain.services.privacy import Erased, Reading
from domain.session import SessionBooking
from nlu.interpreter import Understanding


@dataclass(frozen=True, slots=True)
class Told:
    """The person wrote something, or said it into a voice note (`spoken`)."""

    heard: Understanding
    spoken: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Chose:
    """The person took one of the offered choices (or pressed an older button)."""

    id: str


@dataclass(frozen=True, slots=True)
class Attached:
    """The person sent something that is not text."""

    attachment: Attachment


@dataclass(frozen=True, slots=True)
class ToldPrivate:
    """The person wrote what may not come by this channel; it was taken out before reading."""


@dataclass(frozen=True, slots=True)
class Located:
    """The person shared a position: the place that it is likely in, by level; None if unknown."""

    place: Mapping[str, str | None] | None
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """The person came by a link or QR code; `place` is what a code of a place names."""

    code: str
    place: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class PlaceRecalled:
    """A place shared before the notice was agreed to."""

    place: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class NothingWaiting:
    """No message was held back."""


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """The application is registered under this number."""

    number: int


@dataclass(frozen=True, slots=True)
class SlotsFound:
    """The free times that fit best; empty where there are none."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class SessionBooked:
    """The time is taken."""

    booking: SessionBooking
    mediator: str
    phone: str


@dataclass(frozen=True, slots=True)
class SessionGivenBack:
    """The coming session is cancelled."""


@dataclass(frozen=True, slots=True)
class CaseEnded:
    """The case was withdrawn or the other side refused."""

    number: int
    other_side: bool


@dataclass(frozen=True, slots=True)
class StatusFound:
    """How the case stands."""

    purpose: str
    number: int
    stage: str
    dispute_type: str
    booking: SessionBooking | None
    mediator_id: str | None
    mediator: str
    phone: str


@dataclass(frozen=True, slots=True)
class AnswerTaken:
    """A follow-up answer is recorded; `template` thanks for it."""

    template: str


@dataclass(frozen=True, slots=True)
class InvitationTaken:
    """The code was good: all that the other side may know of the case."""

    number: int
    dispute_type: str
    mediator: str
    phone: str


@dataclass(frozen=True, slots=True)
class InvitationRefused:
    """The code opens nothing: not_known, over, own, not_now or too_many."""

    why: str


@dataclass(frozen=True, slots=True)
class InfoReady:
    """A one-time link is made; the numbers of messages, of cases and of readings it leads to."""

    code: str
    channel: str
    messages: int
    cases: int
    readings: int


@dataclass(frozen=True, slots=True)
class ReadersFound:
    """Who read the conversation, the latest first."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class InfoErased:
    """What may be erased is erased."""

    erased: Erased


@dataclass(frozen=True, slots=True)
class Refused:
    """What was wanted is not possible, and why."""

    refusal: Refusal


Event = (
    Told
    | Chose
    | Attached
    | ToldPrivate
    | Located
    | Started
    | PlaceRecalled
    | NothingWaiting
    | CaseOpened
    | SlotsFound
    | SessionBooked
    | SessionGivenBack
    | CaseEnded
    | StatusFound
    | AnswerTaken
    | InvitationTaken
    | InvitationRefused
    | InfoReady
    | ReadersFound
    | InfoErased
    | Refused
)
