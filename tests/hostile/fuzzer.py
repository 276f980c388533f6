"""Requests to every route that an application has, whatever it is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, quote_from_bytes, urlencode

from tests.hostile.payloads import Payloads
from tests.hostile.town import Town
from tests.hostile.wire import Attempt, Pairs

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND")
COMMON = (
    "id",
    "text",
    "choice",
    "token",
    "message",
    "page",
    "after",
    "large",
    "day",
    "kind",
    "code",
)
PLAIN = b"application/x-www-form-urlencoded"
KINDS = ("photo", "voice", "video", "file")
WHOLE = ("0", "1", "7", "100001", "9223372036854775808", "9" * 30, "9" * 5_000, "-1", "٣")
TYPES = (
    *("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"),
    *("application/octet-stream", "text/xml", "text/plain", "", "application/json; charset=utf-16"),
    *("multipart/form-data", "multipart/form-data; boundary=b; charset=unicode_escape"),
    'a/b;;=;"',
    *("multipart/form-data; boundary=b; charset=undefined", "image/svg+xml", "application/zip"),
)
_PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")


class Fuzzer:
    """Makes requests by the route's own path and methods, and by what pages have told."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town = town
        self._payloads = Payloads(seed)
        self._random = self._payloads.random
        self._names = sorted(town.names | set(COMMON))
        self._known = sorted(town.known)
        self._turns = self._round()

    def following(self) -> Attempt:
        """Return the next request; each round goes through every route."""
        return next(self._turns)

    def _round(self) -> Iterator[Attempt]:
        """Yield a plain request to each route and method, then hostile ones without end."""
        for path, methods in self._town.routes:
            for method in methods:
                yield self._plain(path, method.encode())
        while True:
            for path, methods in self._town.routes:
                own = [method.encode() for method in methods if method != "HEAD"]
                for method in (*own, self._random.choice(METHODS)):
                    yield self._request(path, method)

    def _plain(self, path: str, method: bytes) -> Attempt:
        cookies, token = self._insider(path)
        target = _PARAMETER.sub(lambda found: "7" if found[2] else "chat.css", path).encode()
        headers = ((b"Cookie", cookies), (b"Content-Type", PLAIN))
        body = b"" if method in {b"GET", b"HEAD"} else urlencode({"token": token}).encode()
        return Attempt(path, method, target, headers, body)

    def _request(self, path: str, method: bytes) -> Attempt:
        cookies, token = self._cookies(path)
        kind, body = self._body(token) if method not in {b"GET", b"HEAD"} else ("", b"")
        headers = self._headers(cookies, kind)
        target = self._path(path) + self._query()
        if body and self._random.random() < 0.15:
            half = len(body) // 2
            return Attempt(path, method, target, headers, chunks=(body[:half], body[half:]))
        return Attempt(path, method, target, headers, body)

    def _path(self, path: str) -> bytes:
        made = _PARAMETER.sub(lambda found: self._parameter(found[2] or "str"), path)
        if self._random.random() < 0.05:
            made += self._random.choice(("/", "//", "/../", "%00", "/.", ";a=b", "%2e%2e%2f"))
        return made.encode()

    def _parameter(self, convertor: str) -> str:
        if convertor in {"int", "number"} and self._random.random() < 0.8:
            return quote(self._random.choice(WHOLE))
        if self._random.random() < 0.5:
            return quote(self._random.choice(self._known))
        safe = "/" if convertor == "path" else ""
        word = self._payloads.word().encode("utf-8", "surrogatepass")
        return quote_from_bytes(word, safe=safe) or "-"

    def _query(self) -> bytes:
        if self._random.random() < 0.5:
            return b""
        given = [(self._name(), self._value("")) for _ in range(self._random.randint(1, 5))]
        made = urlencode(given, errors="surrogatepass")
        return b"?" + made[:4_000].encode()

    def _name(self) -> str:
        return (
            self._random.choice(self._names)
            if self._random.random() < 0.8
            else self._payloads.word()
        )

    def _value(self, token: str) -> str:
        kind = self._random.random()
        if kind < 0.15:
            return self._random.choice(self._known)
        if kind < 0.3:
            return self._payloads.name() if kind < 0.22 else self._random.choice(KINDS)
        return token if kind < 0.35 and token else self._payloads.text()

    def _cookies(self, path: str) -> tuple[bytes, str]:
        """Return the cookies of a visitor, of somebody signed in, of nobody, or garbage."""
        kind = self._random.random()
        if kind < 0.2:
            return b"", ""
        if kind < 0.3:
            garbage = _one_line(self._payloads.raw()[:500])
            return b"hejie_chat=" + garbage + b"; hejie_console=" + garbage, ""
        return self._insider(path)

    def _insider(self, path: str) -> tuple[bytes, str]:
        if path.startswith("/console"):
            return self._town.visit()
        visitor = self._random.choice(self._town.visitors)
        return visitor.cookie, visitor.token

    def _headers(self, cookies: bytes, kind: str) -> Pairs:
        pairs = [(b"Cookie", cookies)] if cookies else []
        if kind:
            pairs.append((b"Content-Type", kind.encode()))
        for name in (b"Origin", b"Host", b"Sec-Fetch-Site", b"Last-Event-ID", b"Range", b"Accept"):
            if self._random.random() < 0.04:
                pairs.append((name, self._header_value()))
        return tuple(pairs)

    def _header_value(self) -> bytes:
        odd = (
            b"http://[::1",
            b"null",
            b"same-origin",
            b"cross-site",
            b"bytes=9-1",
            b"bytes=a",
            b"\xff",
        )
        if self._random.random() < 0.6:
            return self._random.choice(odd)
        return _one_line(self._payloads.raw()[:300])

    def _body(self, token: str) -> tuple[str, bytes]:
        """Return a type and a body that mostly belong together, with the fields of our forms."""
        kind = self._random.random()
        fields = {self._name(): self._value(token) for _ in range(self._random.randint(0, 9))}
        if token and kind < 0.75:
            fields["token"] = token
        if kind < 0.3:
            return TYPES[1], urlencode(fields, errors="surrogatepass").encode()
        if kind < 0.55:
            sort = self._random.choice((TYPES[2], TYPES[9], TYPES[11]))
            return sort, self._multipart(fields)
        if kind < 0.8:
            told = self._random.choice(("text", "choice", self._name()))
            wanted = {"id": self._payloads.name(), told: self._payloads.value()}
            return TYPES[0], self._payloads.json(wanted)
        if kind < 0.85:
            return TYPES[3], self._payloads.file()
        return self._random.choice(TYPES), self._payloads.raw()

    def _multipart(self, fields: dict[str, str]) -> bytes:
        parts = []
        for name, value in fields.items():
            file = '; filename="../../a.php"' if self._random.random() < 0.1 else ""
            quoted = _one_line(name.encode("utf-8", "surrogatepass")).replace(b'"', b"")
            data = value.encode("utf-8", "surrogatepass")
            if self._random.random() < 0.1:
                data = b"\\ud800" + data
            parts.append(
                b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
                % (quoted, file.encode(), data)
            )
        made = b"".join([*parts, b"--b--\r\n"])
        if self._random.random() < 0.15:
            place = self._random.randint(0, len(made))
            return made[:place] + self._random.randbytes(9) + made[place:]
        return made


def _one_line(data: bytes) -> bytes:
    return data.translate(None, bytes(range(32)) + b"\x7f")
