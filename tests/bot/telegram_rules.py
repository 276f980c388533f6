"""What the Bot API takes, how it answers, and what may go wrong with a request."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

TEXT_LIMIT, DATA_LIMIT, BUTTONS_LIMIT = 4096, 64, 100  # characters, bytes, buttons
UPDATES = {"message", "edited_message", "callback_query"}
FILE_LIMIT = 20 * 1024 * 1024  # bytes that a bot may fetch
SECRET = r"[A-Za-z0-9_-]{1,256}"


class Objection(Exception):
    """A request that the Bot API would not take; it fails the test."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request; `takes` says that it is carried out all the same."""

    status: int
    description: str = ""
    parameters: Mapping[str, int] | None = None
    takes: bool = False
    is_silent: bool = False


BLOCKED = Fault(403, "Forbidden: bot was blocked by the user")
BROKEN = Fault(500, "Internal Server Error")
BAD_GATEWAY = Fault(502, "Bad Gateway", takes=True)
SILENT = Fault(0, takes=True, is_silent=True)  # the message arrives, its answer never does


def too_many(seconds: int) -> Fault:
    return Fault(
        429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds}, takes=False
    )


@dataclass(frozen=True)
class Said:
    """A message of the bot, as it arrived."""

    chat: int
    text: str
    buttons: tuple[tuple[str, str], ...] = ()  # label and data
    number: int = 0


def only(fields: Mapping[str, Any], **known: str) -> None:
    """Object to fields that the method has not, and to values of the wrong form."""
    for name, value in fields.items():
        if name not in known:
            raise Objection(f"{name} is no field here")
        if not isinstance(value, str) or not re.fullmatch(known[name], value):
            raise Objection(f"{name} is not {known[name]}: {value!r}")


def only_updates(fields: Mapping[str, Any]) -> None:
    if not set(json.loads(fields.get("allowed_updates", "[]"))) <= UPDATES:
        raise Objection("these updates are not wanted by anybody here")


def buttons_of(markup: str | None) -> Iterator[tuple[str, str]]:
    if markup is None:
        return
    keyboard = json.loads(markup)
    if set(keyboard) != {"inline_keyboard"} or not keyboard["inline_keyboard"]:
        raise Objection(f"{markup} is no inline keyboard")
    buttons = [button for row in keyboard["inline_keyboard"] for button in row]
    if len(buttons) > BUTTONS_LIMIT:
        raise Objection(f"{len(buttons)} buttons are too many")
    for button in buttons:
        if set(button) != {"text", "callback_data"} or not button["text"].strip():
            raise Objection(f"{button} is no button")
        if not 1 <= len(button["callback_data"].encode()) <= DATA_LIMIT:
            raise Objection(f"BUTTON_DATA_INVALID: {button['callback_data']}")
        yield button["text"], button["callback_data"]


def result(value: Any) -> Response:
    return JSONResponse({"ok": True, "result": value})


def error(fault: Fault) -> Response:
    told = {"ok": False, "error_code": fault.status, "description": fault.description}
    if fault.parameters:
        told["parameters"] = dict(fault.parameters)
    return JSONResponse(told, fault.status or 504)


def sender_of(update: Mapping[str, Any]) -> Any:
    holder = update.get("message") or update.get("edited_message") or {}
    if "callback_query" in update:
        holder = update["callback_query"].get("message", {})
    return holder.get("chat", {}).get("id") if isinstance(holder, dict) else None


def user(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "杨", "language_code": "zh-hans"}


def message_of(chat: int, kind: str, number: int, **content: Any) -> dict[str, Any]:
    title = {"first_name": "杨"} if kind == "private" else {"title": "村里"}
    where = {"id": chat, "type": kind, **title}
    about = {"message_id": number, "date": int(time.time()), "chat": where}
    return {**about, "from": user(abs(chat)), **content}
