"""One run: a town, a server, people who talk, something that goes wrong, and the verdict."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

from sqlalchemy import Engine, TextClause, text

from storage.engine import open_engine
from storage.roster import RosterMemory
from storage.sealing import Keyring
from storage.unit_of_work import SqlUnitOfWork
from tests.bot.telegram_peer import TOKEN, BotApi, bot_api
from tests.chaos.nursery import Order
from tests.chaos.story import InBrowser, Stuck, Told, everybody, remembers
from tests.chaos.town import BEGINNING, DUE, Town
from tests.chaos.verdict import Verdict, integrity, judge
from tests.trained import models_folder

DOWN_SECONDS = 600.0  # how long a killed server is away, in the town's time
QUIET_SECONDS = 60.0
Trouble = Callable[["Run"], Awaitable[None]]


@dataclass(frozen=True)
class Death:
    """How a server ended: the signal that ended it, or its exit code."""

    by: int
    code: int


class Nursery:
    """The warmed process, seen from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", str(models_folder())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._births: Queue[int] = Queue()
        self._deaths: dict[int, Death] = {}
        self._one_at_a_time = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        self._is_warm = False

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "died" in said:
                self._deaths[said["died"]] = Death(said["by"], said["code"])
            else:
                self._births.put(said.get("born", 0))

    def bears(self, order: Order) -> int:
        """Let a server be born; returns its process id."""
        assert self._process.stdin is not None
        with self._one_at_a_time:
            if not self._is_warm:
                self._births.get(timeout=120)
                self._is_warm = True
            self._process.stdin.write(order.line())
            self._process.stdin.flush()
            return self._births.get(timeout=60)

    def death_of(self, pid: int) -> Death | None:
        return self._deaths.get(pid)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class Outcome:
    """What became of a run."""

    name: str
    was_killed: bool = False
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        return not self.verdict.faults


@dataclass
class Run:
    """A run under way."""

    nursery: Nursery
    town: Town
    folder: Path
    url: str
    api: BotApi
    name: str
    point: str = ""
    passage: int = 1
    without: str = ""
    limits: dict[str, int] = field(default_factory=dict)
    pace: float = 1.0
    pid: int = 0
    was_killed: bool = False
    told: Told = field(default_factory=Told)
    browser: InBrowser | None = None
    moved: float = 0.0
    began: float = field(default_factory=time.time)

    def move_clock(self, seconds: float) -> None:
        """Move the clock of the town, forwards or back; servers see it at once."""
        self.moved += seconds
        file = self.folder / "clock.new"
        file.write_text(json.dumps([BEGINNING.isoformat(), self.began, self.pace, self.moved]))
        file.rename(self.folder / "clock.json")

    def start(self) -> None:
        """Start a server; the first one dies where it is told to."""
        environment = {
            "HEJIE_DATA": str(self.folder),
            "HEJIE_KEYS": str(self.town.keys),
            "HEJIE_DATABASE_URL": self.url,
            "HEJIE_PORT": str(self.port),
            "HEJIE_TELEGRAM_TOKEN": TOKEN,
            "HEJIE_TICK_SECONDS": "1",
        }
        dies = {} if self.was_killed else {"point": self.point, "passage": self.passage}
        order = Order(
            environment, str(self.folder), self.api.url, without=self.without, **dies, **self.limits
        )
        self.pid = self.nursery.bears(order)

    def end(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def death(self) -> Death:
        """Wait until the server has died."""
        while (death := self.nursery.death_of(self.pid)) is None:
            await asyncio.sleep(0.005)
        return death

    async def begins_anew(self) -> None:
        """Start the next server ten minutes after the last one was killed."""
        self.was_killed = True
        self.move_clock(DOWN_SECONDS)
        self.start()

    async def keeps_alive(self) -> None:
        """Start a server again each time that one dies, for as long as the people talk."""
        while True:
            death = await self.death()
            if death.by != signal.SIGKILL or self.was_killed:
                raise Stuck(f"the server ended by itself: {death}\n{self.log()}")
            await self.begins_anew()

    def log(self) -> str:
        file = self.folder / "server.log"
        return file.read_text()[-4000:] if file.exists() else ""

    @property
    def port(self) -> int:
        file = self.folder / "port"
        if not file.exists():
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                file.write_text(str(free.getsockname()[1]))
        return int(file.read_text())


class Place:
    """Where runs are made: the nursery, and the town on each database."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self.nursery = nursery
        self.folder = folder
        self._towns: dict[str, tuple[Town, str]] = {}
        self._number = 0
        self._lock = threading.Lock()

    @property
    def town_file(self) -> Path:
        """The SQLite file of the town at the beginning."""
        file = self._towns["sqlite"][0].database
        assert file is not None
        return file

    def has_town(self, kind: str, town: Town, url: str = "") -> None:
        self._towns[kind] = (town, url)

    @contextmanager
    def database(self, kind: str, folder: Path) -> Iterator[tuple[Town, str]]:
        """Give a run a database of its own, as the town stands before anything went wrong."""
        town, url = self._towns[kind]
        if town.database is not None:
            shutil.copy(town.database, folder / "hejie.db")
            yield town, f"sqlite:///{folder / 'hejie.db'}"
            return
        name = folder.name.replace("-", "_")
        command(url, f"CREATE DATABASE {name} TEMPLATE town")
        yield town, url.replace("/town?", f"/{name}?")
        command(url, f"DROP DATABASE {name} WITH (FORCE)")

    def run(
        self, name: str, kind: str = "sqlite", trouble: Trouble | None = None, **more: Any
    ) -> Outcome:
        """Make one run and judge it; `trouble` is made meanwhile."""
        with self._lock:
            self._number += 1
            folder = self.folder / f"run-{self._number}"
        folder.mkdir()
        began = time.monotonic()
        outcome = Outcome(name)
        api: BotApi | None = None
        try:
            with self.database(kind, folder) as (town, url), bot_api(strict=False) as api:
                run = Run(self.nursery, town, folder, url, api, name, **more)
                asyncio.run(go(run, trouble, outcome))
        except (Stuck, AssertionError) as stuck:
            outcome.verdict.wrong.append(f"{type(stuck).__name__}: {stuck}")
        outcome.seconds = time.monotonic() - began
        shutil.rmtree(folder, ignore_errors=True)
        return outcome


def command(url: str, *statements: str) -> None:
    """Say something to the PostgreSQL server, outside of the database of the address."""
    server = open_engine(url.replace("/town?", "/postgres?"))
    with server.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    server.dispose()


async def go(run: Run, trouble: Trouble | None, outcome: Outcome) -> None:
    """Let everybody talk and everything end, then judge."""
    remembers(run.api, run.town)
    history = len(run.api.said)
    run.move_clock(0)
    run.start()
    engine = open_engine(run.url, Keyring(path=run.town.keys))
    try:
        await _talk(run, engine, trouble)
        await _end(run, engine, outcome)
        with engine.connect() as connection:
            work = SqlUnitOfWork.joining(connection, RosterMemory())
            outcome.verdict.add(judge(work, run.api, run.town, run.told, history))
    finally:
        run.end()
        await run.death()
        engine.dispose()
    if run.town.database is not None:
        outcome.verdict.wrong += integrity(str(run.folder / "hejie.db"))
    outcome.was_killed = run.was_killed


async def _talk(run: Run, engine: Engine, trouble: Trouble | None) -> None:
    doing, run.browser = everybody(
        run.api, f"http://127.0.0.1:{run.port}", run.told, lambda chat: _is_phoned(engine, chat)
    )
    alive = asyncio.create_task(run.keeps_alive())
    talking = [asyncio.ensure_future(each) for each in doing]
    if trouble is not None:
        talking.append(asyncio.ensure_future(trouble(run)))
    all_said = asyncio.gather(*talking)
    try:
        await asyncio.wait([alive, all_said], return_when=asyncio.FIRST_COMPLETED)
        if alive.done():
            await alive
        await all_said
        await _is_quiet(run, engine)
    finally:
        for task in (alive, *talking):
            task.cancel()
        await asyncio.gather(alive, all_said, *talking, return_exceptions=True)
        await run.browser.close()


async def _is_quiet(run: Run, engine: Engine) -> None:
    """Wait until all is taken, said and acknowledged, and the reminders have fired."""
    ends_at = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < ends_at:
        if not run.api._pending and not run.api._queries and _is_settled(engine):
            return
        await asyncio.sleep(0.02)


UNSETTLED = text(
    "SELECT (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"
    " OR (state = 'unknown' AND NOT unasked AND NOT resent))"
    " + (SELECT count(*) FROM follow_up WHERE state IN ('pending', 'claimed') AND due_at <= :due)"
)
PHONED = text(
    "SELECT count(*) FROM task JOIN conversation ON conversation.id = conversation_id"
    " WHERE kind = 'phone' AND task.key LIKE 'in-doubt:%' AND sender = :sender"
)


def _is_settled(engine: Engine) -> bool:
    due = round(DUE.timestamp()) * 1_000_000
    return _counted(engine, UNSETTLED, due=due) == 0


def _is_phoned(engine: Engine, chat: int) -> bool:
    return _counted(engine, PHONED, sender=str(chat)) > 0


def _counted(engine: Engine, query: TextClause, **values: Any) -> int:
    try:
        with engine.connect() as connection:
            return int(connection.scalar(query, values) or 0)
    except Exception:  # the database is away: that is part of the game
        return -1


async def _end(run: Run, engine: Engine, outcome: Outcome) -> None:
    """Stop the server as operators do; one that dies on the way is started once more."""
    run.end(signal.SIGTERM)
    death = await run.death()
    if death.by == signal.SIGKILL and not run.was_killed:
        await run.begins_anew()
        await _is_quiet(run, engine)
        run.end(signal.SIGTERM)
        death = await run.death()
    if (death.by, death.code) != (0, 0) and death.by != signal.SIGTERM:
        outcome.verdict.wrong.append(f"the server ended badly: {death}\n{run.log()}")
    counts = run.folder / "counts.json"
    if counts.exists():
        outcome.counts = Counter(json.loads(counts.read_text()))


@contextmanager
def workplace() -> Iterator[Place]:
    """Make a place to run in, and leave nothing of it."""
    nursery = Nursery()
    try:
        with tempfile.TemporaryDirectory(prefix="hejie-chaos-") as folder:
            yield Place(nursery, Path(folder))
    finally:
        nursery.close()
