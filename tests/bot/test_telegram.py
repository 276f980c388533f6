"""Talking over Telegram: nothing is lost, nothing is taken twice, and nobody is held up."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.channels.commands import COMMANDS
from bot.channels.telegram import polling
from domain.conversation import OutboxState
from nlu.interpreter import Heard, Understanding
from nlu.rasa_interpreter import load
from tests.bot.loopback import until
from tests.bot.outage import Outage
from tests.bot.reply_samples import RENDERER
from tests.bot.telegram_peer import TOKEN, BotApi
from tests.bot.telegram_rules import BAD_GATEWAY, BROKEN, Fault
from tests.bot.telegram_talk import LUO, PAUSE, YANG, consent, kept, talking, tasks, turn_is_over
from tests.bot.webhouse import House, Keywords, build_house
from tests.trained import models_folder

STORY = "西畴县兴街镇的包工头王老板去年腊月欠我三万五工钱没给，打了欠条"


# talking


def test_a_conversation_by_buttons_ends_with_a_booked_session(api: BotApi, tmp_path: Path) -> None:
    house = build_house(tmp_path, load(models_folder()))
    asyncio.run(talk_until_booked(house, api))

    sessions = house.writer.read(lambda work: work.pages.sessions_of_day(house.clock().date()))
    heard, words = kept(house, YANG)
    house.writer.close()
    assert "session_booked" in [word.template for word in words]
    assert sum(len(booked) for booked in sessions.values()) == 1
    assert api.texts(YANG) == [word.text for word in words]
    assert {word.state for word in words} == {OutboxState.SENT}
    assert STORY in heard
    assert [each["command"] for each in api.commands] == list(COMMANDS)


async def talk_until_booked(house: House, api: BotApi) -> None:
    """Answer whatever is asked, by button where there is one, until a session is booked."""
    async with talking(house, api):
        await consent(house, api, YANG)
        api.says(YANG, STORY)
        for _ in range(25):
            await turn_is_over(house, api)
            said = api.told(YANG)
            if any("调解员" in each.text and "已经约好" in each.text for each in said[-2:]):
                return
            last = said[-1]
            ids = [data for _, data in last.buttons]
            wanted = (each for start in EASIEST for each in ids if each.startswith(start))
            choice = next(wanted, None) or next((i for i in ids if i.endswith(":unknown")), None)
            if choice is not None:
                api.presses(YANG, choice)
            elif ids or "称呼" in last.text:
                api.says(YANG, "李红军")
            elif "电话" in last.text or "手机" in last.text:
                api.says(YANG, "13800001234")
            else:
                return


EASIEST = ("back:right", "kind:walk_in", "slot:")


@pytest.mark.parametrize("words", ["/start", "/start@hejie_bot"])
def test_start_is_answered_with_who_we_are_and_what_is_kept(
    api: BotApi, house: House, words: str
) -> None:
    async def go() -> None:
        async with talking(house, api):
            api.says(YANG, words)
            await turn_is_over(house, api)

    asyncio.run(go())
    assert [word.template for word in kept(house, YANG)[1]] == ["notice"]
    assert [data for _, data in api.told(YANG)[0].buttons] == ["consent:yes", "consent:no"]


def test_replies_to_many_come_to_each_in_order(api: BotApi, house: House) -> None:
    chats = range(7100, 7104)

    async def go() -> None:
        async with talking(house, api):
            await consent(house, api, *chats)
            for text in ("老板欠我工钱", "不晓得", "查进度"):
                for chat in chats:
                    api.says(chat, text)
            await turn_is_over(house, api)

    asyncio.run(go())
    for chat in chats:
        heard, words = kept(house, chat)
        assert heard[2:] == ["老板欠我工钱", "不晓得", "查进度"]
        assert api.texts(chat) == [word.text for word in words]
        assert len(words) >= 5


def test_a_note_of_telegram_itself_is_acknowledged_and_not_answered(
    api: BotApi, house: House
) -> None:
    async def go() -> None:
        async with talking(house, api):
            await consent(house, api, YANG)
            api.sends(YANG, message_auto_delete_timer_changed={"message_auto_delete_time": 86400})
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(kept(house, YANG)[0]) == 2


# nothing lost, nothing twice


def test_an_update_that_comes_again_is_taken_once(api: BotApi, house: House) -> None:
    async def go() -> None:
        async with talking(house, api):
            number = api.says(YANG, "你好")
            await turn_is_over(house, api)
        api.repeats(number, "你好", YANG)
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(kept(house, YANG)[0]) == 1
    assert len(api.texts(YANG)) == 1


def test_an_update_is_acknowledged_only_once_it_is_kept(api: BotApi, house: House) -> None:
    missing: list[int] = []
    chats: dict[int, int] = {}

    def look(number: int) -> None:
        if not kept(house, chats[number])[0]:
            missing.append(number)

    async def go() -> None:
        api.before_acknowledging = look
        chats.update({api.says(chat, "你好"): chat for chat in range(7100, 7110)})
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(api.acknowledged) == 10
    assert missing == []


PROCESS = """
import asyncio, sys, time
from pathlib import Path
from bot.channels.telegram import polling
from tests.bot.webhouse import Keywords, build_house

class Stuck(Keywords):
    def read(self, messages):
        print("reading", flush=True)
        time.sleep(60)

async def main(folder, token, url):
    async with polling(build_house(Path(folder), Stuck()), token, url, 0.02):
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_process_that_is_killed_before_the_commit_leaves_the_update_to_the_next(
    api: BotApi, house: House
) -> None:
    number = api.says(YANG, "你好")
    killed = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(house.settings.data), TOKEN, api.url],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == "reading\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    assert api.acknowledged == []
    assert kept(house, YANG) == ([], [])

    async def go() -> None:
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    assert api.acknowledged == [number]
    assert len(kept(house, YANG)[0]) == len(api.texts(YANG)) == 1


def test_while_the_database_is_away_nothing_is_acknowledged_and_then_it_goes_on(
    api: BotApi, on_any: House, engine: Engine, request: pytest.FixtureRequest
) -> None:
    outage = Outage(engine, request)

    async def go() -> None:
        async with talking(on_any, api):
            api.says(YANG, "你好")
            await turn_is_over(on_any, api)
            outage.begin()
            numbers = [api.says(chat, "你好") for chat in (YANG, LUO)]
            await asyncio.sleep(0.4)
            assert not set(numbers) & set(api.acknowledged)
            outage.end()
            await turn_is_over(on_any, api)

    try:
        asyncio.run(go())
    finally:
        outage.end()
    assert len(kept(on_any, YANG)[0]) == 2
    assert len(kept(on_any, LUO)[0]) == 1
    assert tasks(on_any) == []


def test_where_too_many_wait_a_message_comes_later_and_is_not_set_aside(
    api: BotApi, tmp_path: Path
) -> None:
    house = build_house(tmp_path, waiting_limit=1)

    async def go() -> None:
        for chat in (YANG, LUO):
            api.says(chat, "你好")
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    left = tasks(house)
    house.writer.close()
    assert len(api.texts(YANG)) == len(api.texts(LUO)) == 1
    assert left == []


class Choking(Keywords):
    """Fails at certain words, however often they come."""

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        if any("毒" in message.text for message in messages):
            raise ArithmeticError
        return super().read(messages)


def test_an_update_that_cannot_be_taken_is_left_to_a_person_and_stops_nobody(
    api: BotApi, tmp_path: Path
) -> None:
    house = build_house(tmp_path, Choking())

    async def go() -> None:
        async with talking(house, api):
            api.says(YANG, "毒")
            api.says(YANG, "你好")
            api.says(LUO, "你好")
            await turn_is_over(house, api)

    asyncio.run(go())
    heard = [len(kept(house, chat)[0]) for chat in (YANG, LUO)]
    left = tasks(house)
    house.writer.close()
    assert heard == [1, 1]
    assert left == [("alert", "message_not_taken")]
    assert api.texts(YANG)[0] == RENDERER.reply("message_not_taken", {})


@pytest.mark.parametrize(
    "update",
    [{"message": {"text": "没有发信人"}}, {"message": 7}, {"callback_query": {"id": "q1"}}],
)
def test_an_update_of_a_form_we_do_not_know_stops_nobody(
    api: BotApi, house: House, update: dict[str, Any]
) -> None:
    async def go() -> None:
        async with talking(house, api):
            api.brings(update)
            api.says(LUO, "你好")
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(api.texts(LUO)) == 1
    assert tasks(house) == [("alert", "message_not_taken")]


def test_a_button_whose_spinning_cannot_be_stopped_was_pressed_all_the_same(
    api: BotApi, house: House
) -> None:
    too_old = Fault(400, "Bad Request: query is too old", takes=True)

    async def go() -> None:
        async with talking(house, api):
            api.says(YANG, "/start")
            await turn_is_over(house, api)
            api.fails(too_old, "answerCallbackQuery")
            api.presses(YANG, "consent:yes")
            await turn_is_over(house, api)

    asyncio.run(go())
    assert "consent_thanks" in [word.template for word in kept(house, YANG)[1]]
    assert tasks(house) == []


# Telegram itself


def test_telegram_being_away_at_the_start_only_delays(api: BotApi, house: House) -> None:
    async def go() -> None:
        api.fails(BROKEN, "getMe", times=2)
        api.fails(BROKEN, "setMyCommands")
        api.fails(BAD_GATEWAY, "getUpdates")
        api.says(YANG, "你好")
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(api.texts(YANG)) == 1


def test_a_refused_token_is_named_without_being_shown_and_stops_nothing_else(
    api: BotApi, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with polling(house, "123456:wrong", api.url, PAUSE):
            await until(lambda: "HEJIE_TELEGRAM_TOKEN" in caplog.text)

    asyncio.run(go())
    assert "wrong" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("bot")
    )
