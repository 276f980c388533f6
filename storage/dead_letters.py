"""Keeps the messages that could not be taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from domain.conversation import DeadLetter
from storage.dialects import in_both
from storage.tables import dead_letter

ADD = in_both(
    lambda insert: (
        insert(dead_letter)
        .on_conflict_do_nothing(index_elements=["channel", "message_id"])
        .returning(dead_letter.c.id)
    )
)
GET = select(dead_letter).where(dead_letter.c.id == bindparam("id"))
UNSETTLED = select(dead_letter).where(dead_letter.c.settled_at.is_(None)).order_by(dead_letter.c.id)
SETTLE = update(dead_letter).where(
    dead_letter.c.id == bindparam("known_id"), dead_letter.c.settled_at.is_(None)
)


class SqlDeadLetters:
    """`domain.ports.DeadLetters` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, letter: DeadLetter) -> int | None:
        row = {
            "channel": letter.channel,
            "message_id": letter.message_id,
            "conversation_id": letter.conversation_id,
            "at": letter.at,
            "error": letter.error,
            "message": letter.message,
        }
        added: int | None = self._connection.execute(
            ADD[self._connection.dialect.name], row
        ).scalar_one_or_none()
        return added

    def get(self, letter_id: int) -> DeadLetter | None:
        row = self._connection.execute(GET, {"id": letter_id}).one_or_none()
        return DeadLetter(*row) if row else None

    def unsettled(self) -> Sequence[DeadLetter]:
        return [DeadLetter(*row) for row in self._connection.execute(UNSETTLED)]

    def settle(self, letter_id: int, at: datetime) -> None:
        self._connection.execute(SETTLE, {"known_id": letter_id, "settled_at": at})
