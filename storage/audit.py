"""Keeps who did and read what at the console. Rows are added and read, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    bindparam,
    insert,
    select,
)

from storage.columns import Moment, Words
from storage.tables import metadata

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Index(None, "subject"),
    sqlite_autoincrement=True,
)
ADD = insert(audit)
LATEST = (
    select(audit.c.at, audit.c.who, audit.c.what, audit.c.subject)
    .order_by(audit.c.id.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did or read; `subject` is a conversation, a task or empty."""

    at: datetime
    who: str
    what: str
    subject: str = ""


class SqlAudit:
    """Audit rows on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, line: AuditLine) -> None:
        """Write a row."""
        row = {"at": line.at, "who": line.who, "what": line.what, "subject": line.subject}
        self._connection.execute(ADD, row)

    def latest(self, limit: int) -> Sequence[AuditLine]:
        """Return the latest rows, the newest first."""
        return [AuditLine(*row) for row in self._connection.execute(LATEST, {"most": limit})]
