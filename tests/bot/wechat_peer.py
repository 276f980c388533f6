"""WeChat's server of our own on loopback: strict, with people who write, and with faults.

It takes what `api.weixin.qq.com` would take, keeps WeChat's windows for customer-service messages,
and brings signed and sealed callbacks as WeChat does: five seconds of patience (here as long as a
test says), then the line is dropped and the same message comes again, three times in all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.bot.loopback import on_loopback, until
from tests.bot.wechat_sealing import (
    ACCOUNT,
    GH,
    Objection,
    elements,
    sealed_by_wechat,
    sha1,
    unsealed,
    xml_of,
)

TEXT_BYTES = 2048
TRIES = 3
MESSAGE, EVENT = (5, 48 * 3600), (3, 60)  # customer-service messages, and for how many seconds
CLICKS = {"click", "subscribe", "scan"}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call; `takes` says that it is carried out all the same."""

    code: int = 0
    status: int = 200
    takes: bool = False
    is_silent: bool = False


BUSY = Fault(-1)
BROKEN = Fault(status=502, takes=True)
SILENT = Fault(takes=True, is_silent=True)  # the message arrives, its answer never does


@dataclass
class WeChatServer:
    """The server's memory; tests call the methods, the house the routes."""

    clock: Callable[[], datetime]
    callback: str = ""
    url: str = ""
    patience: float = 5.0
    gives_up: list[Callable[[], bool]] = field(default_factory=list)  # when, in the next tries
    line: httpx.ASGITransport | None = None
    holds: asyncio.Event | None = None
    heard: dict[str, list[str]] = field(default_factory=dict)
    pushed: list[tuple[str, str]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    menus: list[Any] = field(default_factory=list)
    tokens: int = 0
    renewals: list[bool] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked_for: list[str] = field(default_factory=list)
    _token: str = ""
    _refused: set[str] = field(default_factory=set)
    _faults: list[tuple[str, Fault]] = field(default_factory=list)
    _windows: dict[str, tuple[int, float]] = field(default_factory=dict)
    _followers: set[str] = field(default_factory=set)
    _numbers: int = 24_000_000_000_000_000
    _is_closing: bool = False

    # what people do

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    async def says(self, person: str, text: str, number: int | None = None) -> str | None:
        return await self.brings(person, self.message(person, "text", number, Content=text))

    async def sends(self, person: str, kind: str, **fields: Any) -> str | None:
        return await self.brings(person, self.message(person, kind, **fields))

    async def happens(self, person: str, event: str, key: str = "") -> str | None:
        return await self.brings(
            person, self.message(person, "event", None, False, Event=event, EventKey=key)
        )

    def message(
        self, person: str, kind: str, number: int | None = None, has_id: bool = True, **fields: Any
    ) -> dict[str, Any]:
        about = {
            "ToUserName": GH,
            "FromUserName": person,
            "CreateTime": int(self.clock().timestamp()),
            "MsgType": kind,
        }
        id_ = {"MsgId": number or self.number()} if has_id else {}
        return about | fields | id_

    async def brings(self, person: str, message: Mapping[str, Any]) -> str | None:
        """Bring a message to the house as WeChat does; returns what it answered in time."""
        self._opens(person, message)
        for _ in range(TRIES):
            try:
                answer = await self.posts(message)
            except httpx.TransportError:
                continue
            return self._shown(person, answer)
        self._hears(person, "该公众号提供的服务出现故障，请稍后再试")
        return None

    async def posts(self, message: Mapping[str, Any]) -> httpx.Response:
        """Bring a message once."""
        query, body = self.signed_message(message)
        line = self.line or httpx.AsyncHTTPTransport(verify=False)  # making a context costs 30 ms
        async with httpx.AsyncClient(transport=line, timeout=self.patience) as client:
            post = client.post(self.callback, params=query, content=body)
            return await (self._dropped(post) if self.gives_up else post)

    async def _dropped(self, post: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        """Drop the line as soon as it is to be given up."""
        posting = asyncio.create_task(post)
        await until(self.gives_up.pop(0))
        assert not posting.done(), "it was answered before"
        posting.cancel()
        await asyncio.wait([posting])
        raise httpx.ReadTimeout("WeChat waits no longer")

    def signed_message(self, message: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        return self.signed(xml_of(message))

    def signed(self, xml: str, at: int | None = None) -> tuple[dict[str, str], bytes]:
        """Return the query and the body of a callback."""
        sealed = sealed_by_wechat(xml)
        stamp, nonce = str(at or int(self.clock().timestamp())), secrets.token_hex(5)
        query = {
            "signature": sha1(ACCOUNT.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": "",
            "encrypt_type": "aes",
            "msg_signature": sha1(ACCOUNT.token, stamp, nonce, sealed),
        }
        body = f"<xml><ToUserName>{GH}</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return query, body.encode()

    def leaves(self, person: str) -> dict[str, Any]:
        """Let somebody unsubscribe; returns the event, to be brought."""
        self._followers.discard(person)
        return self.message(person, "event", None, False, Event="unsubscribe", EventKey="")

    def texts(self, person: str) -> list[str]:
        return self.heard.get(person, [])

    def _opens(self, person: str, message: Mapping[str, Any]) -> None:
        event = str(message.get("Event", "")).lower()
        if event == "unsubscribe":
            return
        self._followers.add(person)
        window = MESSAGE if not event else EVENT if event in CLICKS else None
        if window is not None:
            count, seconds = window
            self._windows[person] = (count, self.clock().timestamp() + seconds)

    def _shown(self, person: str, answer: httpx.Response) -> str | None:
        if answer.status_code != 200:
            self._hears(person, f"({answer.status_code} {answer.text})")
            return None
        if answer.text in {"success", ""}:
            return None
        text = self._unsealed(person, answer.text)
        self.answered.append((person, text))
        self._hears(person, text)
        return text

    def _unsealed(self, person: str, xml: str) -> str:
        outer = {each.tag: each.text or "" for each in elements(xml)}
        signed = (outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
        if outer["MsgSignature"] != sha1(ACCOUNT.token, *signed):
            raise Objection("the answer is not signed")
        inner = {e.tag: e.text or "" for e in elements(unsealed(outer["Encrypt"]))}
        if (inner["ToUserName"], inner["FromUserName"]) != (person, GH):
            raise Objection("the answer is to somebody else")
        if inner["MsgType"] != "text" or not 0 < len(inner["Content"].encode()) <= TEXT_BYTES:
            raise Objection("the answer is no text that WeChat shows")
        return inner["Content"]

    def _hears(self, person: str, text: str) -> None:
        self.heard.setdefault(person, []).append(text)

    # faults

    def fails(self, fault: Fault, path: str = "message/custom/send", times: int = 1) -> None:
        self._faults += [(path, fault)] * times

    def withholds_answer_to(self, path: str) -> bool:
        return any(fault.is_silent and path.endswith(at) for at, fault in self._faults)

    def expire(self) -> None:
        """Let the access token end before its time."""
        self._refused.add(self._token)
        self._token = ""

    def refuse_token(self) -> None:
        """Refuse the token that is still the current one."""
        self._refused.add(self._token)

    def is_over(self, person: str, count: int) -> None:
        """Let so many customer-service messages be all that is left to a person."""
        self._windows[person] = (count, self._windows[person][1])

    # what the house asks for

    async def answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        fault = next((f for name, f in self._faults if name == path), None)
        if fault is not None:
            self._faults.remove((path, fault))
        try:
            outcome: Any = {"errcode": 0, "errmsg": "ok"}
            if fault is None or fault.takes:
                outcome = await self._do(path, request)
        except Objection as objection:
            self.objections.append(str(objection))
            return _refused(47001)
        if fault is None:
            return outcome if isinstance(outcome, Response) else JSONResponse(outcome)
        while fault.is_silent and not self._is_closing and not await request.is_disconnected():
            await asyncio.sleep(0.01)
        if fault.status != 200:
            return Response("<html>Bad Gateway</html>", fault.status)
        return _refused(fault.code)

    async def _do(self, path: str, request: Request) -> Any:
        do = PATHS.get((request.method, path))
        if do is None:
            raise Objection(f"{request.method} {path} is not of this interface")
        return await do(self, request)

    async def give_token(self, request: Request) -> Any:
        given = await _body(request)
        _only(given, "grant_type", "appid", "secret", "force_refresh")
        if given["grant_type"] != "client_credential" or given["appid"] != ACCOUNT.app_id:
            raise Objection("grant_type or appid is wrong")
        if given["secret"] != ACCOUNT.secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        self.renewals.append(given["force_refresh"])
        if given["force_refresh"] or not self._token:
            self._refused.add(self._token)
            self.tokens += 1
            self._token = f"token-{self.tokens}-{secrets.token_hex(20)}"
        await asyncio.sleep(0.02)  # as long as others may ask too
        return {"access_token": self._token, "expires_in": 7200}

    async def send(self, request: Request) -> Any:
        refused = self._checked(request)
        if refused:
            return refused
        message = await _body(request)
        _only(message, "touser", "msgtype", "text")
        _only(message["text"], "content")
        person, text = message["touser"], message["text"]["content"]
        while self.holds is not None and not self.holds.is_set():
            await asyncio.sleep(0.01)
        if message["msgtype"] != "text" or not text.strip() or len(text.encode()) > TEXT_BYTES:
            raise Objection("not a text, or too long")
        left, ends_at = self._windows.get(person, (0, 0.0))
        if person not in self._followers or self.clock().timestamp() > ends_at:
            return {"errcode": 45015, "errmsg": "response out of time limit"}
        if left <= 0:
            return {"errcode": 45047, "errmsg": "out of response count limit"}
        self._windows[person] = (left - 1, ends_at)
        self.pushed.append((person, text))
        self._hears(person, text)
        return {"errcode": 0, "errmsg": "ok"}

    async def create_menu(self, request: Request) -> Any:
        refused = self._checked(request)
        if refused:
            return refused
        menu = await _body(request)
        _only(menu, "button")
        if not 1 <= len(menu["button"]) <= 3:
            raise Objection("a menu has one to three buttons")
        for button in menu["button"]:
            _only(button, "type", "name", "key")
            if button["type"] != "click" or not 0 < len(button["name"].encode()) <= 16:
                raise Objection(f"{button} is no button")
        self.menus.append(menu["button"])
        return {"errcode": 0, "errmsg": "ok"}

    async def give_media(self, request: Request) -> Any:
        refused = self._checked(request, "media_id")
        if refused:
            return refused
        self.asked_for.append(request.query_params["media_id"])
        found = self.media.get(self.asked_for[-1])
        if found is None:
            return {"errcode": 40007, "errmsg": "invalid media_id"}
        kind, data = found
        return Response(data, media_type=kind)

    def _checked(self, request: Request, *more: str) -> Mapping[str, Any] | None:
        token = request.query_params.get("access_token", "")
        if set(request.query_params) != {"access_token", *more}:
            raise Objection(f"access_token {more} stand in the address, and nothing else")
        if token != self._token or token in self._refused:
            code = 42001 if token in self._refused else 40001
            return {"errcode": code, "errmsg": "access_token expired or invalid"}
        return None

    def close(self) -> None:
        self._is_closing = True


PATHS: dict[tuple[str, str], Callable[[WeChatServer, Request], Awaitable[Any]]] = {
    ("POST", "stable_token"): WeChatServer.give_token,
    ("POST", "message/custom/send"): WeChatServer.send,
    ("GET", "media/get"): WeChatServer.give_media,
    ("POST", "menu/create"): WeChatServer.create_menu,
}


async def _body(request: Request) -> Any:
    raw = await request.body()
    if re.search(rb"\\u[0-9a-fA-F]{4}", raw):
        raise Objection("WeChat shows \\u... as it stands")
    return json.loads(raw.decode())


def _only(given: Any, *names: str) -> None:
    if not isinstance(given, dict) or set(given) != set(names):
        raise Objection(f"fields must be {names}, not {given!r}")


def _refused(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": "refused"})


@dataclass
class Line:
    """The one listening port of a test module; each test has a server of its own behind it."""

    url: str
    server: WeChatServer | None = None

    async def answer(self, request: Request) -> Response:
        assert self.server is not None
        return await self.server.answer(request)

    @contextlib.contextmanager
    def serving(self, clock: Callable[[], datetime]) -> Iterator[WeChatServer]:
        """Serve WeChat's interface while inside; any objection fails at the end."""
        self.server = server = WeChatServer(clock, url=self.url)
        try:
            yield server
        finally:
            server.close()
        assert server.objections == []


@contextlib.contextmanager
def wechat_line() -> Iterator[Line]:
    line = Line("")
    route = Route("/cgi-bin/{path:path}", line.answer, methods=["GET", "POST"])
    with on_loopback(Starlette(routes=[route])) as line.url:
        yield line
