"""The five seconds that WeChat waits: each message is one turn, and each answer arrives once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bot.delivery import RESENT
from domain.conversation import OutboxState
from nlu.interpreter import Heard, Understanding
from tests.bot.loopback import until
from tests.bot.webhouse import House, Keywords, build_house
from tests.bot.wechat_peer import Line, WeChatServer
from tests.bot.wechathouse import YANG, agree, far, kept, near, settled, states


class Slow(Keywords):
    """Takes its time over certain words when they come first."""

    def __init__(self) -> None:
        self.has_read = False

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        if not self.has_read and any("慢" in message.text for message in messages):
            self.has_read = True
            time.sleep(0.5)
        return super().read(messages)


def test_a_message_that_comes_again_has_the_same_answer_and_no_second_turn(
    house: House, wechat: WeChatServer
) -> None:
    number = wechat.number()

    async def go() -> list[str | None]:
        answers = [await wechat.says(YANG, "你好", number) for _ in range(3)]
        await settled(house)
        return answers

    answers = near(house, wechat, go())

    assert len(set(answers)) == 1
    assert answers[0] is not None
    assert kept(house, YANG)[0] == ["-"]
    assert states(house, YANG) == ["sent"]
    assert wechat.pushed == []


def test_an_event_that_comes_again_has_the_same_answer_and_no_second_turn(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> list[str | None]:
        event = wechat.message(YANG, "event", None, False, Event="subscribe", EventKey="")
        return [await wechat.brings(YANG, event) for _ in range(2)]

    answers = near(house, wechat, go())

    assert answers[0] == answers[1] is not None
    assert len(kept(house, YANG)[0]) == 1


def test_a_turn_longer_than_wechat_waits_is_answered_when_it_asks_again(
    line: Line, tmp_path: Path
) -> None:
    house = build_house(tmp_path, Slow())
    with line.serving(house.clock) as wechat, far(house, wechat, answer_seconds=0.3):
        wechat.patience = 0.4

        async def go() -> str | None:
            await agree(wechat, YANG)
            return await wechat.says(YANG, "慢慢说")

        answer = asyncio.run(go())

    heard, words = kept(house, YANG)
    house.writer.close()
    assert answer is not None
    assert heard.count("慢慢说") == 1
    assert [word.state for word in words] == [OutboxState.SENT] * len(words)
    assert wechat.pushed == []


def test_a_turn_longer_than_all_of_wechats_patience_is_answered_by_a_message_of_its_own(
    line: Line,
    tmp_path: Path,
) -> None:
    house = build_house(tmp_path, Slow())
    with line.serving(house.clock) as wechat, far(house, wechat, answer_seconds=0.1):
        wechat.patience = 0.12

        async def go() -> None:
            await agree(wechat, YANG)
            await wechat.says(YANG, "慢慢说")
            await until(lambda: "queued" in states(house, YANG))
            house.clock.pass_by(seconds=6)
            await settled(house)

        asyncio.run(go())

    heard, words = kept(house, YANG)
    house.writer.close()
    said = [word.text for word in words[-len(wechat.pushed) :]]
    assert heard.count("慢慢说") == 1
    assert wechat.pushed
    assert [text.startswith(word) for (_, text), word in zip(wechat.pushed, said, strict=True)]
    assert {word.state for word in words} == {OutboxState.SENT}


async def drop_once_answered(wechat: WeChatServer, message: dict[str, Any]) -> None:
    """Bring a message and drop the line before the answer can be written."""
    query, body = wechat.signed_message(message)
    port = httpx.URL(wechat.callback).port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    target = str(httpx.URL("/wechat", params=query))
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def test_an_answer_that_did_not_get_through_is_given_again_and_nothing_comes_twice(
    line: Line,
    tmp_path: Path,
) -> None:
    house = build_house(tmp_path, Slow())
    with line.serving(house.clock) as wechat, far(house, wechat):

        async def go() -> None:
            await agree(wechat, YANG)
            message = wechat.message(YANG, "text", Content="慢慢说")
            await drop_once_answered(wechat, message)
            await until(lambda: "慢慢说" in kept(house, YANG)[0])
            assert await wechat.brings(YANG, message) is not None
            house.clock.pass_by(seconds=30)
            await settled(house)

        asyncio.run(go())

    words = kept(house, YANG)[1]
    house.writer.close()
    assert {word.state for word in words} == {OutboxState.SENT}
    assert wechat.pushed == []


def test_an_answer_that_nobody_asks_for_again_is_sent_by_the_outbox(
    line: Line, tmp_path: Path
) -> None:
    house = build_house(tmp_path, Slow())
    with line.serving(house.clock) as wechat, far(house, wechat):

        async def go() -> None:
            await agree(wechat, YANG)
            await drop_once_answered(wechat, wechat.message(YANG, "text", Content="慢慢说"))
            await until(lambda: "慢慢说" in kept(house, YANG)[0])
            await asyncio.sleep(0.1)
            assert wechat.pushed == []
            house.clock.pass_by(seconds=30)
            await until(lambda: bool(wechat.pushed))
            await settled(house)

        asyncio.run(go())

    words = kept(house, YANG)[1]
    house.writer.close()
    assert [text.removeprefix(RESENT).split("\n1.")[0] for _, text in wechat.pushed] == [
        words[-1].text
    ] * len(wechat.pushed)
    assert {word.state for word in words} == {OutboxState.SENT}
