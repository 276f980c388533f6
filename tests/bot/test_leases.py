"""One conversation, several server processes: its messages stay in order, and nobody waits long."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.lanes import LEASE
from bot.messages import Incoming
from domain.conversation import Conversation, HeardMessage
from storage.writer import Writer
from tests.bot.webhouse import House, on_writer, told
from tests.conftest import NOW, address
from tests.storage.samples import a_conversation

PROCESS = """
import asyncio, json, os, signal, sys, time
from datetime import datetime, timedelta
from bot.lanes import Lanes
from bot.turns import Turns
from domain.calendar import LOCAL
from storage.engine import open_engine
from storage.writer import Writer
from bot.render import Renderer
from tests.bot.webhouse import Keywords, catalogue, told
from tests.conftest import KEYRING

class Slow(Keywords):
    def __init__(self):
        self.slept = set()

    def read(self, messages):
        time.sleep(float(reading))
        for message in messages:
            if "睡" in message.text and message.text not in self.slept:
                self.slept.add(message.text)
                os.kill(os.getpid(), signal.SIGSTOP)
        return super().read(messages)

async def main():
    writer = Writer(open_engine(url, KEYRING))
    now = lambda: datetime.now(LOCAL)
    turns = Turns(writer, Slow(), catalogue(), Renderer(catalogue()), now)
    lanes = Lanes(turns, writer)

    async def take(text):
        await lanes.take(told("li", text))
        print(text, flush=True)

    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        lease, *texts = json.loads(line)
        lanes._lease_span = timedelta(seconds=lease)
        asyncio.gather(*(take(text) for text in texts))

url, reading = sys.argv[1:]
asyncio.run(main())
"""


class Server:
    """A process that takes messages; what it has taken it says line by line."""

    def __init__(self, url: str, reading: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, url, str(reading)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def gets(self, texts: Sequence[str], lease: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([lease, *texts]) + "\n")
        self.process.stdin.flush()

    def says(self, count: int = 1) -> list[str]:
        assert self.process.stdout is not None
        return [self.process.stdout.readline().strip() for _ in range(count)]

    def has_fallen_asleep(self) -> None:
        """Wait until it stands still, in the middle of a turn."""
        assert os.WIFSTOPPED(os.waitpid(self.process.pid, os.WUNTRACED)[1])

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def told_by(name: str, count: int) -> list[str]:
    return [f"工钱{name}{number}" for number in range(1, count + 1)]


def asleep_at_the_second(name: str, count: int) -> list[str]:
    """Return messages at whose second the process stops that has read it, before it commits."""
    first, second, *others = told_by(name, count)
    return [first, f"{second}睡", *others]


@pytest.fixture
def house(writer: Writer, tmp_path: Path) -> House:
    """A house on each of the two databases in turn, where one person has agreed."""
    house = on_writer(writer, tmp_path)
    house.turns.take(Incoming("webchat", "li", "consent", choice="consent:yes"))
    return house


@pytest.fixture(scope="module")
def servers(postgresql: Engine) -> Iterator[tuple[Server, Server]]:
    """Two processes on one PostgreSQL, the first of them slow to read."""
    with ExitStack() as stack:
        slow, quick = (Server(address(postgresql), reading) for reading in (0.1, 0))
        stack.callback(slow.end)
        stack.callback(quick.end)
        assert [slow.says(), quick.says()] == [["ready"], ["ready"]]
        yield slow, quick


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def conversation(house: House) -> Conversation:
    found = house.writer.read(lambda work: work.conversations.get("webchat", "li"))
    assert found is not None
    return found


def heard(house: House) -> list[str]:
    rows = house.writer.read(lambda work: work.pages.transcript(conversation(house).id))
    return [row.text for row in rows if isinstance(row, HeardMessage) and row.text]


@on_postgresql
def test_what_waits_in_one_process_is_taken_before_what_comes_later_to_another(
    house: House, servers: tuple[Server, Server]
) -> None:
    slow, quick = servers
    earlier, later = told_by("甲", 4), told_by("乙", 3)
    lease = 5

    slow.gets(earlier, lease)
    assert slow.says() == earlier[:1]
    quick.gets(later, lease)
    quick.says(3)
    slow.says(3)

    assert heard(house) == [*earlier, *later]
    assert conversation(house).lease_holder is None


@on_postgresql
def test_a_process_that_slept_through_its_lease_commits_over_nobody(
    house: House, servers: tuple[Server, Server]
) -> None:
    slow, quick = servers
    earlier, later = asleep_at_the_second("丙", 3), told_by("丁", 2)
    lease = 0.3

    slow.gets(earlier, lease)
    slow.says()
    slow.has_fallen_asleep()
    quick.gets(later, lease)
    quick.says(2)
    slow.signal(signal.SIGCONT)
    slow.says(2)

    assert heard(house) == [*earlier[:1], *later, *earlier[1:]]
    assert conversation(house).version == 1 + 5


@on_postgresql
def test_the_lease_of_a_process_that_was_killed_runs_out_and_the_next_one_goes_on(
    house: House, servers: tuple[Server, Server]
) -> None:
    slow, quick = servers
    earlier, later = asleep_at_the_second("戊", 4), told_by("己", 2)
    lease = 0.6

    slow.gets(earlier, lease)
    slow.says()
    until = conversation(house).lease_until
    slow.has_fallen_asleep()
    slow.signal(signal.SIGKILL)
    quick.gets(later, lease)
    quick.says(2)

    assert heard(house) == [*earlier[:1], *later]
    assert until is not None
    assert until <= conversation(house).updated_at < until + LEASE


# in one process


def leased(house: House, holder: str, ends_in: timedelta) -> None:
    def job(work: Any) -> None:
        found = work.conversations.get("webchat", "li")
        work.conversations.save(
            replace(found, lease_holder=holder, lease_until=house.clock() + ends_in)
        )

    house.writer.submit(job).result()


def test_a_turn_that_nobody_waits_behind_writes_no_lease_and_ends_an_old_one(house: House) -> None:
    leased(house, "a process that died", timedelta(seconds=-1))

    asyncio.run(house.lanes.take(told("li", "工钱")))

    assert conversation(house).lease_holder is None


def test_a_lease_that_ends_later_than_any_can_keeps_nobody_waiting(house: House) -> None:
    leased(house, "one whose clock went an hour ahead", timedelta(hours=1))

    asyncio.run(asyncio.wait_for(house.lanes.take(told("li", "工钱")), 5))

    assert heard(house) == ["工钱"]


def test_who_waits_for_another_process_goes_on_as_soon_as_it_releases(house: House) -> None:
    leased(house, "another", timedelta(seconds=3))

    async def go() -> None:
        waiting = asyncio.create_task(house.lanes.take(told("li", "工钱")))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        release = house.writer.submit(
            lambda work: work.conversations.release("webchat", "li", "another")
        )
        await asyncio.wrap_future(release)
        await asyncio.wait_for(waiting, 5)

    asyncio.run(go())
    assert heard(house) == ["工钱"]


def test_a_lease_whose_last_message_came_twice_is_released_all_the_same(house: House) -> None:
    async def go() -> None:
        same = told("li", "工钱")
        await asyncio.gather(house.lanes.take(same), house.lanes.take(same))
        while house.lanes._tasks:
            await asyncio.sleep(0.01)

    asyncio.run(go())
    assert conversation(house).lease_holder is None


@pytest.mark.parametrize(
    ("holder", "ends_in", "is_live"),
    [
        (None, None, False),
        ("another", timedelta(seconds=1), True),
        ("another", timedelta(0), False),
        ("another", LEASE, True),
        ("another", LEASE + timedelta(seconds=1), False),
        ("me", timedelta(seconds=1), False),
    ],
)
def test_a_lease_is_live_until_it_ends_and_never_against_its_holder(
    holder: str | None, ends_in: timedelta | None, is_live: bool
) -> None:
    until = None if ends_in is None else NOW + ends_in
    conversation = a_conversation(lease_holder=holder, lease_until=until)

    assert conversation.is_leased_to_another("me", NOW, LEASE) is is_live
