"""Keeps what came in."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select, update

from domain.conversation import HeardMessage
from domain.errors import AlreadyHeard
from storage.dialects import in_both
from storage.tables import inbox, outbox

LAST_WORD = (
    select(func.coalesce(func.max(outbox.c.id), 0))
    .where(outbox.c.conversation_id == bindparam("of_conversation"))
    .scalar_subquery()
)
ADD = in_both(
    lambda insert: (
        insert(inbox)
        .values(after_word=LAST_WORD)
        .on_conflict_do_nothing(index_elements=["channel", "message_id"])
    )
)
COMPLETE = update(inbox).where(
    inbox.c.channel == bindparam("known_channel"),
    inbox.c.message_id == bindparam("known_message_id"),
)


class SqlInbox:
    """`domain.ports.Inbox` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, message: HeardMessage) -> None:
        row = {
            "of_conversation": message.conversation_id,
            "channel": message.channel,
            "message_id": message.message_id,
            "conversation_id": message.conversation_id,
            "at": message.at,
            **_told(message),
        }
        added = self._connection.execute(ADD[self._connection.dialect.name], row)
        if added.rowcount != 1:
            raise AlreadyHeard(message.channel, message.message_id)

    def complete(self, message: HeardMessage) -> None:
        row = {
            "known_channel": message.channel,
            "known_message_id": message.message_id,
            **_told(message),
        }
        self._connection.execute(COMPLETE, row)


def _told(message: HeardMessage) -> dict[str, object]:
    return {
        "text": message.text,
        "choice": message.choice,
        "intent": message.intent,
        "dispute_type": message.dispute_type,
        "confidence": message.confidence,
        "flags": message.flags,
        "model": message.model,
    }
