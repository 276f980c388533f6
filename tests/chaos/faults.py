"""What goes wrong beside sudden death: the messenger, the clock, the disk, the database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.bot.telegram_rules import BAD_GATEWAY, BROKEN, SILENT, too_many
from tests.chaos.running import Outcome, Place, Run, command
from tests.chaos.story import Stuck
from tests.chaos.town import CLOSING, HASTY, NEW

HOUR = 3600.0
AWAY_SECONDS = 30.0
LOCKED_SECONDS = 17.0  # longer than a writer waits for another one
FULL = ("is full", "I/O error")


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong in a run; everything must come right all the same."""

    name: str
    trouble: Callable[[Run], Awaitable[None]]
    kind: str = "sqlite"
    more: dict[str, Any] = field(default_factory=dict)

    def happens(self, place: Place) -> Outcome:
        return place.run(self.name, self.kind, self.trouble, **self.more)


async def everybody_talks(run: Run) -> None:
    """Wait until the first updates are taken."""
    while len(run.api.acknowledged) < 3:
        await asyncio.sleep(0.01)


async def says_429(run: Run) -> None:
    for chat in (NEW, HASTY, CLOSING):
        run.api.fails(too_many(1), chat=chat, times=2)


async def says_5xx(run: Run) -> None:
    run.api.fails(BROKEN, times=3)
    run.api.fails(BAD_GATEWAY, times=2)
    run.api.fails(BROKEN, "getUpdates", times=2)


async def never_answers(run: Run) -> None:
    run.api.fails(SILENT, times=2)


async def clock_jumps(run: Run, hours: float) -> None:
    await everybody_talks(run)
    run.move_clock(hours * HOUR)


async def dies_and_clock_goes_back(run: Run) -> None:
    await everybody_talks(run)
    run.move_clock(-HOUR)
    run.end()


async def disk_is_full(run: Run) -> None:
    """Wait until writing fails, make room, and let the next server take over."""
    for _ in range(2000):
        if (run.browser is not None and run.browser.failures) or any(w in run.log() for w in FULL):
            break
        await asyncio.sleep(0.02)
    else:
        raise Stuck("the disk was never full")
    await asyncio.sleep(0.5)  # some more tries on the full disk
    run.limits = {}
    run.end()


async def database_is_away(run: Run, seconds: float = AWAY_SECONDS) -> None:
    """Let nobody in, and throw out who is in."""
    await everybody_talks(run)
    name = run.folder.name.replace("-", "_")
    town = run.url.replace(f"/{name}?", "/town?")
    away = (
        f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
    )
    await asyncio.to_thread(command, town, *away)
    await asyncio.sleep(seconds)
    back = f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"
    await asyncio.to_thread(command, town, back)


async def database_is_locked(run: Run) -> None:
    """Let another program write into the file and not come to an end."""
    await everybody_talks(run)
    other = sqlite3.connect(run.folder / "hejie.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(LOCKED_SECONDS)
    other.close()


def all_faults(town: Path) -> list[Fault]:
    """Return every fault. `town` is the database file at the beginning."""
    pages = town.stat().st_size // 4096  # not one more: what is written here may fit into one
    return [
        Fault("Telegram answers 429", says_429),
        Fault("Telegram answers 5xx", says_5xx, more={"pace": 10.0}),
        Fault("Telegram takes and never answers", never_answers, more={"pace": 10.0}),
        Fault("the clock goes two hours ahead", partial(clock_jumps, hours=2)),
        Fault("the clock goes two hours back", partial(clock_jumps, hours=-2)),
        Fault("death, and the clock goes an hour back", dies_and_clock_goes_back),
        Fault("the disk is full", disk_is_full, more={"limits": {"pages": pages}}),
        Fault("no file may grow", disk_is_full, more={"limits": {"file_bytes": 150_000}}),
        Fault("another program locks the database", database_is_locked),
        Fault("the database is away for 30 s", database_is_away, "postgresql"),
    ]
