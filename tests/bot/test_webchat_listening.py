"""The line on which later words come: it stays open, ends by itself, and waits for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import httpx
import pytest

from bot.channels import listening
from bot.channels.listening import QUEUE_LIMIT, Line
from storage.pages import ConversationFilter
from tests.bot.webhouse import House, say
from tests.storage.samples import a_word

BEAT = ": still here"


@pytest.fixture
def house(own_town: House) -> House:
    return own_town


@pytest.fixture
def citizen(house: House) -> Iterator[httpx.Client]:
    with house.client() as client:
        say(client, choice="consent:yes")
        yield client


def test_a_line_on_which_nothing_comes_shows_that_it_lives_and_still_brings_words(
    house: House, citizen: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HEARTBEAT_SECONDS", 0.05)
    after = say(citizen, "你好")[-1]["id"]
    (talk,) = house.writer.read(lambda work: work.pages.conversations(ConversationFilter())).lines
    word = a_word("明天调解", talk.conversation.id, unasked=True, key="k")
    seen: list[str] = []

    with citizen.stream("GET", f"/chat/stream?after={after}", timeout=8) as stream:
        for line in stream.iter_lines():
            seen.append(line)
            if seen.count(BEAT) == 3 and line == BEAT:
                house.writer.submit(lambda work: work.outbox.add([word])).result()
            if line.startswith("data: "):
                break

    assert "明天调解" in seen[-1]


def test_a_line_ends_by_itself_so_that_the_browser_comes_again(
    citizen: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(listening, "LINE_SECONDS", 0.2)
    began = monotonic()

    with citizen.stream("GET", "/chat/stream?after=9999", timeout=8) as stream:
        for line in stream.iter_lines():
            assert line in {"retry: 3000", BEAT, ""}
            assert monotonic() - began < 8

    assert monotonic() - began >= 0.2


def test_a_page_that_does_not_read_is_let_go_instead_of_being_waited_for() -> None:
    line = Line("somebody", 0)

    for number in range(1, QUEUE_LIMIT + 2):
        line.put(a_word(id=number))

    assert line.words.qsize() == 1
    assert line.words.get_nowait() is None
