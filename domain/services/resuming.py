"""A conversation goes on on another device: a code from the old one, typed on the new one."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.conversation import Conversation, ResumeCode
from domain.errors import NoSuchCode, NotToBeMoved
from domain.ports import UnitOfWork

VALID = timedelta(days=30)


def issue_code(work: UnitOfWork, talk: Conversation | None, code_hash: str, now: datetime) -> None:
    """Keep a code of the conversation; an earlier one that was not used is void.

    Refuses with `NotToBeMoved` before consent and under a safety hold.
    """
    if talk is None or not talk.may_move:
        raise NotToBeMoved(talk.id if talk else None)
    work.resume_codes.put(ResumeCode(code_hash, talk.id, now + VALID))


def resume_talk(work: UnitOfWork, code_hash: str, sender: str, now: datetime) -> Conversation:
    """Hand the code's conversation over to the device `sender`; the old device loses it.

    The same device may say the same code again: its answer may have been lost on the way. Refuses
    with `NoSuchCode`, also where a safety hold is on, or with `ConversationMovedOn`.
    """
    code = work.resume_codes.get(code_hash)
    talk = work.conversations.by_id(code.conversation_id) if code else None
    if code is None or talk is None or not talk.may_move:
        raise NoSuchCode
    if code.taken_by == talk.sender == sender:
        return talk
    if code.taken_by is not None or now >= code.expires_at:
        raise NoSuchCode
    work.resume_codes.use(code_hash, talk.sender, sender)
    work.conversations.hand_over(talk, sender)
    return talk
