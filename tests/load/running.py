"""The house and Telegram's server, each watched while a crowd talks to them."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from tests.benchmarks.talking import processor_seconds, resident_megabytes
from tests.bot.telegram_peer import bot_api
from tests.hostile.wire import Attempt, send
from tests.load.crowd import SHED, Crowd, OnTelegram, OnTheWeb, Person, Sent
from tests.load.truth import is_quiet

START_SECONDS = 60.0


@dataclass
class Scene:
    """A house under load."""

    crowd: Crowd
    people: list[Person]
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "hejie.db"

    def megabytes(self) -> float:
        return resident_megabytes(self.process.pid)

    async def is_quiet(self, seconds: float) -> bool:
        """Wait until nothing is on its way any more."""
        ends_at = time.monotonic() + seconds
        await asyncio.gather(*self.crowd.pushing)
        while not await asyncio.to_thread(is_quiet, self.database):
            if time.monotonic() > ends_at:
                return False
            await asyncio.sleep(0.25)
        return True


@asynccontextmanager
async def scene(
    folder: Path, models: Path, web: int, telegram: int, waiting_limit: int = 0
) -> AsyncIterator[Scene]:
    """Serve while inside, for so many people. A waiting limit of 0 leaves the house's own."""
    (folder / "models").symlink_to(models, target_is_directory=True)
    port = _free_port()
    with bot_api() as api:
        command = [sys.executable, "-m", "tests.load.serve", str(port), api.url, str(waiting_limit)]
        process = subprocess.Popen(command, env=os.environ | {"HEJIE_DATA": str(folder)})
        try:
            crowd = Crowd(port, api)
            people: list[Person] = [OnTheWeb(crowd, number) for number in range(web)]
            people += [OnTelegram(crowd, number) for number in range(telegram)]
            await _until_up(port)
            while not api.webhook:
                await asyncio.sleep(0.05)
            yield Scene(crowd, people, process, folder)
        finally:
            process.terminate()
            process.wait(30)


async def _until_up(port: int) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at:
        try:
            if (await send(port, Attempt("ready", target=b"/readyz"))).status == 200:
                return
        except OSError:
            pass
        await asyncio.sleep(0.05)
    raise TimeoutError("the house did not come up")


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class Watch:
    """What a stretch of load came to: rates, waits, and what processor it cost whom."""

    def __init__(self, here: Scene) -> None:
        self._here = here
        self._first = len(here.crowd.sent)
        self._server = processor_seconds(here.process.pid)
        self._own = _own_seconds()
        self._began = time.perf_counter()

    def figures(self) -> dict[str, object]:
        seconds = time.perf_counter() - self._began
        sent = self._here.crowd.sent[self._first :]
        taken = [each for each in sent if each.status == 200]
        shed = [each for each in sent if each.status in SHED]
        server = processor_seconds(self._here.process.pid) - self._server
        return {
            "taken_a_second": round(len(taken) / seconds, 1),
            "shed_a_second": round(len(shed) / seconds, 1),
            "p50_ms": percentile(taken, 50),
            "p99_ms": percentile(taken, 99),
            "web_p99_ms": percentile([each for each in taken if each.channel == "webchat"], 99),
            "telegram_p99_ms": percentile(
                [each for each in taken if each.channel != "webchat"], 99
            ),
            "shed_p99_ms": percentile(shed, 99),
            "server_processors": round(server / seconds, 2),
            "generator_processors": round((_own_seconds() - self._own) / seconds, 2),
            "server_us_a_message": round(server / max(1, len(sent)) * 1e6),
            "megabytes": round(self._here.megabytes()),
        }


def percentile(sent: Sequence[Sent], which: int) -> float | None:
    """Return a percentile of the waits in milliseconds; None where there are too few."""
    if len(sent) < 2:
        return None
    return round(quantiles((each.seconds for each in sent), n=100)[which - 1] * 1000, 1)


def _own_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
