"""Words on their way to Telegram: what it answers, what is lost there, what it takes at most."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from telegram import Bot
from telegram.error import TimedOut
from telegram.request import HTTPXRequest

from bot.channels.telegram import TelegramPeer
from bot.delivery import RESENT, RETRY, Delivery, Gone, MaybeSent, NotSent, NotTaken
from bot.messages import Incoming
from bot.render import Renderer
from domain.conversation import OutboxState
from domain.services.follow_up import ANSWERS
from domain.session import OFFERED
from storage.seed import load_roster
from tests.bot.loopback import PATIENCE_SECONDS, until
from tests.bot.reply_samples import RENDERER, SAMPLES
from tests.bot.telegram_peer import TOKEN, BotApi
from tests.bot.telegram_rules import (
    BAD_GATEWAY,
    BLOCKED,
    BROKEN,
    DATA_LIMIT,
    SILENT,
    TEXT_LIMIT,
    Fault,
    too_many,
)
from tests.bot.telegram_talk import LUO, YANG, kept, talking, turn_is_over
from tests.bot.webhouse import House, renderer


def is_out_of_reach(house: House, chat: int) -> bool:
    conversation = house.writer.read(lambda work: work.conversations.get("telegram", str(chat)))
    return conversation is not None and conversation.unreachable_since is not None


def is_on_its_way(house: House, chat: int) -> bool:
    return any(word.state is OutboxState.SENDING for word in kept(house, chat)[1])


# how Telegram answers


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (too_many(7), NotSent(timedelta(seconds=7))),
        (BROKEN, NotSent()),
        (Fault(401, "Unauthorized"), NotSent()),
        (BAD_GATEWAY, MaybeSent()),
        (SILENT, MaybeSent()),
        (BLOCKED, Gone()),
        (Fault(400, "Bad Request: chat not found"), Gone()),
        (Fault(400, "Bad Request: message is too long"), NotTaken()),
    ],
    ids=lambda each: getattr(each, "description", ""),
)
def test_what_telegram_answers_is_sorted_by_what_became_of_the_word(
    api: BotApi, fault: Fault, outcome: Exception
) -> None:
    api.says(YANG, "你好")
    api.fails(fault)

    raised = asyncio.run(sending(api.url, api))

    assert type(raised) is type(outcome)
    assert vars(raised) == vars(outcome)


def test_a_word_that_finds_no_telegram_at_all_was_not_sent() -> None:
    assert isinstance(asyncio.run(sending("http://127.0.0.1:9/bot")), NotSent)


class Patient(HTTPXRequest):
    """Waits long for an answer, and not long for the one that the peer is about to withhold."""

    def __init__(self, api: BotApi | None) -> None:
        super().__init__()
        self._api = api

    async def do_request(self, url: str, *args: Any, **more: Any) -> tuple[int, bytes]:
        silences = self._api.silences_ahead if self._api and url.endswith("/sendMessage") else 0
        more["read_timeout"] = 0.1 if silences else PATIENCE_SECONDS
        try:
            return await super().do_request(url, *args, **more)
        except TimedOut:
            if self._api is not None:
                await until(lambda: self._api.silences_ahead < silences)  # it was heard
            raise


async def sending(url: str, api: BotApi | None = None) -> Exception | None:
    request = Patient(api)
    await request.initialize()
    try:
        await TelegramPeer(Bot(TOKEN, url, request=request)).send(str(YANG), "你好", ())
    except (NotSent, MaybeSent, NotTaken, Gone) as raised:
        return raised
    finally:
        await request.shutdown()
    return None


def deliver(house: House, api: BotApi, rounds: int) -> None:
    """Deliver with a bot that does not wait long where no answer comes, a while between rounds."""

    async def go() -> None:
        async with Bot(TOKEN, api.url, request=Patient(api)) as bot:
            delivery = Delivery(house.writer, "telegram", TelegramPeer(bot), house.clock)
            for _ in range(rounds):
                await delivery.deliver_due()
                house.clock.now += RETRY

    asyncio.run(go())


def test_too_many_words_to_one_chat_pause_that_chat_alone(api: BotApi, house: House) -> None:
    async def go() -> None:
        async with talking(house, api):
            api.fails(too_many(30), chat=YANG)
            api.says(YANG, "你好")
            api.says(LUO, "你好")
            await api.is_done()
            await api.hears(LUO, 1)
            await until(lambda: not api._faults and not is_on_its_way(house, YANG))
            house.clock.pass_by(seconds=29)
            api.says(YANG, "在吗")
            await api.is_done()
            await asyncio.sleep(0.1)
            assert api.texts(YANG) == []

            house.clock.pass_by(seconds=1)
            await turn_is_over(house, api)

    asyncio.run(go())
    assert api.texts(YANG) == [word.text for word in kept(house, YANG)[1]]
    assert len(api.texts(YANG)) == 2


@pytest.mark.parametrize("losses", [1, 2])
def test_a_reply_lost_on_the_way_comes_once_more_and_says_so(
    api: BotApi, house: House, losses: int
) -> None:
    api.says(YANG, "你好")
    for number, text in enumerate(("你好", "在吗")):
        house.turns.take(Incoming("telegram", str(YANG), f"m{number}", text=text))
    api.fails(SILENT, times=losses)

    deliver(house, api, 4)

    first, second = kept(house, YANG)[1]
    assert api.texts(YANG) == [first.text, RESENT + first.text, second.text]
    assert first.state is (OutboxState.SENT if losses == 1 else OutboxState.UNKNOWN)
    assert second.state is OutboxState.SENT


def test_a_reminder_lost_on_the_way_does_not_come_again(api: BotApi, house: House) -> None:
    api.says(YANG, "你好")
    house.turns.take(Incoming("telegram", str(YANG), "m1", text="你好"))
    deliver(house, api, 1)
    reminder = replace(
        kept(house, YANG)[1][0], text="明天见面", unasked=True, state=OutboxState.QUEUED
    )
    house.writer.submit(lambda work: work.outbox.add([reminder])).result()
    api.fails(SILENT)

    deliver(house, api, 4)

    assert api.texts(YANG)[1:] == ["明天见面"]
    assert kept(house, YANG)[1][1].state is OutboxState.UNKNOWN


def test_who_has_blocked_us_is_not_written_to_and_what_he_says_later_is_answered(
    api: BotApi, house: House
) -> None:
    async def go() -> None:
        async with talking(house, api):
            api.fails(BLOCKED)
            api.says(YANG, "你好")
            await turn_is_over(house, api)
            assert [word.state for word in kept(house, YANG)[1]] == [OutboxState.DEAD]
            assert is_out_of_reach(house, YANG)
            api.says(YANG, "在吗")
            await turn_is_over(house, api)
            assert not is_out_of_reach(house, YANG)

    asyncio.run(go())
    assert len(api.texts(YANG)) == 1


# limits of Telegram


def every_choice(renderer: Renderer) -> Iterator[str]:
    """Yield the id of every choice that can be offered: fixed, of the sheets, times and answers."""
    yield from (id_ for id_ in renderer._labels if ":" in id_)
    longest = "2026-12-31T23:45+08:00"
    for person in load_roster():
        yield from (f"slot:{person.id}:{kind}:{longest}" for kind in OFFERED)
    for answer in ANSWERS:
        yield f"answer:{10**12}:{answer}"


def test_every_choice_fits_under_a_button() -> None:
    words = renderer()
    choices = [words.choice(id_) for id_ in every_choice(words)]

    assert len(choices) > 500
    assert [each for each in choices if len(each["id"].encode()) > DATA_LIMIT] == []
    assert [each for each in choices if not each["label"].strip()] == []


def test_every_reply_fits_into_one_message() -> None:
    lengths = {name: len(RENDERER.reply(name, data)) for name, data in SAMPLES.items()}

    assert max(lengths.values()) < TEXT_LIMIT
