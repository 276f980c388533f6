"""Hostile updates, posts and files to each way in, with all that an insider could know."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, urlencode
from xml.sax.saxutils import escape

from tests.bot.wechat_sealing import ACCOUNT, GH, sealed_by_wechat, sha1
from tests.hostile.payloads import MARK, Payloads
from tests.hostile.serve import SECRET
from tests.hostile.town import JSON, Town
from tests.hostile.wire import Attempt, Pairs

FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
OCTETS = (b"Content-Type", b"application/octet-stream")
CONSOLE = ("setup", "sign-in", "sign-out", "find", "conversations/x/teach", "cases/1/invitation")
STARTS = (b"/static/", b"/", b"/console/", b"/static/../", b"//", b"/chat/")
SENT = ("text", "text", "text", "location", "voice", "photo", "contact", "poll")
BILLION_LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "kanari7f3"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<xml><Content>&b;</Content></xml>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>'


class Attacks:
    """Makes one attack after the other, each way in as often as its weight says."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town = town
        self._payloads = Payloads(seed)
        self._random = self._payloads.random
        self._repeated: list[Attempt] = []
        ways: dict[Callable[[], Attempt], int] = {
            self._message: 24,
            self._chat_form: 12,
            self._file: 3,
            self._telegram: 16,
            self._wechat: 14,
            self._console: 10,
            self._code: 4,
            self._address: 7,
            self._line: 5,
            self._health: 2,
            self._replay: 5,
        }
        self._ways, self._weights = list(ways), list(ways.values())
        self._first = list(ways)

    def following(self) -> Attempt:
        """Return the next attack; the first ones are one of each kind."""
        made = self._way()()
        if self._random.random() < 0.1 and len(made.body) < 20_000:
            self._repeated = [*self._repeated[-50:], made]
        return made

    def _way(self) -> Callable[[], Attempt]:
        if self._first:
            return self._first.pop()
        return self._random.choices(self._ways, self._weights)[0]

    # the web chat

    def _message(self) -> Attempt:
        told: dict[str, Any] = {"id": self._payloads.name()}
        told[self._random.choice(("text", "text", "text", "choice"))] = self._payloads.text()
        if self._random.random() < 0.3:
            told[self._random.choice((*told, MARK, "__proto__"))] = self._payloads.value()
        if self._random.random() < 0.05:
            told.pop(self._random.choice(tuple(told)))
        body = self._payloads.json(told)
        return Attempt("message", b"POST", b"/chat/messages", (JSON, *self._visitor()[0]), body)

    def _chat_form(self) -> Attempt:
        headers, token = self._visitor()
        fields = {"id": self._payloads.name(), "token": token, "text": self._payloads.text()}
        if self._random.random() < 0.3:
            fields[self._random.choice((*fields, "choice", MARK))] = self._payloads.text()
        target = self._random.choice((b"/", b"/", b"/resume/code", b"/resume"))
        if self._random.random() < 0.5:
            body = urlencode(fields, errors="surrogatepass").encode()
            return Attempt("form", b"POST", target, (FORM, *headers), body)
        kind, body = self._multipart(fields)
        return Attempt("form", b"POST", target, (kind, *headers), body)

    def _multipart(self, fields: dict[str, str]) -> tuple[tuple[bytes, bytes], bytes]:
        """Return a multipart form, here and there with too much of something, or cut."""
        edge = self._random.choice((b"b", b"-" * 60, b"b" * 300, b"a b", b""))
        parts = [
            b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (edge, name.encode(), value.encode("utf-8", "surrogatepass"))
            for name, value in fields.items()
        ]
        kind = self._random.random()
        if kind < 0.1:
            parts *= 40
        elif kind < 0.2:
            parts.append(b"--%s\r\n%s: a\r\n\r\n\r\n" % (edge, b"x" * 9_000))
        elif kind < 0.3:
            name = b'name="file"; filename="..\\..\\%s.php"; filename*=utf-7\'\'a' % MARK.encode()
            about = b"Content-Disposition: form-data; %s\r\nContent-Type: text/html" % name
            parts.append(b"--%s\r\n%s\r\n\r\n%s\r\n" % (edge, about, self._payloads.raw()))
        body = b"".join([*parts, b"--%s--\r\n" % edge])
        if self._random.random() < 0.2:
            body = body[: self._random.randint(0, len(body))]
        return (b"Content-Type", b"multipart/form-data; boundary=" + edge), body

    def _file(self) -> Attempt:
        headers, _ = self._visitor()
        kind = self._random.choice(("photo", "voice", "video", "file", self._payloads.word()))
        query = urlencode({"id": self._payloads.name(), "kind": kind}, errors="surrogatepass")
        target = b"/chat/files?" + query.encode()
        return Attempt("file", b"POST", target, (OCTETS, *headers), self._payloads.file())

    def _visitor(self) -> tuple[Pairs, str]:
        kind = self._random.random()
        if kind < 0.05:
            return (), ""
        if kind < 0.1:
            garbage = self._payloads.raw()[:2_000].translate(None, bytes(range(32)) + b"\x7f")
            return ((b"Cookie", b"hejie_chat=" + garbage),), ""
        visitor = self._random.choice(self._town.visitors)
        return ((b"Cookie", visitor.cookie),), visitor.token

    # messengers

    def _telegram(self) -> Attempt:
        secret = SECRET if self._random.random() < 0.9 else self._payloads.word()
        given = secret.encode("utf-8", "surrogatepass").translate(None, b"\r\n\0") or b"x"
        headers = ((b"X-Telegram-Bot-Api-Secret-Token", given), JSON)
        body = self._payloads.json(self._update())
        return Attempt("telegram", b"POST", b"/telegram", headers, body)

    def _update(self) -> Any:
        number = self._random.randint(1, 2**40)
        chat = {"id": self._random.randint(1, 60), "type": "private", "first_name": "杨"}
        message: dict[str, Any] = {"message_id": number, "date": 1_700_000_000, "chat": chat}
        message |= {
            "from": {"id": chat["id"], "is_bot": False, "first_name": self._payloads.word()}
        }
        what = self._random.choice(
            ("text", "text", "location", "voice", "photo", "contact", "poll")
        )
        message[what] = self._payloads.text() if what == "text" else self._payloads.value()
        if self._random.random() < 0.4:
            message[self._random.choice(tuple(message))] = self._payloads.value()
        kind = self._random.random()
        if kind < 0.15:
            query = {"id": "1", "from": message["from"], "chat_instance": "1", "message": message}
            return {"update_id": number, "callback_query": query | {"data": self._payloads.text()}}
        if kind < 0.25:
            return {"update_id": self._payloads.value(), "message": message}
        if kind < 0.3:
            return self._payloads.value()
        name = self._random.choice(("message", "message", "message", "edited_message", MARK))
        return {"update_id": number, name: message}

    def _wechat(self) -> Attempt:
        xml = self._xml()
        sealed = sealed_by_wechat(xml) if self._random.random() < 0.95 else self._payloads.name()
        at = str(int(time.time()) - self._random.choice((0, 0, 0, 0, 3_600, -3_600)))
        nonce = self._payloads.name()
        signature = sha1(ACCOUNT.token, at, nonce, sealed)
        if self._random.random() < 0.1:
            signature = self._random.choice(("0" * 40, signature.upper(), "", "签" * 40))
        query = {"timestamp": at, "nonce": nonce, "msg_signature": signature}
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode()
        if self._random.random() < 0.1:
            body = self._random.choice((xml.encode("utf-8", "replace"), self._payloads.raw()))
        return Attempt("wechat", b"POST", f"/wechat?{urlencode(query)}".encode(), (), body)

    def _xml(self) -> str:
        if self._random.random() < 0.05:
            return self._random.choice((BILLION_LAUGHS, OUTSIDE, "<a>" * 5_000, ""))
        fields = {
            "ToUserName": GH,
            "FromUserName": f"oHostile_{self._random.randint(1, 60):020d}",
            "CreateTime": int(time.time()),
            "MsgType": self._random.choice(("text", "text", "event", "location", "image", "voice")),
            "MsgId": self._random.randint(1, 2**60),
            "Content": self._payloads.text(),
            "Event": self._random.choice(("CLICK", "subscribe", "SCAN", self._payloads.word())),
            "EventKey": self._payloads.word(),
            "Location_X": self._random.choice(("23.4", "nan", "1e400", self._payloads.word())),
            "Location_Y": "104.6",
            "Recognition": self._payloads.text(),
        }
        if self._random.random() < 0.4:
            fields[self._random.choice(tuple(fields))] = self._payloads.word()
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
        return f"<xml>{inner}</xml>".encode("utf-8", "replace").decode()

    # the console and the rest

    def _console(self) -> Attempt:
        cookie, token = self._town.visit()
        if self._random.random() < 0.3:
            garbage = self._payloads.raw()[:1_000].translate(None, bytes(range(32)) + b"\x7f;")
            cookie = b"hejie_console=" + (garbage if self._random.random() < 0.5 else cookie[20:])
        names = ("who", "password", "again", "code", "message", "intent", "dispute_type", "wanted")
        fields = {"token": token if self._random.random() < 0.8 else self._payloads.text()}
        fields |= {name: self._payloads.text() for name in self._random.sample(names, 4)}
        page = self._random.choice((*CONSOLE, "tasks/1/done"))
        body = urlencode(fields, errors="surrogatepass").encode()
        headers = ((b"Cookie", cookie), FORM)
        return Attempt("console", b"POST", b"/console/" + page.encode(), headers, body)

    def _code(self) -> Attempt:
        code = self._payloads.word().encode("utf-8", "surrogatepass")
        path = (
            self._random.choice((b"/i/", b"/mine/", b"/e/")) + quote_from_bytes(code, "").encode()
        )
        method = self._random.choice((b"GET", b"POST")) if path[1:2] != b"i" else b"GET"
        return Attempt("code", method, path, (FORM,) if method == b"POST" else ())

    def _address(self) -> Attempt:
        word = self._payloads.word().encode("utf-8", "surrogatepass")
        start = self._random.choice(
            (b"/static/", b"/", b"/console/", b"/static/../", b"//", b"/chat/")
        )
        path = start + quote_from_bytes(word, "/.%").encode()
        headers = (*self._visitor()[0], *self._odd_headers())
        method = self._random.choice((b"GET", b"HEAD", b"PUT", b"OPTIONS", b"DELETE", b"TRACE"))
        return Attempt("address", method, path, headers)

    def _odd_headers(self) -> Pairs:
        count = self._random.choice((0, 1, 5, 300))
        value = self._payloads.raw()[:60].translate(None, bytes(range(32)) + b"\x7f")
        names = (b"X-Forwarded-For", b"Host", b"Origin", b"Range", b"Accept-Language", b"X-Odd")
        return tuple((self._random.choice(names), value) for _ in range(count))

    def _health(self) -> Attempt:
        path = self._random.choice((b"/healthz", b"/readyz", b"/metrics"))
        method = self._random.choice((b"GET", b"POST", b"DELETE"))
        return Attempt("health", method, path + b"?" + MARK.encode(), body=self._payloads.raw())

    def _replay(self) -> Attempt:
        return self._random.choice(self._repeated) if self._repeated else self._message()

    def _line(self) -> Attempt:
        """Return what is no honest HTTP: cut, doubled, endless, slow, smuggled, foreign."""
        post = b"POST /chat/messages HTTP/1.1\r\nHost: a\r\n"
        kind = self._random.randint(0, 11)
        slow = tuple(bytes([byte]) for byte in b'{"id":"slow0000","text":"hi"}')
        if kind == 0:
            return Attempt("line", b"POST", b"/chat/messages", (JSON,), chunks=slow, pause=0.02)
        raw = (
            b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X-Odd: " + b"a" * 200_000,
            post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics",
            post + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
            post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
            post + b"Content-Length: -1\r\n\r\n",
            post + b"Content-Length: 99999999999999999999999\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + self._random.randbytes(300),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            b"GET http://%s.example/ HTTP/1.0\r\nX: \x00\r\n\r\n" % MARK.encode(),
            self._random.randbytes(400) + b"\r\n\r\n",
        )[kind]
        return Attempt("line", raw=raw, is_http=False)
