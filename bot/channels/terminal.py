"""The terminal as a messenger: a chat for people, and JSON lines for scripts."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from bot.delivery import is_still_wanted
from bot.messages import Incoming, Reply, as_line
from domain.conversation import OutWord
from storage.unit_of_work import SqlUnitOfWork

CHANNEL = "terminal"
Take = Callable[[Incoming], tuple[Reply, ...]]


class BadLine(Exception):
    """A line of input that is no message; the text says what to write instead."""


def chat(
    take: Take, sender: str, lines: Iterable[str], out: TextIO, unseen: Iterable[OutWord] = ()
) -> None:
    """Talk with one person until the input ends; its mark (1, A) takes a choice.

    `unseen` are words that came while the person was away; they are shown first.
    """
    for word in unseen:
        out.write(as_text(word.text, word.choices))
    _prompt(out)
    for line in lines:
        text = printable(line.strip())
        if text:
            for reply in take(Incoming(CHANNEL, sender, secrets.token_hex(8), text=text)):
                out.write(as_text(reply.text, reply.choices))
        _prompt(out)
    out.write("\n")


def _prompt(out: TextIO) -> None:
    out.write("> ")
    out.flush()


def unseen_by(work: SqlUnitOfWork, sender: str, now: datetime) -> list[OutWord]:
    """Return the words that nobody asked for since this person last wrote, oldest first.

    Those that hold no longer (the session was given back, say) are left out.
    """
    conversation = work.conversations.get(CHANNEL, sender)
    if conversation is None:
        return []
    words: list[OutWord] = []
    for line in reversed(work.pages.transcript(conversation.id)):
        if not isinstance(line, OutWord):
            break
        if line.unasked and is_still_wanted(work, line, now):
            words.append(line)
    return words[::-1]


def printable(text: str) -> str:
    """Return the text with half characters, which no output takes, as `?`."""
    return text.encode("utf-8", "replace").decode()


def as_text(text: str, choices: Sequence[Mapping[str, str]]) -> str:
    """Return a word as lines for the terminal, each choice with its mark."""
    rows = [
        f"和解：{line}" if not number else f"      {line}"
        for number, line in enumerate(text.splitlines())
    ]
    rows += [f"   {as_line(choice)}" for choice in choices]
    return "\n".join(rows) + "\n"


def chat_json(take: Take, lines: Iterable[str], out: TextIO) -> None:
    """Answer each JSON line by one line a reply and an empty line when the turn is complete."""
    for line in lines:
        if not line.strip():
            continue
        try:
            replies = [reply.to_wire() for reply in take(incoming(line))]
        except BadLine as bad:
            replies = [{"error": str(bad)}]
        for reply in replies:
            out.write(json.dumps(reply, ensure_ascii=False) + "\n")
        out.write("\n")
        out.flush()


def incoming(line: str) -> Incoming:
    """Read one JSON line: {"sender","text"} or {"sender","choose"}, all strings.

    A "message_id", if there is one, is what repeats are known by.
    """
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f'not JSON ({error}); write {{"sender": ..., "text": ...}}') from None
    if not isinstance(data, dict):
        raise BadLine('not an object; write {"sender": ..., "text": ...}')
    sender, text, choice = data.get("sender"), data.get("text"), data.get("choose")
    if not isinstance(sender, str) or not sender:
        raise BadLine('"sender" is missing or no string; write {"sender": ..., "text": ...}')
    said = text if choice is None else choice
    if (text is None) == (choice is None) or not isinstance(said, str):
        raise BadLine('write either "text" or "choose", as a string')
    message_id = printable(str(data.get("message_id") or secrets.token_hex(8)))
    said = printable(said)
    if choice is None:
        return Incoming(CHANNEL, printable(sender), message_id, text=said)
    return Incoming(CHANNEL, printable(sender), message_id, choice=said)
