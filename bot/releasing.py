"""Ending a safety hold: an officer's decision, after talking with the person alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from domain.conversation import Conversation
from domain.ports import UnitOfWork
from domain.services.booking import release_case
from domain.services.other_side import call_for_asking


def release_by_case(work: UnitOfWork, number: int, now: datetime, actor: str) -> str:
    """Release a case and the chats of its sides; return the stage that the case is at again.

    Where the other side was to be asked, a person is called to find out what is wanted now.
    Refuses with `NoSuchCase` or, where the case is not held, `StageNotReachable`.
    """
    case = release_case(work, number, now, actor)
    for party in case.parties:
        if party.conversation_id is not None:
            release_conversation(work, party.conversation_id)
    if call_for_asking(work, number, now):
        work.cases.note(number, now, actor, "contact_called_for")
    return case.stage


def release_conversation(work: UnitOfWork, conversation_id: str) -> bool:
    """Release a chat that was held before it had a case; False where none is held."""
    conversation = work.conversations.by_id(conversation_id)
    if conversation is None or not conversation.is_held:
        return False
    work.conversations.save(released(conversation))
    return True


def released(conversation: Conversation) -> Conversation:
    """Return the conversation where it can go on: at rest, telling, or before the notice."""
    state: Dialogue = from_data(conversation.state)
    if conversation.consented_at is None:
        state = Dialogue(Stage.NOTICE)
    else:
        stage = Stage.RESTING if state.case_number is not None else Stage.TELLING
        state = replace(state, stage=stage, flags=(), asked=None)
    return replace(conversation, is_held=False, state=to_data(state))
