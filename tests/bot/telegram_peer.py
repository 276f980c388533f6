"""A Bot API server of our own on loopback: strict, with people who write to it and with faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

BOT_ID = 123456
TOKEN = f"{BOT_ID}:AAErwTestTokenOfNoRealBot"
PATIENCE_SECONDS = 8.0  # how long a test waits for what must happen
TEXT_LIMIT, DATA_LIMIT, BUTTONS_LIMIT = 4096, 64, 100  # characters, bytes, buttons
UPDATES = {"message", "callback_query"}


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


@dataclass
class BotApi:
    """The server's memory; tests call the methods, the bot the routes."""

    url: str = ""
    said: list[Said] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    commands: list[dict[str, str]] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    polls: int = 0
    before_acknowledging: Callable[[int], None] = lambda _: None
    _pending: list[dict[str, Any]] = field(default_factory=list)
    _queries: set[str] = field(default_factory=set)
    _faults: list[tuple[str, int | None, Fault]] = field(default_factory=list)
    _chats: set[int] = field(default_factory=set)
    _numbers: int = 1000
    _is_closing: bool = False

    # what people do

    def says(self, chat: int, text: str, kind: str = "private") -> int:
        return self._message(chat, kind, text=text)

    def sends(self, chat: int, **content: Any) -> int:
        """Let somebody send something that is not text; returns the number of the update."""
        return self._message(chat, "private", **content)

    def presses(self, chat: int, data: str) -> int:
        """Let somebody press the button whose data begin so, under the newest such message."""
        found = [each for said in self.told(chat) for _, each in said.buttons]
        pressed = next(each for each in reversed(found) if each.startswith(data))
        number = self._number()
        query = {
            "id": f"q{number}",
            "from": _user(chat),
            "chat_instance": "1",
            "data": pressed,
            "message": self._shown(chat, "private", number, text="…"),
        }
        self._queries.add(f"q{number}")
        self._pending.append({"update_id": number, "callback_query": query})
        return number

    def brings(self, update: Mapping[str, Any]) -> int:
        """Deliver an update as it is, under a number of its own."""
        number = self._number()
        self._pending.append({"update_id": number, **update})
        return number

    def repeats(self, number: int, text: str, chat: int) -> None:
        """Deliver an update again though it was acknowledged, as Telegram sometimes does."""
        message = self._shown(chat, "private", number, text=text)
        self._pending.insert(0, {"update_id": number, "message": message})

    def told(self, chat: int) -> list[Said]:
        return [each for each in self.said if each.chat == chat]

    def texts(self, chat: int) -> list[str]:
        return [each.text for each in self.told(chat)]

    def fails(
        self, fault: Fault, method: str = "sendMessage", chat: int | None = None, times: int = 1
    ) -> None:
        """Let the next requests go wrong: those to this chat, or all."""
        self._faults += [(method, chat, fault)] * times

    def mends(self) -> None:
        self._faults.clear()

    async def hears(self, chat: int, count: int) -> list[str]:
        """Wait until the bot has said so much to a chat; return all its texts."""
        await until(lambda: len(self.told(chat)) >= count, lambda: f"heard {self.texts(chat)}")
        return self.texts(chat)

    async def is_done(self) -> None:
        """Wait until every update is acknowledged and no button spins."""
        await until(
            lambda: not self._pending and not self._queries,
            lambda: f"not acknowledged {self._pending}, spinning {self._queries}",
        )

    # what the bot asks for

    async def answer(self, request: Request) -> Response:
        token, method = request.path_params["token"], request.path_params["method"]
        if token != TOKEN:
            return _error(Fault(401, "Unauthorized"))
        fields = {**request.query_params, **(await request.form())}
        fault = self._fault(method, fields)
        try:
            do = METHODS.get(method)
            if do is None:
                raise Objection(f"{method} is no method of the Bot API")
            if fault is None:
                return await do(self, fields)
            if fault.takes:
                await do(self, fields)
        except Objection as objection:
            self.objections.append(str(objection))
            return _error(Fault(400, f"Bad Request: {objection}"))
        while fault.is_silent and not self._is_closing and not await request.is_disconnected():
            await asyncio.sleep(0.01)
        return _error(fault)

    def _fault(self, method: str, fields: Mapping[str, Any]) -> Fault | None:
        for place, (name, chat, fault) in enumerate(self._faults):
            if name == method and chat in {None, int(fields.get("chat_id", 0))}:
                del self._faults[place]
                return fault
        return None

    async def get_me(self, fields: Mapping[str, Any]) -> Response:
        _only(fields)
        about = {"id": BOT_ID, "is_bot": True, "first_name": "和解", "username": "hejie_bot"}
        rights = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
        return _result(about | dict.fromkeys(rights, False))

    async def get_updates(self, fields: Mapping[str, Any]) -> Response:
        _only(fields, offset=r"\d+", limit=r"\d+", timeout=r"\d{1,2}", allowed_updates=r"\[.*\]")
        if not set(json.loads(fields.get("allowed_updates", "[]"))) <= UPDATES:
            raise Objection("these updates are not wanted by anybody here")
        self._acknowledge(int(fields.get("offset", 0)))
        self.polls += 1
        mine, ends_at = self.polls, time.monotonic() + int(fields.get("timeout", 0))
        while not self._pending and time.monotonic() < ends_at and not self._is_closing:
            await asyncio.sleep(0.005)
            if mine != self.polls:
                return _error(Fault(409, "Conflict: terminated by other getUpdates request"))
        return _result(self._pending[: int(fields.get("limit", 100))])

    def _acknowledge(self, offset: int) -> None:
        while self._pending and self._pending[0]["update_id"] < offset:
            self.before_acknowledging(self._pending[0]["update_id"])
            self.acknowledged.append(self._pending.pop(0)["update_id"])

    async def send_message(self, fields: Mapping[str, Any]) -> Response:
        _only(fields, chat_id=r"-?\d+", text=r"(?s).+", reply_markup=r"\{.*\}")
        chat, text = int(fields["chat_id"]), fields["text"]
        if chat not in self._chats:
            raise Objection(f"chat {chat} has never written")
        if len(text.encode("utf-16-le")) // 2 > TEXT_LIMIT or not text.strip():
            raise Objection("message is empty or too long")
        self.said.append(Said(chat, text, tuple(_buttons(fields.get("reply_markup")))))
        return _result(self._shown(chat, "private", self._number(), text=text))

    async def answer_callback_query(self, fields: Mapping[str, Any]) -> Response:
        _only(fields, callback_query_id=r"q\d+")
        if fields["callback_query_id"] not in self._queries:
            raise Objection("query is too old, or was answered before")
        self._queries.discard(fields["callback_query_id"])
        return _result(True)

    async def set_my_commands(self, fields: Mapping[str, Any]) -> Response:
        _only(fields, commands=r"\[.*\]")
        self.commands = json.loads(fields["commands"])
        for each in self.commands:
            if set(each) != {"command", "description"} or not 0 < len(each["description"]) <= 256:
                raise Objection(f"{each} is no command")
            if not re.fullmatch("[a-z0-9_]{1,32}", each["command"]):
                raise Objection(f"{each['command']} is no name of a command")
        return _result(True)

    def close(self) -> None:
        self._is_closing = True

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _message(self, chat: int, kind: str, **content: Any) -> int:
        number = self._number()
        self._chats.add(chat)
        message = self._shown(chat, kind, number, **content)
        self._pending.append({"update_id": number, "message": message})
        return number

    def _shown(self, chat: int, kind: str, number: int, **content: Any) -> dict[str, Any]:
        title = {"first_name": "杨"} if kind == "private" else {"title": "村里"}
        where = {"id": chat, "type": kind, **title}
        about = {"message_id": number, "date": int(time.time()), "chat": where}
        return {**about, "from": _user(abs(chat)), **content}


METHODS: dict[str, Callable[[BotApi, Mapping[str, Any]], Awaitable[Response]]] = {
    "getMe": BotApi.get_me,
    "getUpdates": BotApi.get_updates,
    "sendMessage": BotApi.send_message,
    "answerCallbackQuery": BotApi.answer_callback_query,
    "setMyCommands": BotApi.set_my_commands,
}


def _user(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "杨", "language_code": "zh-hans"}


def _only(fields: Mapping[str, Any], **known: str) -> None:
    """Object to fields that the method has not, and to values of the wrong form."""
    for name, value in fields.items():
        if name not in known:
            raise Objection(f"{name} is no field here")
        if not isinstance(value, str) or not re.fullmatch(known[name], value):
            raise Objection(f"{name} is not {known[name]}: {value!r}")


def _buttons(markup: str | None) -> Iterator[tuple[str, str]]:
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


def _result(value: Any) -> Response:
    return JSONResponse({"ok": True, "result": value})


def _error(fault: Fault) -> Response:
    told = {"ok": False, "error_code": fault.status, "description": fault.description}
    if fault.parameters:
        told["parameters"] = dict(fault.parameters)
    return JSONResponse(told, fault.status or 504)


async def until(
    condition: Callable[[], bool], otherwise: Callable[[], str] = lambda: "it did not happen"
) -> None:
    """Wait until the condition holds, or fail saying how things stand."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends_at, otherwise()
        await asyncio.sleep(0.005)


@contextlib.contextmanager
def bot_api() -> Iterator[BotApi]:
    """Serve the Bot API on a free loopback port while inside; any objection fails at the end."""
    api = BotApi()
    app = Starlette(routes=[Route("/bot{token}/{method}", api.answer, methods=["GET", "POST"])])
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none"
    )
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="bot api")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        api.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/bot"
        yield api
    finally:
        api.close()
        server.should_exit = True
        thread.join()
    assert api.objections == []
