"""Keeps conversations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, tuple_, update

from domain.conversation import Conversation
from domain.errors import ConversationMovedOn, TalkMovedAway
from storage.dialects import in_both
from storage.resume_codes import was_left
from storage.tables import conversation

GET = select(conversation).where(
    conversation.c.channel == bindparam("channel"), conversation.c.sender == bindparam("sender")
)
GET_ALL = select(conversation).where(
    tuple_(conversation.c.channel, conversation.c.sender).in_(bindparam("keys", expanding=True))
)
BY_ID = select(conversation).where(conversation.c.id == bindparam("id"))
ADD = in_both(lambda insert: insert(conversation).on_conflict_do_nothing())
SAVE = update(conversation).where(
    conversation.c.id == bindparam("known_id"),
    conversation.c.version == bindparam("known_version"),
)
HAND_OVER = SAVE.values(sender=bindparam("new_sender"), version=conversation.c.version + 1)

RELEASE = (
    update(conversation)
    .where(
        conversation.c.channel == bindparam("of_channel"),
        conversation.c.sender == bindparam("of_sender"),
        conversation.c.lease_holder == bindparam("held_by"),
    )
    .values(lease_holder=None, lease_until=None)
)


class SqlConversations:
    """`domain.ports.Conversations` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, channel: str, sender: str) -> Conversation | None:
        row = self._connection.execute(GET, {"channel": channel, "sender": sender}).one_or_none()
        return Conversation(*row) if row else None

    def get_all(self, keys: Sequence[tuple[str, str]]) -> list[Conversation | None]:
        rows = self._connection.execute(GET_ALL, {"keys": list(set(keys))})
        found = {(row.channel, row.sender): Conversation(*row) for row in rows}
        return [found.get(key) for key in keys]

    def by_id(self, conversation_id: str) -> Conversation | None:
        row = self._connection.execute(BY_ID, {"id": conversation_id}).one_or_none()
        return Conversation(*row) if row else None

    def add(self, conversation: Conversation) -> None:
        if was_left(self._connection, conversation.sender):
            raise TalkMovedAway(conversation.sender)
        row = {
            "id": conversation.id,
            "channel": conversation.channel,
            "sender": conversation.sender,
            "version": conversation.version,
            **_changing(conversation),
        }
        added = self._connection.execute(ADD[self._connection.dialect.name], row)
        if added.rowcount != 1:
            raise ConversationMovedOn(conversation.id)

    def save(self, conversation: Conversation) -> None:
        row = {
            "known_id": conversation.id,
            "known_version": conversation.version,
            "version": conversation.version + 1,
            **_changing(conversation),
        }
        if self._connection.execute(SAVE, row).rowcount != 1:
            raise ConversationMovedOn(conversation.id)

    def hand_over(self, conversation: Conversation, sender: str) -> None:
        row = {
            "known_id": conversation.id,
            "known_version": conversation.version,
            "new_sender": sender,
        }
        if self._connection.execute(HAND_OVER, row).rowcount != 1:
            raise ConversationMovedOn(conversation.id)

    def release(self, channel: str, sender: str, holder: str) -> None:
        row = {"of_channel": channel, "of_sender": sender, "held_by": holder}
        self._connection.execute(RELEASE, row)


def _changing(conversation: Conversation) -> dict[str, object]:
    return {
        "state": conversation.state,
        "updated_at": conversation.updated_at,
        "case_number": conversation.case_number,
        "consented_at": conversation.consented_at,
        "is_held": conversation.is_held,
        "with_person": conversation.with_person,
        "dispute_type": conversation.dispute_type,
        "lease_holder": conversation.lease_holder,
        "lease_until": conversation.lease_until,
        "unreachable_since": conversation.unreachable_since,
        "consented_to": conversation.consented_to,
    }
