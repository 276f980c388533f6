"""Keeps the codes with which a conversation is taken up on another device, as hashes alone."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from domain.conversation import ResumeCode
from domain.errors import NoSuchCode
from storage.columns import Moment, Words
from storage.tables import metadata

resume_code = Table(
    "resume_code",
    metadata,
    Column("code_hash", Text, primary_key=True),
    # Who erases a conversation erases its codes.
    Column(
        "conversation_id", Text, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False
    ),
    Column("expires_at", Moment, nullable=False),
    Column("left_sender", Words),
    Column("taken_by", Text),
    Index(None, "conversation_id"),
    Index(None, "left_sender"),
)
DROP_UNUSED = delete(resume_code).where(
    resume_code.c.conversation_id == bindparam("of"), resume_code.c.taken_by.is_(None)
)
PUT = insert(resume_code)
GET = select(resume_code).where(resume_code.c.code_hash == bindparam("known_hash"))
USE = update(resume_code).where(
    resume_code.c.code_hash == bindparam("known_hash"),
    resume_code.c.taken_by.is_(None),  # the guard against using it twice
)
LEFT = select(exists().where(resume_code.c.left_sender == bindparam("sender", type_=Words)))


class SqlResumeCodes:
    """`domain.ports.ResumeCodes` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, code: ResumeCode) -> None:
        self._connection.execute(DROP_UNUSED, {"of": code.conversation_id})
        self._connection.execute(PUT, {c.name: getattr(code, c.name) for c in resume_code.c})

    def get(self, code_hash: str) -> ResumeCode | None:
        row = self._connection.execute(GET, {"known_hash": code_hash}).one_or_none()
        return ResumeCode(*row) if row else None

    def use(self, code_hash: str, left: str, by: str) -> None:
        used = {"known_hash": code_hash, "left_sender": left, "taken_by": by}
        if self._connection.execute(USE, used).rowcount != 1:
            raise NoSuchCode

    def has_left(self, sender: str) -> bool:
        return was_left(self._connection, sender)


def was_left(connection: Connection, sender: str) -> bool:
    """Whether the conversation of this sender was taken up on another device."""
    return bool(connection.execute(LEFT, {"sender": sender}).scalar_one())
