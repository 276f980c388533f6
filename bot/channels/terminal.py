"""The terminal as a messenger: a chat for people, and JSON lines for scripts."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from bot.messages import Incoming, Reply

CHANNEL = "terminal"
Take = Callable[[Incoming], tuple[Reply, ...]]


class BadLine(Exception):
    """A line of input that is no message; the text says what to write instead."""


def chat(take: Take, sender: str, lines: Iterable[str], out: TextIO) -> None:
    """Talk with one person until the input ends; a number takes a choice."""
    for line in lines:
        text = line.strip()
        if not text:
            continue
        for reply in take(Incoming(CHANNEL, sender, secrets.token_hex(8), text=text)):
            out.write(as_text(reply))
        out.write("> ")
        out.flush()


def as_text(reply: Reply) -> str:
    """Return a reply as lines for the terminal, its choices numbered."""
    rows = [
        f"和解：{line}" if not number else f"      {line}"
        for number, line in enumerate(reply.text.splitlines())
    ]
    rows += [f"   {number}. {choice['label']}" for number, choice in enumerate(reply.choices, 1)]
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
    """Read one JSON line: {"sender","text"} or {"sender","choose"}, both strings."""
    try:
        data: Any = json.loads(line)
    except ValueError as error:
        raise BadLine(f'not JSON ({error}); write {{"sender": ..., "text": ...}}') from None
    if not isinstance(data, dict) or not isinstance(data.get("sender"), str) or not data["sender"]:
        raise BadLine('"sender" is missing; write {"sender": ..., "text": ...}')
    text, choice = data.get("text"), data.get("choose")
    if (text is None) == (choice is None) or not isinstance(text or choice or "", str):
        raise BadLine('write either "text" or "choose", as a string')
    message_id = data.get("message_id") or secrets.token_hex(8)
    return Incoming(CHANNEL, data["sender"], str(message_id), text=text, choice=choice)
