"""A Bot API server of our own on loopback: strict, with people who write to it and with faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bot.loopback import on_loopback, until
from tests.bot.telegram_rules import (
    FILE_LIMIT,
    SECRET,
    TEXT_LIMIT,
    Fault,
    Objection,
    Said,
    buttons_of,
    error,
    message_of,
    only,
    only_updates,
    result,
    sender_of,
    user,
)

BOT_ID = 123456
TOKEN = f"{BOT_ID}:AAErwTestTokenOfNoRealBot"
PUSH_AGAIN_SECONDS = 0.05


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
    written: list[tuple[int, str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    left: list[int] = field(default_factory=list)  # the groups that the bot has left
    fetched: list[str] = field(default_factory=list)  # the paths of files, each time they were
    webhook: dict[str, str] = field(default_factory=dict)
    leads_to: dict[str, str] = field(default_factory=dict)  # public address -> where it is served
    pushes: list[int] = field(default_factory=list)  # how each push was answered
    forges_secret: str | None = None
    hides_sizes: bool = False
    _pending: list[dict[str, Any]] = field(default_factory=list)
    _queries: set[str] = field(default_factory=set)
    _faults: list[tuple[str, int | None, Fault]] = field(default_factory=list)
    _chats: set[int] = field(default_factory=set)
    _shown_texts: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    _files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1001))
    _is_closing: bool = False

    # what people do

    def says(self, chat: int, text: str, kind: str = "private") -> int:
        return self._message(chat, kind, text=text)

    def sends(self, chat: int, **content: Any) -> int:
        """Let somebody send something that is not text; returns the number of the update."""
        return self._message(chat, "private", **content)

    def sends_file(self, chat: int, kind: str, data: bytes, **more: Any) -> int:
        """Let somebody send a file: photo, voice, audio, video or document."""
        file_id = f"file{self._number()}"
        self._files[file_id] = (kind, data)
        about = {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": len(data)}
        if kind == "photo":
            small = {**about, "file_id": "thumb", "file_unique_id": "t", "file_size": 9}
            sizes = {"width": 90, "height": 60}
            content: Any = [{**small, **sizes}, {**about, "width": 900, "height": 600}]
        else:
            name = {"file_name": more.pop("name")} if "name" in more else {}
            content = about | ({"duration": 3} if kind in {"voice", "audio"} else {}) | name
        return self.sends(chat, **{kind: content}, **more)

    def edits(self, chat: int, text: str) -> int:
        """Let somebody change a message that was sent before."""
        number = self._number()
        message = message_of(chat, "private", number, text=text, edit_date=int(time.time()))
        self._pending.append({"update_id": number, "edited_message": message})
        return number

    def presses(self, chat: int, data: str) -> int:
        """Let somebody press the button whose data begin so, under the newest such message."""
        found = [(said, each) for said in self.told(chat) for _, each in said.buttons]
        under, pressed = next(each for each in reversed(found) if each[1].startswith(data))
        number = self._number()
        query = {
            "id": f"q{number}",
            "from": user(chat),
            "chat_instance": "1",
            "data": pressed,
            "message": self._shown_texts[chat, under.number],
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
        message = message_of(chat, "private", number, text=text)
        self._pending.insert(0, {"update_id": number, "message": message})

    def knows(self, *chats: int) -> None:
        """Let the bot write to people who wrote by another way."""
        self._chats.update(chats)

    def spins(self, query: str) -> None:
        """Let a button spin that was pressed by another way."""
        self._queries.add(query)

    def told(self, chat: int) -> list[Said]:
        return [each for each in self.said if each.chat == chat]

    def texts(self, chat: int) -> list[str]:
        return [each.text for each in self.told(chat)]

    def fails(
        self, fault: Fault, method: str = "sendMessage", chat: int | None = None, times: int = 1
    ) -> None:
        """Let the next requests go wrong: those to this chat, or all."""
        self._faults += [(method, chat, fault)] * times

    @property
    def silences_ahead(self) -> int:
        """How many answers will never come."""
        return sum(fault.is_silent for _, _, fault in self._faults)

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
            return error(Fault(401, "Unauthorized"))
        try:
            fields = {**request.query_params, **(await request.form())}
        except ClientDisconnect:  # it died while it was asking
            return error(Fault(400))
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
            return error(Fault(400, f"Bad Request: {objection}"))
        while fault.is_silent and not self._is_closing and not await request.is_disconnected():
            await asyncio.sleep(0.01)
        return error(fault)

    def _fault(self, method: str, fields: Mapping[str, Any]) -> Fault | None:
        for place, (name, chat, fault) in enumerate(self._faults):
            if name == method and chat in {None, int(fields.get("chat_id", 0))}:
                del self._faults[place]
                return fault
        return None

    async def get_me(self, fields: Mapping[str, Any]) -> Response:
        only(fields)
        about = {"id": BOT_ID, "is_bot": True, "first_name": "和解", "username": "hejie_bot"}
        rights = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
        return result(about | dict.fromkeys(rights, False))

    async def get_file(self, fields: Mapping[str, Any]) -> Response:
        only(fields, file_id=r"[\w-]+")
        kind, data = self._files.get(fields["file_id"], ("", b""))
        if not kind:
            raise Objection("invalid file_id")
        if len(data) > FILE_LIMIT:
            return error(Fault(400, "Bad Request: file is too big"))
        path = f"{kind}s/{fields['file_id']}"
        self._paths[path] = fields["file_id"]
        size = {} if self.hides_sizes else {"file_size": len(data)}
        about = {"file_unique_id": f"u{fields['file_id']}", **size}
        return result({"file_id": fields["file_id"], "file_path": path, **about})

    async def download(self, request: Request) -> Response:
        """Hand out a file whose path was asked for."""
        path = request.path_params["path"]
        fault = self._fault("download", {})
        if request.path_params["token"] != TOKEN or path not in self._paths:
            self.objections.append(f"no file is at {path}")
            return Response(status_code=404)
        self.fetched.append(path)
        while fault and fault.is_silent and not self._is_closing:
            if await request.is_disconnected():
                break
            await asyncio.sleep(0.01)
        return Response(self._files[self._paths[path]][1], fault.status or 504 if fault else 200)

    async def set_webhook(self, fields: Mapping[str, Any]) -> Response:
        only(fields, url=r"https://.+", allowed_updates=r"\[.*\]", secret_token=SECRET)
        only_updates(fields)
        self.webhook = {"url": fields["url"], "secret": fields.get("secret_token", "")}
        return result(True)

    async def delete_webhook(self, fields: Mapping[str, Any]) -> Response:
        only(fields)
        self.webhook = {}
        return result(True)

    async def edit_message_text(self, fields: Mapping[str, Any]) -> Response:
        only(fields, chat_id=r"\d+", message_id=r"\d+", text=r"(?s).+", reply_markup=r"\{.*\}")
        key = int(fields["chat_id"]), int(fields["message_id"])
        before = self._shown_texts.get(key)
        if before is None:
            raise Objection("message to edit not found")
        markup = fields.get("reply_markup")
        if (before["text"], json.dumps(before.get("reply_markup"))) == (fields["text"], markup):
            return error(Fault(400, "Bad Request: message is not modified"))
        self._show(*key, fields["text"], markup)
        self.written.append((key[0], fields["text"], tuple(buttons_of(markup))))
        return result(self._shown_texts[key])

    async def leave_chat(self, fields: Mapping[str, Any]) -> Response:
        only(fields, chat_id=r"-\d+")
        self.left.append(int(fields["chat_id"]))
        return result(True)

    async def get_updates(self, fields: Mapping[str, Any]) -> Response:
        if self.webhook:
            return error(Fault(409, "Conflict: can't use getUpdates while webhook is active"))
        only(fields, offset=r"\d+", limit=r"\d+", timeout=r"\d{1,2}", allowed_updates=r"\[.*\]")
        only_updates(fields)
        self._acknowledge(int(fields.get("offset", 0)))
        self.polls += 1
        mine, ends_at = self.polls, time.monotonic() + int(fields.get("timeout", 0))
        while not self._pending and time.monotonic() < ends_at and not self._is_closing:
            await asyncio.sleep(0.005)
            if mine != self.polls:
                return error(Fault(409, "Conflict: terminated by other getUpdates request"))
        return result(self._pending[: int(fields.get("limit", 100))])

    def _acknowledge(self, offset: int) -> None:
        while self._pending and self._pending[0]["update_id"] < offset:
            self.before_acknowledging(self._pending[0]["update_id"])
            self.acknowledged.append(self._pending.pop(0)["update_id"])

    async def send_message(self, fields: Mapping[str, Any]) -> Response:
        only(fields, chat_id=r"-?\d+", text=r"(?s).+", reply_markup=r"\{.*\}")
        chat, text = int(fields["chat_id"]), fields["text"]
        if chat not in self._chats:
            raise Objection(f"chat {chat} has never written")
        if len(text.encode("utf-16-le")) // 2 > TEXT_LIMIT or not text.strip():
            raise Objection("message is empty or too long")
        return result(self.arrives(chat, text, fields.get("reply_markup")))

    def arrives(self, chat: int, text: str, markup: str | None = None) -> dict[str, Any]:
        """Let a message of the bot arrive, or have arrived before."""
        self._chats.add(chat)
        number = self._number()
        shown = self._show(chat, number, text, markup)  # first: who sees it may press its buttons
        self.said.append(Said(chat, text, tuple(buttons_of(markup)), number))
        return shown

    def _show(self, chat: int, number: int, text: str, markup: str | None) -> dict[str, Any]:
        """Remember a message of the bot as people see it."""
        shown = message_of(chat, "private", number, text=text)
        if markup is not None:
            shown["reply_markup"] = json.loads(markup)
        self._shown_texts[chat, number] = shown
        return shown

    async def push(self) -> None:
        """Push what waits to the webhook, one chat's updates in order; what fails comes again."""
        async with httpx.AsyncClient(timeout=5) as client:
            while not self._is_closing:
                heads: dict[Any, dict[str, Any]] = {}
                for update in self._pending if self.webhook else ():
                    heads.setdefault(sender_of(update), update)
                await asyncio.gather(*(self._push(client, update) for update in heads.values()))
                await asyncio.sleep(PUSH_AGAIN_SECONDS)

    async def _push(self, client: httpx.AsyncClient, update: dict[str, Any]) -> None:
        secret = self.forges_secret or self.webhook["secret"]
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        address = self.leads_to.get(self.webhook["url"], "http://127.0.0.1:9")
        try:
            answer = await client.post(address, json=update, headers=headers)
        except httpx.HTTPError:
            return
        self.pushes.append(answer.status_code)
        if answer.status_code == 200 and update in self._pending:
            self.before_acknowledging(update["update_id"])
            self._pending.remove(update)
            self.acknowledged.append(update["update_id"])

    async def answer_callback_query(self, fields: Mapping[str, Any]) -> Response:
        only(fields, callback_query_id=r"q\d+")
        if fields["callback_query_id"] not in self._queries:
            raise Objection("query is too old, or was answered before")
        self._queries.discard(fields["callback_query_id"])
        return result(True)

    async def set_my_commands(self, fields: Mapping[str, Any]) -> Response:
        only(fields, commands=r"\[.*\]")
        self.commands = json.loads(fields["commands"])
        for each in self.commands:
            if set(each) != {"command", "description"} or not 0 < len(each["description"]) <= 256:
                raise Objection(f"{each} is no command")
            if not re.fullmatch("[a-z0-9_]{1,32}", each["command"]):
                raise Objection(f"{each['command']} is no name of a command")
        return result(True)

    def close(self) -> None:
        self._is_closing = True

    def _number(self) -> int:
        return next(self._numbers)

    def _message(self, chat: int, kind: str, **content: Any) -> int:
        number = self._number()
        self._chats.add(chat)
        message = message_of(chat, kind, number, **content)
        self._pending.append({"update_id": number, "message": message})
        return number


METHODS: dict[str, Callable[[BotApi, Mapping[str, Any]], Awaitable[Response]]] = {
    "getMe": BotApi.get_me,
    "getUpdates": BotApi.get_updates,
    "sendMessage": BotApi.send_message,
    "editMessageText": BotApi.edit_message_text,
    "getFile": BotApi.get_file,
    "setWebhook": BotApi.set_webhook,
    "deleteWebhook": BotApi.delete_webhook,
    "leaveChat": BotApi.leave_chat,
    "answerCallbackQuery": BotApi.answer_callback_query,
    "setMyCommands": BotApi.set_my_commands,
}


@contextlib.contextmanager
def bot_api(strict: bool = True) -> Iterator[BotApi]:
    """Serve the Bot API on a free loopback port while inside; any objection fails at the end.

    Whoever is not strict looks at the objections alone.
    """
    api = BotApi()

    @contextlib.asynccontextmanager
    async def pushing(_: Starlette) -> AsyncIterator[None]:
        job = asyncio.create_task(api.push())
        yield
        job.cancel()

    routes = [
        Route("/bot{token}/{method}", api.answer, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", api.download),
    ]
    with on_loopback(Starlette(routes=routes, lifespan=pushing)) as url:
        api.url = f"{url}/bot"
        try:
            yield api
        finally:
            api.close()
    assert not strict or api.objections == []
