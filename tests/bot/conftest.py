"""What several tests of this folder use, and loud words where no real browser could be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext

from bot import delivery, guards
from bot.admin import password
from bot.delivery import Delivery
from storage.writer import Writer
from tests.bot.browser import LEFT_OUT, PHONE, chromium, new_context
from tests.bot.messenger import Messenger
from tests.bot.telegram_peer import BotApi, bot_api
from tests.bot.webhouse import Clock, House, build_house, on_writer, serving
from tests.bot.wechat_peer import Line, WeChatServer, wechat_line
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_conversation, keep


@pytest.fixture(autouse=True)
def one_person_may_be_written_to_quickly(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spare whole talks the pace of one word a second, which the tests of delivery prove."""
    if request.module.__name__ != "tests.bot.test_delivery":
        monkeypatch.setattr(delivery, "A_PERSON_A_SECOND", 50.0)


@pytest.fixture
def no_time_passes_for_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no budget fill up again, however slow the machine is to spend it."""
    now = monotonic()
    monkeypatch.setattr(guards, "monotonic", lambda: now)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = [
        report
        for report in terminalreporter.getreports("skipped")
        if LEFT_OUT in str(report.longrepr)
    ]
    if left_out:
        terminalreporter.write_line(
            f"WARNING: {len(left_out)} browser tests were left out. {LEFT_OUT}", red=True, bold=True
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house on SQLite that nobody serves."""
    house = build_house(tmp_path)
    yield house
    house.writer.close()


@pytest.fixture
def own_town(tmp_path: Path) -> Iterator[House]:
    """A house that is served for one test alone."""
    with serving(tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that is served, for the tests of a module one after the other."""
    with serving(tmp_path_factory.mktemp("town")) as house:
        yield house


@pytest.fixture
def client(town: House) -> Iterator[httpx.Client]:
    """A browser that comes there for the first time."""
    with town.client() as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a module one after the other."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser, town: House) -> Iterator[BrowserContext]:
    """A phone in that house, with nothing kept on it."""
    context = new_context(browser, town, PHONE)
    yield context
    context.close()


@pytest.fixture
def on_any(writer: Writer, tmp_path: Path) -> House:
    """A house on each of the two databases in turn."""
    return on_writer(writer, tmp_path)


@pytest.fixture
def api() -> Iterator[BotApi]:
    """A Bot API server; what it objects to fails the test."""
    with bot_api() as api:
        yield api


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """The line to WeChat's server, which several tests use one after the other."""
    with wechat_line() as line:
        yield line


@pytest.fixture
def wechat(line: Line, house: House) -> Iterator[WeChatServer]:
    with line.serving(house.clock) as server:
        yield server


@pytest.fixture
def messenger() -> Messenger:
    return Messenger()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def people(work: OpenWork) -> None:
    """Two people on Telegram and one on the web."""
    keep(
        work,
        a_conversation("yang", channel="telegram", sender="yang"),
        a_conversation("luo", channel="telegram", sender="luo"),
        a_conversation("li", channel="webchat", sender="li"),
    )


@pytest.fixture
def outgoing(people: None, writer: Writer, messenger: Messenger, clock: Clock) -> Delivery:
    """The delivery to the people on Telegram."""
    return Delivery(writer, "telegram", messenger, clock)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with argon2id at a hundredth of its cost."""
    monkeypatch.setattr(password, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
