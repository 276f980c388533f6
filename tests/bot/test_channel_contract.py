"""What every channel owes to those who write by it, whatever the messenger."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette

from bot import channels
from bot.channels import CHANNELS
from bot.channels.opening import open_channels
from bot.messages import TEXT_LIMIT
from bot.web import build_web
from domain.conversation import OutboxState, OutWord
from domain.invitation import new_code
from tests.bot.channel_drivers import (
    OnTelegram,
    OnTerminal,
    OnWebChat,
    OnWeChat,
    asks_age_after_the_next_answer,
    heard_from,
    shown,
    words_to,
)
from tests.bot.files import photo
from tests.bot.loopback import until
from tests.bot.telegram_peer import BotApi, bot_api
from tests.bot.webhouse import House, build_house
from tests.bot.wechat_peer import Line
from tests.bot.wechathouse import with_case

DEAD = OutboxState.DEAD
T = TypeVar("T")


def test_a_channel_is_one_file_with_one_function_and_one_line_in_the_list() -> None:
    folder = Path(inspect.getfile(channels)).parent

    for name, way in CHANNELS.items():
        assert (folder / f"{name}.py").exists()
        assert hasattr(import_module(f"bot.channels.{name}"), "channel") is way.is_served


def test_without_tokens_the_web_chat_alone_is_on_and_its_routes_are_those_of_the_port(
    tmp_path: Path,
) -> None:
    house = build_house(tmp_path)
    opened = open_channels(house)
    web: Starlette = build_web(house)
    house.writer.close()

    paths = [getattr(route, "path", "") for route in web.routes]
    assert len(opened) == 1
    assert {getattr(route, "path", "") for route in opened[0].routes} <= set(paths)


# what each channel is tried with; `WITHOUT` says what a messenger itself has not, and why

WITHOUT = {
    "photo": {
        "terminal": "lines of text carry no files",
    },
    "gone": {
        "terminal": "nothing is sent there: the person fetches the words",
        "webchat": "nothing is sent there: the person's page fetches the words",
    },
}


@pytest.fixture(scope="module")
def bot() -> Iterator[BotApi]:
    with bot_api() as api:
        yield api


@pytest.fixture
def driver(request: pytest.FixtureRequest, bot: BotApi, line: Line, house: House) -> Iterator[Any]:
    """A hand on each channel in turn; a channel of the list without one fails here."""
    with line.serving(house.clock) as wechat:
        drivers = (OnTerminal(), OnWebChat(), OnTelegram(bot), OnWeChat(wechat))
        yield {driver.name: driver for driver in drivers}[request.param]


on_every_channel = pytest.mark.parametrize("driver", list(CHANNELS), indirect=True)


def on_those_with(what: str) -> pytest.MarkDecorator:
    names = [name for name in CHANNELS if name not in WITHOUT[what]]
    return pytest.mark.parametrize("driver", names, indirect=True)


def on(driver: Any, house: House, job: Coroutine[Any, Any, T]) -> T:
    """Do the job while the channel is served."""

    async def inside() -> T:
        async with driver.on(house):
            return await job

    return asyncio.run(inside())


def words(driver: Any, house: House, person: str) -> list[OutWord]:
    return words_to(house, driver.name, driver.sender(person))


def heard(driver: Any, house: House, person: str) -> list[str]:
    return heard_from(house, driver.name, driver.sender(person))


async def agreed(driver: Any) -> str:
    """Let somebody new come and agree to the notice."""
    person: str = driver.person()
    await driver.says(person, "你好")
    await driver.chooses(person, "consent:yes", "同意")
    return person


async def seen(driver: Any, house: House, person: str) -> None:
    """Wait until the person has seen all that was said, in order."""
    await shown(driver, person, [word.text for word in words(driver, house, person)])


@on_every_channel
def test_what_is_written_is_heard_and_what_is_said_is_seen_in_order(
    driver: Any, house: House
) -> None:
    async def go() -> str:
        person = await agreed(driver)
        await driver.says(person, "老板欠我工钱")
        await seen(driver, house, person)
        return person

    person = on(driver, house, go())

    assert heard(driver, house, person)[-1] == "老板欠我工钱"
    assert len(words(driver, house, person)) >= 4


@on_every_channel
def test_a_choice_is_taken_as_the_one_that_was_offered(driver: Any, house: House) -> None:
    person = on(driver, house, agreed(driver))

    assert "consent_thanks" in [word.template for word in words(driver, house, person)]


@on_every_channel
def test_a_message_that_comes_again_is_taken_once_and_seen_answered_once(
    driver: Any, house: House
) -> None:
    async def go() -> tuple[str, int]:
        person = await agreed(driver)
        await driver.says(person, "老板欠我工钱")
        count = len(words(driver, house, person))
        await driver.says(person, "老板欠我工钱", again=True)
        await seen(driver, house, person)
        return person, count

    person, count = on(driver, house, go())

    assert heard(driver, house, person).count("老板欠我工钱") == 1
    assert len(words(driver, house, person)) == count


@on_those_with("photo")
def test_a_photo_before_consent_is_not_kept_and_that_is_said(driver: Any, house: House) -> None:
    async def go() -> str:
        person: str = driver.person()
        await driver.says(person, "你好")
        await driver.sends_photo(person, photo())
        await seen(driver, house, person)
        return person

    person = on(driver, house, go())

    folder = house.settings.data / "evidence"
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert heard(driver, house, person) == ["-", "-"]
    assert "evidence_refused" in [word.template for word in words(driver, house, person)]


@on_every_channel
def test_of_a_text_that_is_too_long_the_person_is_told(driver: Any, house: House) -> None:
    async def go() -> str:
        person = await agreed(driver)
        await driver.says(person, "老板欠我工钱。" * 600)
        await seen(driver, house, person)
        return person

    person = on(driver, house, go())

    assert len(heard(driver, house, person)[-1]) == TEXT_LIMIT
    assert "too_long" in [word.template for word in words(driver, house, person)]


ODD = (
    "]]><x>",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %}",
    "'; DROP TABLE inbox; --",
    "\u202e\u200b倒过来",
    "\x07\x1b[31m",
    "？？？",
    "../../etc/passwd",
    " ",
)


@on_every_channel
def test_odd_signs_are_answered_in_sentences_and_carried_nowhere(driver: Any, house: House) -> None:
    async def go() -> str:
        person = await agreed(driver)
        for text in ODD:
            before = len("".join(await driver.texts(person)))
            await driver.says(person, text)
            await seen(driver, house, person)
            assert len("".join(await driver.texts(person))) > before, repr(text)
        return person

    person = on(driver, house, go())

    told = "".join(word.text for word in words(driver, house, person))
    assert "49" not in told
    assert "<script" not in told
    assert len(heard(driver, house, person)) >= 2


@on_every_channel
def test_what_many_write_at_once_is_answered_to_each_in_order(driver: Any, house: House) -> None:
    said = ["老板欠我工钱", "不晓得", "查进度"]

    async def talk(person: str) -> None:
        for text in said:
            await driver.says(person, text)

    async def go() -> list[str]:
        people = [await agreed(driver) for _ in range(4)]
        await asyncio.gather(*(talk(person) for person in people))
        for person in people:
            await seen(driver, house, person)
        return people

    for person in on(driver, house, go()):
        assert heard(driver, house, person)[-3:] == said


@on_every_channel
def test_a_message_counts_as_taken_only_once_it_is_committed(
    driver: Any, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, submit = Event(), house.writer.submit

    async def go() -> str:
        person = await agreed(driver)
        await seen(driver, house, person)
        monkeypatch.setattr(
            house.writer, "submit", lambda job: submit(lambda work: (gate.wait(5), job(work))[1])
        )
        saying = asyncio.create_task(driver.says(person, "老板欠我工钱"))
        await asyncio.sleep(0.2)
        assert not saying.done()
        assert "老板欠我工钱" not in heard(driver, house, person)
        gate.set()
        await saying
        assert heard(driver, house, person)[-1] == "老板欠我工钱"
        return person

    on(driver, house, go())


@on_every_channel
def test_a_word_that_was_not_seen_yet_survives_a_restart(driver: Any, house: House) -> None:
    async def before() -> str:
        person = await agreed(driver)
        await seen(driver, house, person)
        return person

    person = on(driver, house, before())
    last = words(driver, house, person)[-1]
    kept = CHANNELS[driver.name].kept_state
    word = replace(last, text="明天上午见面", unasked=True, key="k", state=kept, choices=())
    house.writer.submit(lambda work: work.outbox.add([word])).result()
    house.writer.close()
    again = build_house(house.settings.data)

    async def after() -> list[str]:
        await shown(driver, person, ["明天上午见面"])
        return list(await driver.texts(person))

    page = "".join(on(driver, again, after()))
    again.writer.close()
    assert page.count("明天上午见面") == 1


@on_those_with("gone")
def test_to_who_cannot_be_written_to_words_stop_and_a_helper_is_asked_to_phone(
    driver: Any, house: House
) -> None:
    async def before() -> str:
        person = await agreed(driver)
        await seen(driver, house, person)
        return person

    person = on(driver, house, before())
    number = with_case(house, driver.name, driver.sender(person))
    driver.goes(person)
    last = words(driver, house, person)[-1]
    fresh = replace(last, state=OutboxState.QUEUED, case_number=number, choices=(), key=None)
    two = [replace(fresh, text=text, not_before=None) for text in ("一", "二")]
    house.writer.submit(lambda work: work.outbox.add(two)).result()

    async def after() -> None:
        await until(lambda: {w.state for w in words(driver, house, person)[-2:]} == {DEAD})

    on(driver, house, after())
    tasks = house.writer.read(lambda work: work.tasks.still_open())
    assert [task.details.get("reason") for task in tasks] == ["not_reached"]


@on_every_channel
def test_a_bare_three_for_how_old_a_child_is_means_three_years_and_not_the_third_choice(
    driver: Any, house: House
) -> None:
    async def go() -> str:
        person = await agreed(driver)
        await seen(driver, house, person)
        asks_age_after_the_next_answer(house, driver.name, driver.sender(person))
        await driver.says(person, "抚养费")
        assert words(driver, house, person)[-1].text == "孩子多大了？"
        await seen(driver, house, person)
        await driver.says(person, "3")
        await seen(driver, house, person)
        return person

    person = on(driver, house, go())

    assert known(house, driver, person)["child_age"]["value"] == "small"


def known(house: House, driver: Any, person: str) -> Any:
    look = house.writer.read
    return look(
        lambda work: work.conversations.get(driver.name, driver.sender(person)).state["known"]
    )


@on_every_channel
def test_a_code_reaches_the_dialogue(driver: Any, house: House) -> None:
    async def go() -> str:
        person = await agreed(driver)
        await driver.starts(person, new_code())
        await seen(driver, house, person)
        return person

    person = on(driver, house, go())

    said = [word.template for word in words(driver, house, person)]
    assert {"code_not_taken", "code_not_known"} & set(said)


def test_what_a_channel_has_not_is_said_with_its_reason() -> None:
    for names in WITHOUT.values():
        assert set(names) < set(CHANNELS)
        assert all(names.values())
