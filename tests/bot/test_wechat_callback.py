"""What comes to the callback's address without being WeChat's own, or broken."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels.wechat import open_wechat
from bot.channels.wechat_callback import BODY_LIMIT, fields_of, reply_xml
from bot.web import build_web
from tests.bot.webhouse import House, build_house
from tests.bot.wechat_peer import WeChatServer
from tests.bot.wechat_sealing import ACCOUNT, sealed_by_wechat, sha1, xml_of
from tests.bot.wechathouse import YANG, kept, with_wechat
from tests.conftest import NOW

CANARY = "kanarienvogel"


class Address:
    """The callback's address, and the house behind it."""

    def __init__(self, house: House) -> None:
        self.house = house
        routes = open_wechat(house, ACCOUNT, "http://127.0.0.1:9").routes
        self._line = httpx.ASGITransport(Starlette(routes=routes), raise_app_exceptions=False)

    def asked(self, method: str, query: Any, body: bytes = b"") -> httpx.Response:
        return asyncio.run(self.ask(method, query, body))

    async def ask(self, method: str, query: Any, body: bytes = b"") -> httpx.Response:
        async with httpx.AsyncClient(transport=self._line, base_url="http://house") as client:
            return await client.request(method, "/wechat", params=query, content=body)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    house = build_house(tmp_path_factory.mktemp("wechat"))
    yield Address(house)
    house.writer.close()


@pytest.fixture
def wechat(address: Address) -> WeChatServer:
    return WeChatServer(address.house.clock)


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert CANARY not in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.status_code, answer.text


def text_message(wechat: WeChatServer, **more: Any) -> str:
    return xml_of(wechat.message(YANG, "text", Content=CANARY) | more)


def test_the_address_is_proven_to_wechat_and_to_nobody_else(
    address: Address, wechat: WeChatServer
) -> None:
    query, _ = wechat.signed("<xml/>")
    query["echostr"] = CANARY

    assert address.asked("GET", query).text == CANARY
    assert refused(address.asked("GET", query | {"signature": "0" * 40})) == (403, "forged")
    assert refused(address.asked("GET", query | {"nonce": "other"})) == (403, "forged")
    assert refused(address.asked("GET", {})) == (400, "broken")
    assert refused(address.asked("GET", query | {"echostr": f"<b>{CANARY}"})) == (400, "broken")


def test_a_message_signed_by_nobody_who_knows_the_token_is_refused(
    address: Address, wechat: WeChatServer
) -> None:
    query, body = wechat.signed(text_message(wechat))
    other = wechat.signed(text_message(wechat))[1]

    assert refused(address.asked("POST", query, other)) == (403, "forged")
    for name in ("msg_signature", "nonce", "timestamp"):
        assert refused(address.asked("POST", query | {name: "1" * 40}, body))[0] in {400, 403}
    without = {name: value for name, value in query.items() if name != "msg_signature"}
    assert refused(address.asked("POST", without, body)) == (403, "forged")
    assert kept(address.house, YANG) == ([], [])


def test_the_signature_of_the_open_mode_opens_nothing(
    address: Address, wechat: WeChatServer
) -> None:
    query, body = wechat.signed(text_message(wechat))
    forged = query | {"msg_signature": query["signature"]}

    assert refused(address.asked("POST", forged, body)) == (403, "forged")
    assert refused(address.asked("POST", query, text_message(wechat).encode())) == (400, "broken")


@pytest.mark.parametrize("late", [-301, 301, 10**9])
def test_a_message_from_outside_the_replay_window_is_refused(
    address: Address, wechat: WeChatServer, late: int
) -> None:
    at = int(address.house.clock().timestamp()) + late

    answer = address.asked("POST", *wechat.signed(text_message(wechat), at))

    assert refused(answer) == (403, "stale")


def test_a_message_for_another_account_is_refused(address: Address, wechat: WeChatServer) -> None:
    sealed = sealed_by_wechat(text_message(wechat), "wxffffffffffffffff")
    query, _ = wechat.signed("")
    query["msg_signature"] = sha1(ACCOUNT.token, query["timestamp"], query["nonce"], sealed)

    answer = address.asked("POST", query, xml_of({"Encrypt": sealed}).encode())

    assert refused(answer) == (400, "broken")


@pytest.mark.parametrize("sealed", ["x", "AAAA", "A" * 64, "=", "A" * 44, "é" * 20, "A" * 63 + "="])
def test_what_cannot_be_deciphered_is_refused_though_it_is_signed(
    address: Address, wechat: WeChatServer, sealed: str
) -> None:
    query, _ = wechat.signed("")
    query["msg_signature"] = sha1(ACCOUNT.token, query["timestamp"], query["nonce"], sealed)

    answer = address.asked("POST", query, xml_of({"Encrypt": sealed}).encode())

    assert refused(answer) == (400, "broken")


def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    address: Address, wechat: WeChatServer
) -> None:
    query, _ = wechat.signed("")

    answer = address.asked("POST", query, b"<" * (BODY_LIMIT + 1))

    assert refused(answer) == (413, "large")


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
PROLOGUES = {
    "type": "<!DOCTYPE xml>",
    "entity": '<!DOCTYPE xml [<!ENTITY a "x">]>',
    "laughs": f'<!DOCTYPE xml [<!ENTITY a0 "ha">{LAUGHS}]>',
    "outside": '<!DOCTYPE xml SYSTEM "file:///etc/passwd">',
    "text": "words before ",
    "nul": "\0",
}
ADDITIONS = {
    "deep": "<a>" * 5_000 + "</a>" * 5_000,
    "many": "".join(f"<a{n}/>" for n in range(3_000)),
    "open": "<a>",
    "unknown entity": "<a>&b;</a>",
}


def odd_xml(xml: str) -> dict[str, str]:
    """Return what WeChat would send, each with one thing in it that WeChat never sends."""
    before = {name: f"{odd}{xml}" for name, odd in PROLOGUES.items()}
    inside = {name: xml.replace("</xml>", f"{odd}</xml>") for name, odd in ADDITIONS.items()}
    return before | inside


@pytest.mark.parametrize("name", [*PROLOGUES, *ADDITIONS])
def test_xml_that_wechat_never_sends_is_refused_outside_and_inside(
    address: Address, wechat: WeChatServer, name: str
) -> None:
    query, body = wechat.signed(text_message(wechat))
    outside = odd_xml(body.decode())[name].encode()
    inside = wechat.signed(odd_xml(text_message(wechat))[name])

    assert refused(address.asked("POST", query, outside)) == (400, "broken")
    assert refused(address.asked("POST", *inside)) == (400, "broken")
    assert kept(address.house, YANG) == ([], [])


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml>", b"<xml/>", b"\xff\xfe<\x00x\x00"])
def test_a_body_that_is_no_envelope_is_refused(
    address: Address, wechat: WeChatServer, body: bytes
) -> None:
    query, _ = wechat.signed("")

    assert refused(address.asked("POST", query, body)) == (400, "broken")


@pytest.mark.parametrize("text", ["]]><x>", "a & b < c", "]]]]>]]>", "\x07\x1b铃\ud800", "一\n二"])
def test_nobodys_words_can_end_the_field_they_stand_in(text: str) -> None:
    xml = reply_xml(YANG, "gh_1", text, NOW)

    fields = fields_of(xml.encode())

    assert set(fields) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}
    assert fields["Content"] == re.sub(r"[\x07\x1b\ud800]", "", text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"FromUserName": "../../etc"},
        {"FromUserName": ""},
        {"FromUserName": "o" * 65},
        {"MsgId": "one"},
        {"MsgId": "1" * 25},
        {"MsgId": "٣"},
        {"MsgType": "event", "Event": "subscribe", "CreateTime": "now"},
        {"MsgType": "event", "Event": "unsubscribe", "CreateTime": "-1"},
        {"MsgType": "event", "Event": "unsubscribe", "FromUserName": "<x>"},
    ],
)
def test_fields_of_another_form_are_refused_without_being_shown(
    address: Address, wechat: WeChatServer, wrong: dict[str, str]
) -> None:
    answer = address.asked("POST", *wechat.signed(text_message(wechat, **wrong)))

    assert refused(answer) == (400, "broken")


def test_no_noise_is_ever_a_fault_of_ours(address: Address, wechat: WeChatServer) -> None:
    dice = random.Random(4)

    async def go() -> set[int]:
        statuses = set()
        for _ in range(200):
            query, body = wechat.signed(text_message(wechat))
            noise = bytearray(body)
            for _ in range(dice.randint(0, 20)):
                noise[dice.randrange(len(noise))] = dice.randrange(256)
            name = dice.choice(["timestamp", "nonce", "msg_signature"])
            signs = (chr(dice.randrange(1, 0x3000)) for _ in range(dice.randint(0, 60)))
            answer = await address.ask("POST", query | {name: "".join(signs)}, bytes(noise))
            statuses.add(answer.status_code)
            assert answer.text in {"broken", "forged"}
        return statuses

    assert asyncio.run(go()) == {400, 403}
    assert kept(address.house, YANG) == ([], [])


def test_the_callback_stands_on_the_one_port_with_the_web_chat(tmp_path: Path) -> None:
    house = with_wechat(build_house(tmp_path))
    wechat = WeChatServer(house.clock, callback="http://house/wechat")
    wechat.line = httpx.ASGITransport(build_web(house))

    answer = asyncio.run(wechat.says(YANG, "你好"))

    house.writer.close()
    assert answer is not None
    assert answer.endswith("2. 不同意")
