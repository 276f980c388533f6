"""Reads for pages and channels: lists, transcripts, days, counts. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    type_coerce,
)

from domain.calendar import local
from domain.case import Stage
from domain.conversation import Conversation, HeardMessage, OutWord
from domain.session import SessionBooking
from storage.cases import SqlCases
from storage.outbox import as_out_word
from storage.sessions import as_booking
from storage.tables import (
    FLAGGED,
    NOT_SENT,
    OPEN,
    STILL_OPEN,
    booking,
    case_note,
    conversation,
    follow_up,
    inbox,
    mediation_case,
    outbox,
    task,
)

TRANSCRIPT_LIMIT = 1000  # the newest messages of each direction
OUT_WORDS_AFTER = (
    select(outbox)
    .where(
        outbox.c.conversation_id == bindparam("conversation_id"),
        outbox.c.id > bindparam("after_id"),
    )
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
LISTENED = select(
    conversation.c.id,
    conversation.c.sender,
    select(func.coalesce(func.max(outbox.c.id), 0))
    .where(outbox.c.conversation_id == conversation.c.id)
    .scalar_subquery(),
).where(conversation.c.id.in_(bindparam("ids", expanding=True)))
NEWEST_OUT = (
    select(outbox)
    .where(outbox.c.conversation_id == bindparam("conversation_id"))
    .order_by(outbox.c.id.desc())
    .limit(TRANSCRIPT_LIMIT)
)
NEWEST_IN = (
    select(inbox)
    .where(inbox.c.conversation_id == bindparam("conversation_id"))
    .order_by(inbox.c.after_word.desc(), inbox.c.at.desc())
    .limit(TRANSCRIPT_LIMIT)
)
WAS_HEARD = select(inbox.c.at).where(
    inbox.c.channel == bindparam("channel"), inbox.c.message_id == bindparam("message_id")
)
OF_DAY = (
    select(booking)
    .where(booking.c.starts_at >= bindparam("begins"), booking.c.starts_at < bindparam("ends"))
    .order_by(booking.c.mediator_id, booking.c.starts_at, booking.c.id)
)
NOTES = (
    select(case_note).where(case_note.c.case_number == bindparam("number")).order_by(case_note.c.id)
)


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations to list; None means all."""

    dispute_type: str | None = None
    flag: str | None = None
    stage: Stage | None = None
    is_held: bool | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A conversation in a list. Flags are those of its messages and its case, sorted."""

    conversation: Conversation
    stage: Stage | None
    flags: tuple[str, ...]
    last_intent: str | None
    last_confidence: float | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """One page of a list; `has_more` where another page follows."""

    lines: tuple[ConversationLine, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class CaseNote:
    """One line of a case's history."""

    at: datetime
    actor: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are. `outbox` leaves out what is sent, `follow_ups` what is settled."""

    conversations: int
    cases: Mapping[str, int]
    outbox: Mapping[str, int]
    open_tasks: Mapping[str, int]
    follow_ups: Mapping[str, int]


class SqlPages:
    """Reading on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def conversations(
        self, wanted: ConversationFilter, page: int = 1, size: int = 50
    ) -> ConversationPage:
        """Return a page of conversations, the one that moved last first; pages count from 1."""
        query = (
            select(conversation, mediation_case.c.stage, mediation_case.c.flags)
            .outerjoin(mediation_case, mediation_case.c.number == conversation.c.case_number)
            .where(*_conditions(wanted))
            .order_by(conversation.c.updated_at.desc(), conversation.c.id)
            .limit(size + 1)
            .offset((page - 1) * size)
        )
        rows = self._connection.execute(query).all()
        ids = [row.id for row in rows[:size]]
        flags, last = self._flags(ids), self._last_read(ids)
        lines = []
        for *fields, stage, case_flags in rows[:size]:
            each = Conversation(*fields)
            intent, confidence = last.get(each.id, (None, None))
            all_flags = tuple(sorted(flags.get(each.id, set()) | set(case_flags or ())))
            lines.append(
                ConversationLine(
                    each, Stage(stage) if stage else None, all_flags, intent, confidence
                )
            )
        return ConversationPage(tuple(lines), len(rows) > size)

    def _flags(self, ids: Sequence[str]) -> dict[str, set[str]]:
        query = select(inbox.c.conversation_id, inbox.c.flags).where(
            inbox.c.conversation_id.in_(ids), text(FLAGGED)
        )
        found: dict[str, set[str]] = {}
        for conversation_id, flags in self._connection.execute(query):
            found.setdefault(conversation_id, set()).update(flags)
        return found

    def _last_read(self, ids: Sequence[str]) -> dict[str, tuple[str, float | None]]:
        """Return intent and confidence of the last message of each that had an intent."""
        newer = inbox.alias("newer")
        newest = (
            select(func.max(newer.c.after_word))
            .where(newer.c.conversation_id == inbox.c.conversation_id, newer.c.intent.is_not(None))
            .scalar_subquery()
        )
        query = (
            select(inbox.c.conversation_id, inbox.c.intent, inbox.c.confidence)
            .where(
                inbox.c.conversation_id.in_(ids),
                inbox.c.intent.is_not(None),
                inbox.c.after_word == newest,
            )
            .order_by(inbox.c.at)
        )
        return {row[0]: (row[1], row[2]) for row in self._connection.execute(query)}

    def transcript(self, conversation_id: str) -> list[HeardMessage | OutWord]:
        """Return what was said from both sides in its order, at most the newest of each side."""
        wanted = {"conversation_id": conversation_id}
        lines: list[tuple[tuple[Any, ...], HeardMessage | OutWord]] = []
        for row in self._connection.execute(NEWEST_IN, wanted):
            *fields, after_word = row
            lines.append(((after_word, 1, row.at), HeardMessage(*fields)))
        for row in self._connection.execute(NEWEST_OUT, wanted):
            lines.append(((row.id, 0), as_out_word(row)))
        return [line for _, line in sorted(lines, key=lambda placed: placed[0])]

    def was_heard(self, channel: str, message_id: str) -> bool:
        """Return whether a message was taken before."""
        wanted = {"channel": channel, "message_id": message_id}
        return self._connection.execute(WAS_HEARD, wanted).first() is not None

    def out_words_after(
        self, conversation_id: str, after_id: int, limit: int = 100
    ) -> list[OutWord]:
        """Return the words to a conversation that came after the one with this number."""
        wanted = {"conversation_id": conversation_id, "after_id": after_id, "most": limit}
        return [as_out_word(row) for row in self._connection.execute(OUT_WORDS_AFTER, wanted)]

    def listened(self, conversation_ids: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return by id whose each conversation is now, and the number of its last word (or 0)."""
        rows = self._connection.execute(LISTENED, {"ids": list(conversation_ids)})
        return {row[0]: (row[1], row[2]) for row in rows}

    def sessions_of_day(self, day: date) -> dict[str, list[SessionBooking]]:
        """Return the bookings of a local day by mediator, whatever became of them."""
        wanted = {
            "begins": local(day, time(0)),
            "ends": local(day + timedelta(days=1), time(0)),
        }
        found: dict[str, list[SessionBooking]] = {}
        for row in self._connection.execute(OF_DAY, wanted):
            found.setdefault(row.mediator_id, []).append(as_booking(row))
        return found

    def notes_of_case(self, number: int) -> list[CaseNote]:
        """Return the history of a case, oldest first."""
        rows = self._connection.execute(NOTES, {"number": number})
        return [CaseNote(row.at, row.actor, row.what, row.reason) for row in rows]

    def cases_of_phone(self, phone: str) -> Sequence[int]:
        """Return the numbers of the cases in which a party has this phone, the newest first."""
        return SqlCases(self._connection).of_phone(phone)

    def counts(self) -> Counts:
        """Return the numbers for `/metrics` and the first page of the console."""
        conversations = self._connection.execute(
            select(func.count()).select_from(conversation)
        ).scalar_one()
        return Counts(
            conversations,
            self._grouped(mediation_case, mediation_case.c.stage),
            self._grouped(outbox, outbox.c.state, NOT_SENT),
            self._grouped(task, task.c.kind, STILL_OPEN),
            self._grouped(follow_up, follow_up.c.state, OPEN),
        )

    def _grouped(
        self, table: Table, column: ColumnElement[str], condition: str | None = None
    ) -> dict[str, int]:
        query = select(column, func.count()).select_from(table).group_by(column)
        if condition is not None:
            query = query.where(text(condition))
        return {row[0]: row[1] for row in self._connection.execute(query)}


def _conditions(wanted: ConversationFilter) -> Iterable[ColumnElement[bool]]:
    for column, value in (
        (conversation.c.dispute_type, wanted.dispute_type),
        (mediation_case.c.stage, wanted.stage),
        (conversation.c.is_held, wanted.is_held),
        (conversation.c.channel, wanted.channel),
    ):
        if value is not None:
            yield column == value
    if wanted.flag is not None:
        here = f",{wanted.flag},"
        said = exists().where(
            and_(
                inbox.c.conversation_id == conversation.c.id,
                text(f"inbox.{FLAGGED}"),
                type_coerce(inbox.c.flags, Text).contains(here, autoescape=True),
            )
        )
        yield or_(said, type_coerce(mediation_case.c.flags, Text).contains(here, autoescape=True))
