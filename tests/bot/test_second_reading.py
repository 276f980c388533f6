"""A story that is read again: its teller waits for the better reading, and nobody else does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.messages import Incoming
from bot.second_reading import DANGER_LIMIT, PLAIN_LIMIT, TOGETHER, SecondReading
from bot.turns import Turns
from domain.conversation import HeardMessage
from nlu.interpreter import Heard, Understanding
from tests.bot.webhouse import House, Keywords, build_house, told

STORY, VEILED, PLAIN = "说来话长", "他不让我出门", "工钱"


class Pensive(Keywords):
    """Is unsure of a story at once; sure of it, as `pensive`, after it was let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.pondered: list[str] = []
        self.asked: list[bool] = []
        self.together: list[int] = []

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        if not messages[0].at_once:
            self.together.append(len(messages))
        return [self._think(each) for each in messages]

    def _think(self, heard: Heard) -> Understanding:
        first = self._read(heard.text)
        if heard.text not in {STORY, VEILED}:
            return first
        if heard.at_once:
            return replace(first, is_unsure=True, may_hide_danger=heard.text == VEILED)
        self.pondered.append(heard.text)
        self.asked.append(heard.asked)
        assert self.go.wait(5)
        return replace(first, model="pensive")


@pytest.fixture
def pensive_house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path, Pensive(), waiting_limit=200)
    yield house
    house.writer.close()


def models_by_text(house: House, sender: str) -> list[str | None]:
    """Return which model had the last word on each message of somebody, in order."""

    def job(work: Any) -> list[str | None]:
        conversation = work.conversations.get("webchat", sender)
        rows = work.pages.transcript(conversation.id)
        return [row.model for row in rows if isinstance(row, HeardMessage) and row.text]

    return house.writer.read(job)


async def agree(house: House, *senders: str) -> None:
    for sender in senders:
        yes = Incoming("webchat", sender, f"yes-{sender}", choice="consent:yes")
        await house.lanes.take(yes)


async def until(is_so: Any) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)


def test_nobody_waits_behind_a_story_that_is_read_again(pensive_house: House) -> None:
    async def talk() -> bool:
        await agree(pensive_house, "yang")
        story = asyncio.create_task(pensive_house.lanes.take(told("yang", STORY)))
        await until(lambda: pensive_house.interpreter.pondered)
        async with asyncio.timeout(3):
            for number in range(8):
                await pensive_house.lanes.take(told(f"p{number}", PLAIN))
        is_still_read = not story.done()
        pensive_house.interpreter.go.set()
        await story
        return is_still_read

    assert asyncio.run(talk())
    assert models_by_text(pensive_house, "yang") == ["pensive"]


def test_the_next_message_of_its_teller_waits_for_it(pensive_house: House) -> None:
    async def talk() -> bool:
        await agree(pensive_house, "yang")
        takes = [
            asyncio.create_task(pensive_house.lanes.take(told("yang", text)))
            for text in (STORY, PLAIN)
        ]
        await until(lambda: pensive_house.interpreter.pondered)
        await asyncio.sleep(0.1)
        has_overtaken = takes[1].done()
        pensive_house.interpreter.go.set()
        await asyncio.gather(*takes)
        return has_overtaken

    assert not asyncio.run(talk())
    assert models_by_text(pensive_house, "yang") == ["pensive", Keywords.model]


def test_an_answer_is_read_again_as_an_answer(pensive_house: House) -> None:
    async def talk() -> None:
        await agree(pensive_house, "yang")
        pensive_house.interpreter.go.set()
        for text in (STORY, "工钱不给，欠我三个月", STORY):
            await pensive_house.lanes.take(told("yang", text))

    asyncio.run(talk())

    assert pensive_house.interpreter.asked == [False, True]


@pytest.mark.parametrize(
    ("text", "limit"), [(STORY, PLAIN_LIMIT), (VEILED, DANGER_LIMIT)], ids=["plain", "danger"]
)
def test_where_too_many_stories_wait_the_first_reading_of_the_last_one_stands(
    pensive_house: House, text: str, limit: int
) -> None:
    async def talk() -> None:
        await agree(pensive_house, "p0", "last")
        waiting = [
            asyncio.create_task(pensive_house.lanes.take(told(f"p{number}", text)))
            for number in range(limit)
        ]
        await until(lambda: pensive_house.lanes.stories_waiting == limit)
        async with asyncio.timeout(3):
            await pensive_house.lanes.take(told("last", text))
        pensive_house.interpreter.go.set()
        await asyncio.gather(*waiting)

    asyncio.run(talk())

    assert len(pensive_house.interpreter.pondered) == limit
    assert models_by_text(pensive_house, "last") == [Keywords.model]
    assert models_by_text(pensive_house, "p0") == ["pensive"]


def test_what_may_hide_danger_is_read_again_where_plain_stories_no_longer_are(
    pensive_house: House,
) -> None:
    async def talk() -> None:
        await agree(pensive_house, "last")
        waiting = [
            asyncio.create_task(pensive_house.lanes.take(told(f"p{number}", STORY)))
            for number in range(PLAIN_LIMIT)
        ]
        await until(lambda: pensive_house.lanes.stories_waiting == PLAIN_LIMIT)
        veiled = asyncio.create_task(pensive_house.lanes.take(told("last", VEILED)))
        await until(lambda: pensive_house.lanes.stories_waiting == PLAIN_LIMIT + 1)
        pensive_house.interpreter.go.set()
        await asyncio.gather(*waiting, veiled)

    asyncio.run(talk())

    assert models_by_text(pensive_house, "last") == ["pensive"]


def test_the_terminal_reads_an_unsure_story_again_too(pensive_house: House) -> None:
    pensive_house.interpreter.go.set()

    pensive_house.turns.take(told("yang", STORY))

    assert pensive_house.interpreter.pondered == [STORY]


def test_stories_that_wait_are_read_together_and_all_have_their_own_reading(
    pensive_house: House,
) -> None:
    names = [f"p{number}" for number in range(1 + TOGETHER)]

    async def talk() -> None:
        await agree(pensive_house, *names)
        waiting = [
            asyncio.create_task(pensive_house.lanes.take(told(name, STORY))) for name in names
        ]
        await until(lambda: pensive_house.lanes.stories_waiting == len(names))
        pensive_house.interpreter.go.set()
        await asyncio.gather(*waiting)

    asyncio.run(talk())

    together = pensive_house.interpreter.together
    assert (sum(together), max(together)) == (len(names), TOGETHER)
    assert [models_by_text(pensive_house, name) for name in names] == [["pensive"]] * len(names)


class Readers:
    """Turns whose second readings each wait until they are let go."""

    def __init__(self) -> None:
        self.doors = [threading.Event() for _ in range(8)]
        self.read: list[list[Any]] = []

    def read_again(self, stories: Sequence[Any]) -> list[Any]:
        self.read.append(list(stories))
        assert self.doors[len(self.read) - 1].wait(5)
        if any(story.name == "poison" for story in stories):
            raise ArithmeticError("a text that breaks the second stage")
        return [f"{story.name}, read" for story in stories]


def test_who_gives_up_while_reading_for_others_takes_no_story_along() -> None:
    readers = Readers()
    first, second, third = (
        SimpleNamespace(name=name, may_hide_danger=False) for name in ("first", "second", "third")
    )

    async def talk() -> Any:
        desk = SecondReading(cast("Turns", readers))
        takes = [asyncio.create_task(desk.read(cast("Any", each))) for each in (first,)]
        await until(lambda: readers.read)
        takes += [asyncio.create_task(desk.read(cast("Any", each))) for each in (second, third)]
        await until(lambda: desk.waiting == 3)
        readers.doors[0].set()
        await until(lambda: len(readers.read) == 2)
        takes[1].cancel()  # it was reading for the third too
        for door in readers.doors:
            door.set()
        async with asyncio.timeout(3):
            return await asyncio.gather(*takes, return_exceptions=True)

    told_first, gone, told_third = asyncio.run(talk())

    assert readers.read[:2] == [[first], [second, third]]
    assert (told_first, told_third) == ("first, read", "third, read")
    assert isinstance(gone, asyncio.CancelledError)


def test_a_story_that_cannot_be_read_again_fails_alone() -> None:
    readers = Readers()
    first, poison, third = (
        SimpleNamespace(name=name, may_hide_danger=False) for name in ("first", "poison", "third")
    )

    async def talk() -> Any:
        desk = SecondReading(cast("Turns", readers))
        takes = [asyncio.create_task(desk.read(cast("Any", first)))]
        await until(lambda: readers.read)
        takes += [asyncio.create_task(desk.read(cast("Any", each))) for each in (poison, third)]
        await until(lambda: desk.waiting == 3)
        for door in readers.doors:
            door.set()
        async with asyncio.timeout(3):
            return await asyncio.gather(*takes, return_exceptions=True)

    told_first, failed, told_third = asyncio.run(talk())

    assert (told_first, told_third) == ("first, read", "third, read")
    assert isinstance(failed, ArithmeticError)
