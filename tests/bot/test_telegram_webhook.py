"""Telegram pushes updates: believed only with the secret, answered 200 only once kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels import telegram
from bot.settings import SettingsFaults, read_settings
from tests.bot import files
from tests.bot.loopback import until
from tests.bot.telegram_peer import TOKEN, BotApi, bot_api
from tests.bot.telegram_rules import BROKEN
from tests.bot.telegram_talk import LUO, PAUSE, YANG, kept, tasks, turn_is_over
from tests.bot.test_telegram import Choking
from tests.bot.webhouse import House, serving

PUBLIC = "https://hejie.example.cn/telegram"
SECRET = "a-secret-of-more-than-24-signs"
ENVIRONMENT = {
    "HEJIE_TELEGRAM_TOKEN": TOKEN,
    "HEJIE_TELEGRAM_WEBHOOK": PUBLIC,
    "HEJIE_TELEGRAM_SECRET": SECRET,
}
HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[BotApi]:
    with bot_api() as api:
        monkeypatch.setattr(telegram, "API", api.url)
        monkeypatch.setattr(telegram, "PAUSE_SECONDS", PAUSE)
        yield api


@pytest.fixture
def house(api: BotApi, tmp_path: Path) -> Iterator[House]:
    with serving(tmp_path, environment=ENVIRONMENT) as house:
        api.leads_to[PUBLIC] = f"{house.url}/telegram"
        yield house


@asynccontextmanager
async def pushed_to(api: BotApi) -> AsyncIterator[None]:
    await until(lambda: bool(api.webhook))
    yield


def post(house: House, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with house.client() as client:
        return client.post("/telegram", content=content, headers=HEADER | headers)


def update(number: int, text: str = "你好", chat: int = YANG) -> dict[str, Any]:
    where = {"id": chat, "type": "private", "first_name": "杨"}
    message = {"message_id": number, "date": 1, "chat": where, "text": text}
    return {"update_id": number, "message": message}


def test_a_conversation_runs_over_pushed_updates_in_order(api: BotApi, house: House) -> None:
    async def go() -> None:
        async with pushed_to(api):
            api.says(YANG, "/start")
            await turn_is_over(house, api)
            api.presses(YANG, "consent:yes")
            for text in ("老板欠我工钱", "不晓得", "查进度"):
                api.says(YANG, text)
            api.sends_file(YANG, "photo", files.photo())
            await turn_is_over(house, api)

    asyncio.run(go())
    heard, words = kept(house, YANG)
    assert heard[2:] == ["老板欠我工钱", "不晓得", "查进度", "sent:photo"]
    assert api.texts(YANG) == [word.text for word in words]
    assert api.webhook == {"url": PUBLIC, "secret": SECRET}
    assert set(api.pushes) == {200}
    assert api.polls == 0


def test_an_update_is_answered_only_once_it_is_kept(api: BotApi, house: House) -> None:
    missing: list[int] = []
    chats: dict[int, int] = {}

    def look(number: int) -> None:
        if not kept(house, chats[number])[0]:
            missing.append(number)

    async def go() -> None:
        async with pushed_to(api):
            api.before_acknowledging = look
            chats.update({api.says(chat, "你好"): chat for chat in range(7100, 7105)})
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(api.acknowledged) == 5
    assert missing == []


def test_while_the_database_is_away_telegram_is_told_to_come_again(
    api: BotApi, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, broken = house.writer.submit, [True]

    def away(job: Any) -> Any:
        if broken[0]:
            raise ConnectionError("the database is away")
        return submit(job)

    monkeypatch.setattr(house.writer, "submit", away)

    async def go() -> None:
        async with pushed_to(api):
            number = api.says(YANG, "你好")
            await until(lambda: 503 in api.pushes)
            assert number not in api.acknowledged
            broken[0] = False
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(kept(house, YANG)[0]) == 1
    assert api.pushes[-1] == 200
    assert tasks(house) == []


def test_where_too_many_wait_telegram_is_told_to_come_again(api: BotApi, house: House) -> None:
    api.knows(YANG)
    house.lanes._waiting_limit = 0

    assert post(house, update(5)).status_code == 503

    house.lanes._waiting_limit = 10
    assert post(house, update(5)).status_code == 200
    assert len(kept(house, YANG)[0]) == 1


def test_an_update_pushed_twice_is_taken_once(api: BotApi, house: House) -> None:
    api.knows(YANG)
    assert [post(house, update(7)).status_code for _ in range(3)] == [200, 200, 200]
    assert len(kept(house, YANG)[0]) == 1


def test_who_does_not_know_the_secret_is_refused_and_not_read(house: House) -> None:
    for given in ("", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper(), "\xff"):
        header = {"X-Telegram-Bot-Api-Secret-Token": given.encode("latin-1")}
        with house.client() as client:
            assert client.post("/telegram", content=b"{", headers=header).status_code == 403
            assert client.post("/telegram", json=update(9), headers=header).status_code == 403
    with house.client() as client:
        assert client.post("/telegram", json=update(9)).status_code == 403
        assert client.get("/telegram").status_code == 405

    assert kept(house, YANG) == ([], [])


def test_a_forged_push_leaves_the_update_to_come_with_the_secret(api: BotApi, house: House) -> None:
    async def go() -> None:
        async with pushed_to(api):
            api.forges_secret = "forged-forged-forged-forged"
            api.says(YANG, "你好")
            await until(lambda: 403 in api.pushes)
            assert kept(house, YANG) == ([], [])
            api.forges_secret = None
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(kept(house, YANG)[0]) == 1


OTHER_BODIES = (
    *(b"", b"{", b"\xff\xfe", b"[]", b"7", b"null", b"{}", b'{"update_id": "7"}'),
    *(b'{"update_id": true}', b'{"update_id": -1}', b'{"update_id": 1.5}', b'{"update_id": NaN}'),
    b'{"update_id": 99999999999999999999999}',
    b'{"update_id": ' + b"9" * 5000 + b"}",
    b'{"update_id": 1, "message": ' + b"[" * 20_000 + b"}",
)
PRIVATE = {"id": YANG, "type": "private"}
UNREADABLE = (
    {"text": "没有发信人"},
    7,
    [],
    {"chat": {"id": "x", "type": "private"}, "text": "你好", "date": 1, "message_id": 1},
    {"chat": PRIVATE, "date": "gestern", "message_id": 1},
    {"chat": PRIVATE, "date": 1, "message_id": 1, "photo": 7},
    {"chat": PRIVATE, "date": 1, "message_id": 1, "text": ["a"]},
)


def test_a_body_of_another_form_is_refused_and_never_a_fault_of_ours(house: House) -> None:
    for body in OTHER_BODIES:
        assert post(house, body).status_code == 400, body[:60]
    assert post(house, update(3, "长" * 70_000)).status_code == 413


def test_an_update_that_cannot_be_read_is_taken_off_telegrams_hands(
    api: BotApi, house: House
) -> None:
    api.knows(YANG)
    for number, message in enumerate(UNREADABLE):
        answer = post(house, {"update_id": 11 + number, "message": message})
        assert answer.status_code == 200, message


def test_a_message_that_chokes_us_is_laid_aside_and_stops_nobody(
    api: BotApi, tmp_path: Path
) -> None:
    with serving(tmp_path, environment=ENVIRONMENT, interpreter=Choking()) as house:
        api.leads_to[PUBLIC] = f"{house.url}/telegram"
        api.knows(YANG, LUO)
        assert post(house, update(1, "毒")).status_code == 200
        assert post(house, update(2, "你好", LUO)).status_code == 200
        left = tasks(house)

    assert [reason for _, reason in left] == ["message_not_taken"]


def test_in_polling_a_webhook_of_before_is_taken_away(api: BotApi, tmp_path: Path) -> None:
    api.webhook = {"url": "https://old", "secret": ""}
    with serving(tmp_path, environment={"HEJIE_TELEGRAM_TOKEN": TOKEN}) as house:

        async def go() -> None:
            api.says(YANG, "你好")
            await turn_is_over(house, api)

        asyncio.run(go())
        with house.client() as client:
            assert client.post("/telegram", json={}).status_code == 404

    assert api.webhook == {}
    assert len(api.texts(YANG)) == 1


def test_telegram_being_away_at_the_start_only_delays_the_webhook(
    api: BotApi, tmp_path: Path
) -> None:
    api.fails(BROKEN, "setWebhook", times=2)
    with serving(tmp_path, environment=ENVIRONMENT):
        asyncio.run(until(lambda: api.webhook.get("url") == PUBLIC))


# settings


def faults(**environment: str) -> list[str]:
    with pytest.raises(SettingsFaults) as told:
        read_settings(environment)
    return [line.partition(":")[0] for line in str(told.value).splitlines()]


@pytest.mark.parametrize(
    "url",
    ["http://hejie.example.cn/telegram", "https://hejie.example.cn/", "hejie.example.cn", "https:"],
)
def test_a_webhook_that_telegram_could_not_use_is_refused(url: str) -> None:
    assert faults(HEJIE_TELEGRAM_WEBHOOK=url, HEJIE_TELEGRAM_SECRET=SECRET) == [
        "HEJIE_TELEGRAM_WEBHOOK"
    ]


@pytest.mark.parametrize("secret", ["", "short", "x" * 257, "with space and more than 24"])
def test_a_webhook_needs_a_secret_that_cannot_be_guessed(secret: str) -> None:
    assert faults(HEJIE_TELEGRAM_WEBHOOK=PUBLIC, HEJIE_TELEGRAM_SECRET=secret) == [
        "HEJIE_TELEGRAM_SECRET"
    ]


def test_in_production_telegram_is_refused_unless_it_is_switched_on_by_name() -> None:
    production = {"HEJIE_PROFILE": "production", "HEJIE_TELEGRAM_TOKEN": TOKEN}

    assert faults(**production) == ["HEJIE_TELEGRAM"]
    assert read_settings({**production, "HEJIE_TELEGRAM": "on"}).telegram_token == TOKEN
    assert read_settings({**production, "HEJIE_TELEGRAM": "off"}).telegram_token is None
    assert read_settings({"HEJIE_TELEGRAM_TOKEN": TOKEN}).telegram_token == TOKEN


def test_settings_of_another_form_are_named() -> None:
    assert faults(
        HEJIE_PROFILE="test", HEJIE_TELEGRAM="yes", HEJIE_PUBLIC_URL="hejie.example.cn"
    ) == ["HEJIE_PROFILE", "HEJIE_TELEGRAM", "HEJIE_PUBLIC_URL"]
