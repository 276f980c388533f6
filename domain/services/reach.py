"""Whom words may reach: a side that has a chat, and nobody where a danger was told of."""

from __future__ import annotations

from domain.case import LOCKING_FLAGS, MediationCase, Party
from domain.conversation import Conversation
from domain.ports import UnitOfWork


def chat_of(work: UnitOfWork, party: Party) -> Conversation | None:
    """Return the chat that a party can be told things in: agreed to, and in reach."""
    if party.conversation_id is None:
        return None
    conversation = work.conversations.by_id(party.conversation_id)
    if conversation is None or conversation.consented_at is None:
        return None
    return conversation if conversation.unreachable_since is None else None


def is_unsafe(work: UnitOfWork, case: MediationCase) -> bool:
    """Whether a danger was told of by either side: nobody is invited then, nothing is pushed."""
    return bool(case.flags & set(LOCKING_FLAGS)) or is_under_hold(work, case)


def is_under_hold(work: UnitOfWork, case: MediationCase) -> bool:
    """Whether the case, or the chat of either side, waits for an officer."""
    if case.is_held:
        return True
    chats = [party.conversation_id for party in case.parties if party.conversation_id]
    found = (work.conversations.by_id(id_) for id_ in chats)
    return any(each is not None and each.is_held for each in found)
