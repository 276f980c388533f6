"""What is kept of a conversation, of the words that came in and of the words that go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Conversation:
    """One person on one channel. `state` is the dialogue as data, without words before consent.

    While `lease_holder`, a process, has further messages of this person waiting, others leave the
    conversation to it until `lease_until`. `unreachable_since`: the messenger takes no words to
    this person any more; whoever writes again is reachable.
    """

    id: str
    channel: str
    sender: str
    state: Mapping[str, Any]
    updated_at: datetime
    version: int = 0
    case_number: int | None = None
    consented_at: datetime | None = None
    is_held: bool = False
    with_person: bool = False
    dispute_type: str | None = None
    lease_holder: str | None = None
    lease_until: datetime | None = None
    unreachable_since: datetime | None = None
    consented_to: str | None = None  # the version of the notice

    @property
    def may_move(self) -> bool:
        """Whether another device may take it up: agreed to, and not while somebody is in danger."""
        return self.consented_at is not None and not self.is_held

    def is_leased_to_another(self, holder: str, now: datetime, longest: timedelta) -> bool:
        """Whether another process than `holder` has the conversation now.

        A lease that ends later than any can was written by a clock that has gone wrong since.
        """
        if self.lease_until is None or self.lease_holder in {None, holder}:
            return False
        return now < self.lease_until <= now + longest


@dataclass(frozen=True, slots=True)
class Lease:
    """What a process writes beside a turn so that others leave the conversation to it."""

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ResumeCode:
    """A code with which another device takes a conversation up, once; kept as its hash alone.

    `left_sender` and `taken_by` are the device before and the one after, once it was used.
    """

    code_hash: str
    conversation_id: str
    expires_at: datetime
    left_sender: str | None = None
    taken_by: str | None = None


@dataclass(frozen=True, slots=True)
class HeardMessage:
    """A message that came in, with what was understood. `text` is None before consent."""

    channel: str
    message_id: str
    conversation_id: str
    at: datetime
    text: str | None
    choice: str | None = None
    intent: str | None = None
    dispute_type: str | None = None
    confidence: float | None = None
    flags: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be taken, though it was tried again and the database answered.

    `message` is what it said, as data, and None before consent. `error` is the name of a class.
    """

    channel: str
    message_id: str
    conversation_id: str | None
    at: datetime
    error: str
    message: Mapping[str, Any] | None = None
    id: int = 0
    settled_at: datetime | None = None


class OutboxState(StrEnum):
    """How far a word out has come. UNKNOWN: the peer may have it (it never said)."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class OutWord:
    """A word to a person: a reply of a turn, or one that comes unasked (`unasked`)."""

    conversation_id: str
    template: str
    text: str
    at: datetime
    choices: tuple[Mapping[str, str], ...] = ()
    asks: Mapping[str, str] | None = None
    case_number: int | None = None
    key: str | None = None
    unasked: bool = False
    id: int = 0
    state: OutboxState = OutboxState.QUEUED
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueWord:
    """A word to be sent now. `was_sending`: an earlier try never said how it ended."""

    word: OutWord
    sender: str
    was_sending: bool = False


class TaskKind(StrEnum):
    """Why a person has to do something."""

    SAFETY = "safety"
    PERSON_WANTED = "person_wanted"
    PHONE = "phone"
    URGE = "urge"
    ESCALATION = "escalation"
    NO_SLOT = "no_slot"
    PRIVACY = "privacy"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person has to do by `due_at`; `details` hold facts, never the citizen's words."""

    kind: TaskKind
    opened_at: datetime
    due_at: datetime
    key: str
    conversation_id: str | None = None
    case_number: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    done_at: datetime | None = None
