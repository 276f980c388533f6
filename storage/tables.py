"""Every table. `migrations/` builds them; a test proves that both say the same.

Where a row is a dataclass of the domain, the columns stand in the order of its fields.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.columns import FlagSet, Moment, SealedJson, SealedText, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# Conditions of partial indexes. Queries repeat them word for word, or SQLite passes the index by.
FLAGGED = "flags <> ''"
NOT_SENT = "state <> 'sent'"
OPEN = "state IN ('pending', 'claimed')"
STILL_OPEN = "done_at IS NULL"


def partial(condition: str) -> dict[str, Any]:
    """Return the arguments that make an index hold only the rows of `condition`."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _number() -> Column[int]:
    """Return the column of a number that the database gives."""
    return Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)


def _data() -> JSON:
    return JSON(none_as_null=True)


conversation = Table(
    "conversation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("sender", Words, nullable=False),
    Column("state", SealedJson("conversation.state"), nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number")),
    Column("consented_at", Moment),
    Column("is_held", Boolean, nullable=False),
    Column("with_person", Boolean, nullable=False),
    Column("dispute_type", Text),
    Column("lease_holder", Text),
    Column("lease_until", Moment),
    Column("unreachable_since", Moment),
    Column("consented_to", Text),
    UniqueConstraint("channel", "sender"),
    Index(None, "updated_at"),
    Index(None, "case_number"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("channel", Text),
    Column("message_id", Words),
    Column("conversation_id", Text, ForeignKey("conversation.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", SealedText("inbox.text")),
    Column("choice", SealedText("inbox.choice")),
    Column("intent", Text),
    Column("dispute_type", Text),
    Column("confidence", Float),
    Column("flags", FlagSet, nullable=False),
    Column("model", Text),
    # The last word out before this message: its place in the transcript, whatever the clock says.
    Column("after_word", BigInteger, nullable=False),
    PrimaryKeyConstraint("channel", "message_id"),  # the guard against taking a message twice
    Index(None, "conversation_id", "after_word"),
    Index("ix_inbox_flagged", "conversation_id", **partial(FLAGGED)),
)

outbox = Table(
    "outbox",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversation.id"), nullable=False),
    Column("template", Text, nullable=False),
    Column("text", SealedText("outbox.text"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("choices", _data(), nullable=False),
    Column("asks", _data()),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number")),
    Column("key", Text, unique=True),  # the guard against saying a planned word twice
    Column("unasked", Boolean, nullable=False),
    _number(),
    Column("state", Text, nullable=False),
    Column("not_before", Moment),  # when it may be tried (again), or its lease ends
    Column("resent", Boolean, nullable=False),  # it went, or may go, a second time
    Index(None, "conversation_id", "id"),
    Index("ix_outbox_not_sent", "conversation_id", "id", "state", **partial(NOT_SENT)),
    sqlite_autoincrement=True,  # a number is never given twice: readers remember how far they are
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("channel", Text, nullable=False),
    Column("message_id", Words, nullable=False),
    Column("conversation_id", Text, ForeignKey("conversation.id")),
    Column("at", Moment, nullable=False),
    Column("error", Text, nullable=False),
    Column("message", SealedJson("dead_letter.message")),
    _number(),
    Column("settled_at", Moment),
    UniqueConstraint("channel", "message_id"),  # one that comes again is laid aside once
    Index(None, "conversation_id"),
)

mediation_case = Table(
    "mediation_case",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("dispute_type", Text, nullable=False),
    Column("parties", SealedJson("mediation_case.parties"), nullable=False),
    Column("summary", SealedText("mediation_case.summary"), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("county", Text, nullable=False),
    Column("township", Text, nullable=False),
    Column("facts", SealedJson("mediation_case.facts"), nullable=False),
    Column("flags", FlagSet, nullable=False),
    Column("stage", Text, nullable=False),
    Column("held_from", Text),
    Column("locked_at", Moment),  # since when it is stored and used for nothing
    Column("version", Integer, nullable=False),
)

case_phone = Table(
    "case_phone",
    metadata,
    Column("digest", LargeBinary),  # of a party's number, as `Keyring.digests` gives it
    Column("case_number", BigInteger, ForeignKey("mediation_case.number")),
    PrimaryKeyConstraint("digest", "case_number"),
    Index(None, "case_number"),
)

case_note = Table(
    "case_note",
    metadata,
    _number(),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", SealedText("case_note.reason"), nullable=False),
    Index(None, "case_number"),
)

notice = Table(
    "notice",
    metadata,
    Column("version", Text, primary_key=True),  # the hash of the text
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),  # when somebody agreed to it first
)

consent = Table(
    "consent",
    metadata,
    _number(),
    Column("conversation_id", Text, nullable=False),  # outlives the conversation, as proof
    Column("at", Moment, nullable=False),
    Column("notice", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    Index(None, "conversation_id"),
)

privacy_link = Table(
    "privacy_link",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("conversation_id", Text, ForeignKey("conversation.id"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index(None, "conversation_id"),
)

case_counter = Table(
    "case_counter",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

mediator = Table(
    "mediator",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("townships", _data(), nullable=False),
    Column("languages", _data(), nullable=False),
    Column("topics", _data(), nullable=False),
    Column("phone", Text, nullable=False),
    Column("hours", _data(), nullable=False),
    Column("leave", _data(), nullable=False),
)

booking = Table(
    "booking",
    metadata,
    _number(),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number"), nullable=False),
    Column("mediator_id", Text, ForeignKey("mediator.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("place", Words, nullable=False),
    Column("status", Text, nullable=False),
    Index(None, "case_number"),
    Index(None, "starts_at"),
)

booking_quantum = Table(
    "booking_quantum",
    metadata,
    Column("mediator_id", Text),
    Column("quantum", Integer),
    Column("booking_id", BigInteger, ForeignKey("booking.id"), nullable=False),
    PrimaryKeyConstraint("mediator_id", "quantum"),  # the guard against booking a time twice
    Index(None, "booking_id"),
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("case_number", BigInteger, ForeignKey("mediation_case.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # a plan made twice is kept once
    Column("details", _data(), nullable=False),
    Column("booking_id", BigInteger, ForeignKey("booking.id")),
    _number(),
    Column("state", Text, nullable=False),
    Column("lease_until", Moment),
    Column("settled_at", Moment),
    Index(None, "case_number"),
    Index(None, "booking_id"),
    Index("ix_follow_up_open", "due_at", **partial(OPEN)),
)

agreement = Table(
    "agreement",
    metadata,
    _number(),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number"), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("terms", SealedText("agreement.terms"), nullable=False),
    Column("instalments", _data(), nullable=False),
    Index(None, "case_number"),
)

task = Table(
    "task",
    metadata,
    Column("kind", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("key", Text, nullable=False),
    Column("conversation_id", Text, ForeignKey("conversation.id")),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number")),
    Column("details", _data(), nullable=False),
    _number(),
    Column("done_at", Moment),
    Index("uq_task_open_key", "key", unique=True, **partial(STILL_OPEN)),
)

invitation = Table(
    "invitation",
    metadata,
    Column("case_number", BigInteger, ForeignKey("mediation_case.number"), nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("issued_by", Text, nullable=False),
    _number(),
    Column("taken_at", Moment),
    Column("taken_by", Text, ForeignKey("conversation.id")),
    Column("digest", LargeBinary, nullable=False, unique=True),  # of the code, by a key not here
    Index(None, "case_number"),
)

wrong_code = Table(
    "wrong_code",
    metadata,
    _number(),
    Column("conversation_id", Text, ForeignKey("conversation.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
    Index(None, "conversation_id", "at"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
