"""What stands before every page: headers, body size, where a request comes from, budgets."""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from time import monotonic
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAME_SITE = frozenset({"same-origin", "none"})
SENTENCES = {
    400: "这条内容没有读懂，请刷新页面再试一次。",
    403: "这个请求不是从本页面发出的，请刷新页面再试一次。",
    404: "没有这个页面，请回到首页。",
    405: "这个页面不能这样打开，请回到首页。",
    408: "传得太慢，没有收全，请到信号好的地方再发一次。",
    409: "现在不能换手机。要帮忙，请回去按“找真人帮忙”。",
    410: "这段谈话已经换到另一台设备上继续。如果不是你换的，请打12348问，或者到综治中心说。",
    413: "内容太长，请分成几条来发。",
    415: "发来的格式不对，请刷新页面再试一次。",
    429: "你发得有点快，请等一分钟再发；有急事请直接打110。",
    500: "我们这边出了问题，请过一会儿再试；有急事请打110或12348。",
    503: "现在人很多，这条没有收下，请过一分钟再发；有急事请打110或12348。",
}
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
PRIVATE = {"cache-control": "no-store"}
DATA_HEADERS = PRIVATE | {  # the few that mean something on JSON: each costs on every turn
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
STATIC, DATA = "/static/", "/chat/"
BODY_SECONDS = 60.0  # for a short body over a bad line
RETRY_SECONDS = b"60"
SHED = frozenset({429, 503})
_Pairs = list[tuple[bytes, bytes]]


def fault(status: int) -> HTTPException:
    """Return the exception that answers with the sentence of `status`."""
    return HTTPException(status, SENTENCES[status])


class SafeHeaders:
    """Adds the security headers to every response; pages are never cached, static files are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _headers_for(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].extend(headers)
                if message["status"] in SHED:
                    message["headers"].append((b"retry-after", RETRY_SECONDS))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _pairs(headers: Mapping[str, str]) -> _Pairs:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


_STATIC_PAIRS, _PAGE_PAIRS = _pairs(HEADERS), _pairs(HEADERS | PRIVATE)
_DATA_PAIRS = _pairs(DATA_HEADERS)


def _headers_for(path: str) -> _Pairs:
    if path.startswith(DATA):
        return _DATA_PAIRS
    return _STATIC_PAIRS if path.startswith(STATIC) else _PAGE_PAIRS


class Ours:
    """Refuses whatever changes something and was sent by another site's page."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request], Response]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer that it is refused."""
        app = self._app
        if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}:
            app = app if is_from_here(scope) else self._refuse(Request(scope))
        await app(scope, receive, send)


def is_from_here(scope: Scope) -> bool:
    """Whether no other site's page sent this request, as far as the browser says.

    Browsers send Sec-Fetch-Site; older ones send Origin, which is `null` on forms of a page that
    sends no referrer: those are held by the form's token. Programs send neither and hold no cookie
    that could be abused.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site.decode("latin-1") in SAME_SITE
    origin = headers.get(b"origin", b"null").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return origin == "null" or _names(origin, host)


def _names(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # no address at all
        return False


def limited(request: Request, limit: int, seconds: float = BODY_SECONDS) -> Request:
    """Return the request with a body of at most `limit` bytes; more is answered with 413.

    What does not come in time is answered with 408, and the line is closed.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > limit:
        raise fault(413)
    received = 0
    ends_at = asyncio.get_running_loop().time() + seconds

    async def receive() -> Message:
        nonlocal received
        try:
            async with asyncio.timeout_at(ends_at):
                message = await request.receive()
        except TimeoutError:
            raise HTTPException(408, headers={"connection": "close"}) from None
        received += len(message.get("body", b""))
        if received > limit:
            raise fault(413)
        return message

    return Request(request.scope, receive)


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


class Budget:
    """So many in a span for each key; remembers a bounded number of keys, the latest ones."""

    def __init__(
        self,
        most: int,
        seconds: float = 60.0,
        keys: int = 20_000,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._most = float(most)
        self._a_second = most / seconds
        self._keys = keys
        self._clock = clock
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str) -> bool:
        """Take one from the key's budget; False where nothing is left. It fills up steadily."""
        now = (self._clock or monotonic)()
        left, at = self._spent.pop(key, (self._most, now))
        left = min(self._most, left + (now - at) * self._a_second)
        has_left = left >= 1
        self._spent[key] = (left - 1 if has_left else left, now)
        if len(self._spent) > self._keys:
            self._spent.popitem(last=False)
        return has_left
