"""What the domain needs kept, as shapes that storage fills. One unit of work is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from domain.agreement import SettlementAgreement
from domain.case import MediationCase, Role
from domain.conversation import (
    Conversation,
    DeadLetter,
    DueWord,
    HeardMessage,
    OutboxState,
    OutWord,
    ResumeCode,
    Task,
)
from domain.evidence import Evidence
from domain.follow_up import FollowUp, FollowUpState
from domain.invitation import Invitation
from domain.mediator import Mediator
from domain.privacy import Consent, Notice
from domain.session import SessionBooking


class Conversations(Protocol):
    """Every conversation there is."""

    def get(self, channel: str, sender: str) -> Conversation | None: ...

    def get_all(
        self, keys: Sequence[tuple[str, str]]
    ) -> Sequence[Conversation | None]: ...  # of (channel, sender), in the same order

    def by_id(self, conversation_id: str) -> Conversation | None: ...

    def add(
        self, conversation: Conversation
    ) -> None: ...  # refuses with ConversationMovedOn or TalkMovedAway

    def save(self, conversation: Conversation) -> None: ...  # refuses with ConversationMovedOn

    def hand_over(
        self, conversation: Conversation, sender: str
    ) -> None: ...  # to another device; refuses with ConversationMovedOn

    def release(self, channel: str, sender: str, holder: str) -> None: ...  # ends its lease


class Inbox(Protocol):
    """Every message that was taken."""

    def add(self, message: HeardMessage) -> None: ...  # refuses with AlreadyHeard

    def complete(self, message: HeardMessage) -> None: ...  # its words, once they may be kept


class DeadLetters(Protocol):
    """Every message that could not be taken."""

    def add(self, letter: DeadLetter) -> int | None: ...  # its number; None where it is known

    def get(self, letter_id: int) -> DeadLetter | None: ...

    def unsettled(self) -> Sequence[DeadLetter]: ...  # oldest first

    def settle(self, letter_id: int, at: datetime) -> None: ...


class Outbox(Protocol):
    """Every word that goes out."""

    def add(self, words: Sequence[OutWord]) -> Sequence[int]: ...  # a known key is kept once

    def claim(
        self, channel: str, now: datetime, limit: int, resting: Sequence[str] = ()
    ) -> Sequence[DueWord]: ...  # queued words become SENDING under a lease, oldest first

    def lay_down_unasked(self, conversation_id: str) -> None: ...  # QUEUED ones become DEAD

    def lapse(
        self, channel: str, now: datetime
    ) -> Sequence[OutWord]: ...  # SENDING words whose lease ended become UNKNOWN

    def answering(
        self, conversation_id: str, message_id: str, now: datetime
    ) -> Sequence[DueWord] | None: ...  # in order; None while a word is on its way

    def claim_answer(
        self, words: Sequence[OutWord], message_id: str, until: datetime
    ) -> Sequence[OutWord]: ...  # those that became SENDING as the answer; others took the rest

    def mark(
        self, word_id: int, state: OutboxState, not_before: datetime | None = None
    ) -> None: ...


class Cases(Protocol):
    """Every mediation case there is."""

    def next_number(self, year: int) -> int: ...

    def get(self, number: int) -> MediationCase: ...  # refuses with NoSuchCase

    def add(self, case: MediationCase) -> None: ...

    def save(self, case: MediationCase) -> None: ...  # refuses with CaseMovedOn

    def note(
        self, number: int, at: datetime, actor: str, what: str, reason: str = ""
    ) -> None: ...  # one line of the case's history


class Roster(Protocol):
    """Everybody who can be booked."""

    def all(self) -> Sequence[Mediator]: ...

    def get(self, mediator_id: str) -> Mediator: ...  # refuses with NoSuchMediator


class Sessions(Protocol):
    """Every booking, and the quanta they take."""

    def add(self, booking: SessionBooking) -> SessionBooking: ...  # refuses with SlotTaken

    def end(self, booking: SessionBooking) -> None: ...  # keeps the status and frees the quanta

    def coming(self, number: int, now: datetime) -> SessionBooking | None: ...

    def get(self, booking_id: int) -> SessionBooking | None: ...

    def of_case(self, number: int) -> Sequence[SessionBooking]: ...

    def taken(
        self, mediator_ids: Sequence[str], first: int, last: int
    ) -> Mapping[str, frozenset[int]]: ...


class FollowUps(Protocol):
    """Every row of every follow-up plan."""

    def add(self, rows: Iterable[FollowUp]) -> None: ...  # a known key is kept once

    def claim(self, now: datetime, limit: int) -> Sequence[FollowUp]: ...  # leases due rows

    def mark(
        self, follow_up: FollowUp, state: FollowUpState, at: datetime
    ) -> None: ...  # refuses with FollowUpMovedOn

    def postpone(
        self, follow_up: FollowUp, due_at: datetime
    ) -> None: ...  # refuses with FollowUpMovedOn

    def cancel_of_booking(self, booking_id: int) -> None: ...

    def cancel_of_case(self, number: int) -> None: ...

    def unanswered(self, number: int, recipient: Role) -> Sequence[FollowUp]: ...

    def get(self, follow_up_id: int) -> FollowUp | None: ...

    def of_case(self, number: int) -> Sequence[FollowUp]: ...


class Agreements(Protocol):
    """Every settlement agreement."""

    def add(self, agreement: SettlementAgreement) -> None: ...

    def of_case(self, number: int) -> SettlementAgreement | None: ...


class Invitations(Protocol):
    """Every invitation; of a code only its digest is kept."""

    def add(self, invitation: Invitation, code: str) -> None: ...

    def of_code(self, code: str) -> Invitation | None: ...

    def take(
        self, invitation: Invitation, conversation_id: str, at: datetime
    ) -> bool: ...  # False where it was taken meanwhile

    def end_of_case(self, number: int, at: datetime) -> None: ...  # those that nobody has taken

    def note_wrong(self, conversation_id: str, at: datetime) -> None: ...

    def wrong_since(
        self, since: datetime, conversation_id: str | None = None
    ) -> int: ...  # wrong codes tried, by everybody or in one chat


class Tasks(Protocol):
    """Everything a person has to do."""

    def open(self, task: Task) -> bool: ...  # False where the key is known and still open

    def still_open(self) -> Sequence[Task]: ...

    def close(self, task_id: int, at: datetime) -> None: ...

    def close_of_key(self, key: str, at: datetime) -> bool: ...  # False where none is open


class EvidenceRows(Protocol):
    """Every file that was sent and kept; the files themselves stand outside the database."""

    def add(self, row: Evidence) -> None: ...  # refuses with TooMuchEvidence

    def has_room(self, conversation_id: str, case_number: int | None, size: int = 0) -> bool: ...

    def get(self, evidence_id: str) -> Evidence | None: ...

    def of_conversation(self, conversation_id: str) -> Sequence[Evidence]: ...  # oldest first

    def put_into_case(self, conversation_id: str, number: int) -> None: ...  # what has none yet

    def forget(self, conversation_id: str) -> None: ...  # the next purge deletes the files

    def known(self, ids: Collection[str]) -> Collection[str]: ...  # those that have a row


class ResumeCodes(Protocol):
    """Every code with which a conversation can be taken up on another device, by its hash."""

    def put(self, code: ResumeCode) -> None: ...  # in place of the unused one of the conversation

    def get(self, code_hash: str) -> ResumeCode | None: ...

    def use(self, code_hash: str, left: str, by: str) -> None: ...  # once; refuses with NoSuchCode

    def has_left(self, sender: str) -> bool: ...  # whether a conversation was taken away from it


class Privacy(Protocol):
    """Consents, one-time links to a person's own info, locks, and the erasing of words."""

    def note_consent(
        self, conversation_id: str, at: datetime, told: Notice | None, given: bool
    ) -> None: ...

    def consents(self, conversation_id: str) -> Sequence[Consent]: ...  # the oldest first

    def add_link(self, digest: bytes, conversation_id: str, expires_at: datetime) -> None: ...

    def use_link(self, digest: bytes, now: datetime) -> str | None: ...  # whose it is, once

    def own_words(self, conversation_id: str) -> Sequence[tuple[datetime, str]]: ...

    def readers(self, conversation_id: str) -> Sequence[tuple[datetime, str]]: ...  # latest first

    def erase_words(self, conversation_id: str) -> None: ...

    def lock_case(self, number: int, at: datetime) -> None: ...

    def is_locked(self, number: int) -> bool: ...


class UnitOfWork(Protocol):
    """One transaction; it is rolled back unless committed."""

    conversations: Conversations
    inbox: Inbox
    outbox: Outbox
    dead_letters: DeadLetters
    cases: Cases
    roster: Roster
    sessions: Sessions
    follow_ups: FollowUps
    agreements: Agreements
    tasks: Tasks
    evidence: EvidenceRows
    invitations: Invitations
    resume_codes: ResumeCodes
    privacy: Privacy

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None: ...
