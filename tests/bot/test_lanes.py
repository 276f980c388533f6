"""The rim over the turns: order within a conversation, batches across them, honest refusals."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.lanes import BATCH, Busy
from bot.messages import Incoming
from bot.prepared import Prepared
from bot.turns import Turns
from domain.conversation import HeardMessage
from domain.errors import ConversationMovedOn
from nlu.interpreter import Heard, Understanding
from tests.bot.webhouse import House, Keywords, build_house, told


class Slow(Keywords):
    """Waits until it is let go, and remembers what was read together."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.batches: list[int] = []

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        self.batches.append(len(messages))
        assert self.go.wait(5)
        return super().read(messages)


@pytest.fixture
def slow_house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path, Slow(), waiting_limit=200)
    yield house
    house.writer.close()


def heard_by(house: House, sender: str) -> list[str]:
    def job(work: Any) -> list[str]:
        conversation = work.conversations.get("webchat", sender)
        rows = work.pages.transcript(conversation.id)
        return [row.text for row in rows if isinstance(row, HeardMessage) and row.text]

    return house.writer.read(job)


def another_process(house: House) -> Turns:
    """Return turns over the same database that know nothing of the house's lanes."""
    return Turns(house.writer, Keywords(), house.catalogue, house.renderer, house.clock)


def test_messages_of_one_person_are_taken_in_the_order_they_came(house: House) -> None:
    texts = [f"工钱的事 {number}" for number in range(12)]

    async def talk() -> None:
        await house.lanes.take(Incoming("webchat", "li", "consent", choice="consent:yes"))
        await asyncio.gather(*(house.lanes.take(told("li", text)) for text in texts))

    asyncio.run(talk())

    assert heard_by(house, "li") == texts
    assert house.lanes.waiting == 0


def test_people_who_wait_together_are_read_as_one_batch(slow_house: House) -> None:
    interpreter = slow_house.interpreter

    async def talk() -> None:
        takes = [
            asyncio.create_task(slow_house.lanes.take(told(f"p{number}", "工钱")))
            for number in range(BATCH + 2)
        ]
        await asyncio.sleep(0.1)
        interpreter.go.set()
        await asyncio.gather(*takes)

    asyncio.run(talk())

    assert sum(interpreter.batches) == BATCH + 2
    assert max(interpreter.batches) == BATCH


def test_beyond_the_limit_a_message_is_refused_and_nothing_that_was_taken_is_lost(
    slow_house: House,
) -> None:
    async def talk() -> list[Any]:
        takes = [
            asyncio.create_task(slow_house.lanes.take(told(f"p{number}", "工钱")))
            for number in range(203)
        ]
        await asyncio.sleep(0.1)
        slow_house.interpreter.go.set()
        return await asyncio.gather(*takes, return_exceptions=True)

    outcomes = asyncio.run(talk())

    assert [type(outcome) for outcome in outcomes[200:]] == [Busy] * 3
    assert all(outcome.replies for outcome in outcomes[:200])
    assert slow_house.writer.read(lambda work: work.pages.counts()).conversations == 200


def test_a_message_that_comes_twice_is_taken_once(house: House) -> None:
    async def talk() -> list[Any]:
        return [await house.lanes.take(told("li", "工钱", "same-id")) for _ in range(2)]

    first, second = asyncio.run(talk())

    assert (first.is_repeat, bool(first.replies)) == (False, True)
    assert (second.is_repeat, second.replies) == (True, ())
    assert second.conversation_id == first.conversation_id


def test_a_turn_overtaken_by_another_process_is_taken_again_from_what_is_kept(
    house: House,
) -> None:
    prepare, rival, words = house.turns.prepare, another_process(house), ["工钱：别的进程先到"]

    def overtaken(messages: Sequence[Incoming]) -> list[Prepared]:
        prepared = prepare(messages)
        if words:
            rival.take(told("li", words.pop()))
        return prepared

    async def talk() -> None:
        await house.lanes.take(Incoming("webchat", "li", "consent", choice="consent:yes"))
        house.turns.prepare = overtaken  # type: ignore[method-assign]
        await house.lanes.take(told("li", "工钱：我的话"))

    asyncio.run(talk())

    assert heard_by(house, "li") == ["工钱：别的进程先到", "工钱：我的话"]


def test_a_turn_that_is_always_overtaken_gives_up_and_says_so(house: House) -> None:
    prepare, rival = house.turns.prepare, another_process(house)

    def overtaken(messages: Sequence[Incoming]) -> list[Prepared]:
        prepared = prepare(messages)
        rival.take(told("li", "工钱"))
        return prepared

    async def talk() -> None:
        await house.lanes.take(Incoming("webchat", "li", "consent", choice="consent:yes"))
        house.turns.prepare = overtaken  # type: ignore[method-assign]
        await house.lanes.take(told("li", "我的话"))

    with pytest.raises(ConversationMovedOn):
        asyncio.run(talk())
    assert house.lanes.waiting == 0


def test_one_message_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    class Touchy(Keywords):
        def read(self, messages: Sequence[Heard]) -> list[Understanding]:
            if any("毒" in message.text for message in messages):
                raise ValueError("unreadable")
            return super().read(messages)

    house = build_house(tmp_path, Touchy())

    async def talk() -> list[Any]:
        texts = ["工钱一", "有毒", "工钱二", "工钱三"]
        takes = (house.lanes.take(told(text, text)) for text in texts)
        return await asyncio.gather(*takes, return_exceptions=True)

    outcomes = asyncio.run(talk())
    house.writer.close()

    said = [[reply.template for reply in taken.replies] for taken in outcomes]
    assert said[1] == ["message_not_taken"]
    assert all("message_not_taken" not in templates for templates in (said[0], *said[2:]))


def test_somebody_who_goes_away_while_waiting_does_not_block_their_own_lane(
    slow_house: House,
) -> None:
    async def talk() -> Any:
        first = asyncio.create_task(slow_house.lanes.take(told("li", "工钱一")))
        second = asyncio.create_task(slow_house.lanes.take(told("li", "工钱二")))
        third = asyncio.create_task(slow_house.lanes.take(told("li", "工钱三")))
        await asyncio.sleep(0.05)
        second.cancel()
        first.cancel()
        slow_house.interpreter.go.set()
        return await asyncio.wait_for(third, 5)

    assert asyncio.run(talk()).replies
    assert slow_house.lanes.waiting == 0


def test_somebody_who_goes_away_the_moment_their_turn_comes_hands_it_on(house: House) -> None:
    lane = ("webchat", "li")

    async def wait_in_lane() -> None:
        async with house.lanes._lane(lane):
            pass

    async def talk() -> None:
        async with house.lanes._lane(lane):
            second, third = (asyncio.create_task(wait_in_lane()) for _ in range(2))
            await asyncio.sleep(0)
        second.cancel()  # after the lane was handed over, before it noticed
        await asyncio.wait_for(third, 5)

    asyncio.run(talk())


def test_what_was_taken_is_counted_by_channel(house: House) -> None:
    async def talk() -> None:
        await house.lanes.take(told("li", "工钱"))
        await house.lanes.take(Incoming("telegram", "7", "1", text="工钱"))

    asyncio.run(talk())

    shown = house.lanes.meters.show({}, {}, 0, 0).decode()
    assert 'hejie_turns_total{channel="webchat"} 1.0' in shown
    assert 'hejie_turns_total{channel="telegram"} 1.0' in shown
    assert 'hejie_texts_read_total{stage="first"} 2.0' in shown
