"""The five seconds that WeChat waits: each message is one turn, and each answer arrives once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.delivery import RESENT
from domain.conversation import OutboxState
from nlu.interpreter import Heard, Understanding
from tests.bot.loopback import PATIENCE_SECONDS, until
from tests.bot.webhouse import House, Keywords, build_house
from tests.bot.wechat_peer import Line, WeChatServer
from tests.bot.wechathouse import YANG, agree, far, kept, near, settled, states


class Slow(Keywords):
    """Takes as long over certain words as it is told to."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        if any("慢" in message.text for message in messages):
            assert self.goes_on.wait(PATIENCE_SECONDS)
        return super().read(messages)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def slow_house(tmp_path: Path, slow: Slow) -> Iterator[House]:
    house = build_house(tmp_path, slow)
    yield house
    slow.goes_on.set()
    house.writer.close()


@pytest.fixture
def slow_wechat(line: Line, slow_house: House) -> Iterator[WeChatServer]:
    with line.serving(slow_house.clock) as wechat, far(slow_house, wechat):
        yield wechat


def have_come(house: House, count: int) -> Callable[[], bool]:
    """Whether so many callbacks of one message wait in the house for its one turn."""
    return lambda: house.lanes.waiting == count


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
    slow_house: House, slow_wechat: WeChatServer, slow: Slow
) -> None:
    async def go() -> str | None:
        await agree(slow_wechat, YANG)
        slow_wechat.gives_up = [have_come(slow_house, 1)]
        saying = asyncio.create_task(slow_wechat.says(YANG, "慢慢说"))
        await until(have_come(slow_house, 2))
        slow.goes_on.set()
        answer = await saying
        await settled(slow_house)
        return answer

    answer = asyncio.run(go())

    heard, words = kept(slow_house, YANG)
    assert answer is not None
    assert heard.count("慢慢说") == 1
    assert [word.state for word in words] == [OutboxState.SENT] * len(words)
    assert slow_wechat.pushed == []


def test_a_turn_longer_than_all_of_wechats_patience_is_answered_by_a_message_of_its_own(
    slow_house: House, slow_wechat: WeChatServer, slow: Slow
) -> None:
    async def go() -> None:
        await agree(slow_wechat, YANG)
        slow_wechat.gives_up = [have_come(slow_house, count) for count in (1, 2, 3)]
        assert await slow_wechat.says(YANG, "慢慢说") is None
        slow.goes_on.set()
        await until(lambda: "queued" in states(slow_house, YANG))
        slow_house.clock.pass_by(seconds=6)
        await settled(slow_house)

    asyncio.run(go())

    heard, words = kept(slow_house, YANG)
    pushed = slow_wechat.pushed
    said = [word.text for word in words[-len(pushed) :]]
    assert heard.count("慢慢说") == 1
    assert pushed
    assert [text.startswith(word) for (_, text), word in zip(pushed, said, strict=True)]
    assert {word.state for word in words} == {OutboxState.SENT}


async def drop_before_it_is_answered(house: House, wechat: WeChatServer, message: Any) -> None:
    """Bring a message and drop the line while the turn is at work."""
    query, body = wechat.signed_message(message)
    port = httpx.URL(wechat.callback).port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    target = str(httpx.URL("/wechat", params=query))
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await until(have_come(house, 1))
    writer.close()
    await writer.wait_closed()


def test_an_answer_that_did_not_get_through_is_given_again_and_nothing_comes_twice(
    slow_house: House, slow_wechat: WeChatServer, slow: Slow
) -> None:
    async def go() -> None:
        await agree(slow_wechat, YANG)
        message = slow_wechat.message(YANG, "text", Content="慢慢说")
        await drop_before_it_is_answered(slow_house, slow_wechat, message)
        slow.goes_on.set()
        await until(lambda: "慢慢说" in kept(slow_house, YANG)[0])
        assert await slow_wechat.brings(YANG, message) is not None
        slow_house.clock.pass_by(seconds=30)
        await settled(slow_house)

    asyncio.run(go())

    words = kept(slow_house, YANG)[1]
    assert {word.state for word in words} == {OutboxState.SENT}
    assert slow_wechat.pushed == []


def test_an_answer_that_nobody_asks_for_again_is_sent_by_the_outbox(
    slow_house: House, slow_wechat: WeChatServer, slow: Slow
) -> None:
    async def go() -> None:
        await agree(slow_wechat, YANG)
        message = slow_wechat.message(YANG, "text", Content="慢慢说")
        await drop_before_it_is_answered(slow_house, slow_wechat, message)
        slow.goes_on.set()
        await until(lambda: "慢慢说" in kept(slow_house, YANG)[0])
        await asyncio.sleep(0.1)
        assert slow_wechat.pushed == []
        slow_house.clock.pass_by(seconds=30)
        await until(lambda: bool(slow_wechat.pushed))
        await settled(slow_house)

    asyncio.run(go())

    pushed, words = slow_wechat.pushed, kept(slow_house, YANG)[1]
    assert [text.removeprefix(RESENT).split("\n1.")[0] for _, text in pushed] == [
        words[-1].text
    ] * len(pushed)
    assert {word.state for word in words} == {OutboxState.SENT}
