"""Messages that cannot be taken: left to a person, owned up to, and taken again when told to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.channels import CHANNELS
from bot.keeper import Keeper
from bot.messages import Attachment, Incoming, Location, Reply, Taken
from bot.render import Renderer
from domain.conversation import (
    Conversation,
    DeadLetter,
    Lease,
    OutWord,
    Task,
    TaskKind,
)
from domain.ports import UnitOfWork

LOOK_WITHIN = timedelta(minutes=15)  # it may have been a cry for help


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that could not be taken, and why."""

    incoming: Incoming
    error: Exception
    now: datetime
    lease: Lease | None = None


def lay_aside(work: UnitOfWork, renderer: Renderer, failed: Failed) -> Taken:
    """Keep the message, call a person and tell its sender; a message known already is left.

    What it said is kept only of people who have consented. An update without a sender (a channel
    could not even read who wrote) calls a person and is answered to nobody.
    """
    incoming, conversation = failed.incoming, _touched(work, failed)
    letter = DeadLetter(
        incoming.channel,
        incoming.message_id,
        conversation.id if conversation else None,
        failed.now,
        type(failed.error).__name__,
        said(incoming) if conversation and conversation.consented_at else None,
    )
    number = work.dead_letters.add(letter)
    if number is None:
        return Taken((), letter.conversation_id or "", is_repeat=True)
    work.tasks.open(_task(letter, number))
    if conversation is None:
        return Taken(())
    word = _word(renderer, conversation, failed.now)
    (id_,) = work.outbox.add([word])
    reply = Reply(incoming.sender, word.text, id=id_, template=word.template)
    return Taken((reply,), conversation.id)


def _touched(work: UnitOfWork, failed: Failed) -> Conversation | None:
    """Return the sender's conversation, begun if need be; it changes, as in every turn."""
    incoming, lease = failed.incoming, failed.lease
    if not incoming.sender:
        return None
    found = work.conversations.get(incoming.channel, incoming.sender)
    conversation = found or Conversation(
        secrets.token_hex(8), incoming.channel, incoming.sender, {}, failed.now
    )
    if found is None:
        work.conversations.add(conversation)
    holder, until = (lease.holder, lease.until) if lease else (None, None)
    work.conversations.save(
        replace(conversation, updated_at=failed.now, lease_holder=holder, lease_until=until)
    )
    return conversation


def _task(letter: DeadLetter, number: int) -> Task:
    return Task(
        TaskKind.ALERT,
        letter.at,
        letter.at + LOOK_WITHIN,
        _task_key(letter),
        letter.conversation_id,
        details={"reason": "message_not_taken", "dead_letter": number, "error": letter.error},
    )


def _task_key(letter: DeadLetter) -> str:
    return f"dead:{letter.channel}:{letter.message_id}"


def _word(renderer: Renderer, conversation: Conversation, now: datetime) -> OutWord:
    way = CHANNELS[conversation.channel]
    return OutWord(
        conversation.id,
        "message_not_taken",
        renderer.reply("message_not_taken", {}),
        now,
        case_number=conversation.case_number,
        state=way.kept_state,
        not_before=way.waits_until(now),
    )


def said(incoming: Incoming) -> Mapping[str, Any]:
    """Return what a message says, as data."""
    known = {"channel", "sender", "message_id"}
    return {k: v for k, v in asdict(incoming).items() if v not in (None, False) and k not in known}


def _incoming(letter: DeadLetter, sender: str, message: Mapping[str, Any]) -> Incoming:
    attachment, location = message.get("attachment"), message.get("location")
    return Incoming(
        letter.channel,
        sender,
        letter.message_id,
        message.get("text"),
        message.get("choice"),
        Attachment(**attachment) if attachment else None,
        Location(**location) if location else None,
        message.get("start"),
        message.get("is_shortened", False),
    )


def about_letter(letter: DeadLetter) -> dict[str, Any]:
    """Return what operators see of a dead letter: never what was said."""
    return {
        "id": letter.id,
        "at": letter.at.isoformat(),
        "channel": letter.channel,
        "conversation": letter.conversation_id,
        "error": letter.error,
        "words_kept": letter.message is not None,
    }


class NotAgain(Exception):
    """A dead letter that cannot be taken again; the text says why, and what to do."""


def take_again(
    keeper: Keeper, take: Callable[[Incoming], Taken], number: int, now: datetime
) -> Taken:
    """Take the message of a dead letter once more and close its task, or raise NotAgain.

    Its sender gets the replies as if it had come now.
    """
    incoming = keeper.read(lambda work: _kept_message(work, number))
    try:
        taken = take(incoming)
    except Exception as error:
        raise NotAgain(f"it still fails: {type(error).__name__}; it stays laid aside") from error
    keeper.submit(lambda work: _settle(work, number, now)).result()
    return taken


def _kept_message(work: UnitOfWork, number: int) -> Incoming:
    letter = work.dead_letters.get(number)
    if letter is None or letter.settled_at is not None:
        raise NotAgain(f"no message {number} is laid aside")
    conversation = work.conversations.by_id(letter.conversation_id or "")
    if conversation is None or letter.message is None:
        raise NotAgain("its words were not kept; ask the person to write again")
    return _incoming(letter, conversation.sender, letter.message)


def _settle(work: UnitOfWork, number: int, now: datetime) -> None:
    work.dead_letters.settle(number, now)
    letter = work.dead_letters.get(number)
    for task in work.tasks.still_open():
        if letter is not None and task.key == _task_key(letter):
            work.tasks.close(task.id, now)
