"""`make load`: a thousand citizens on one process with SQLite, within its capacity and beyond."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from nlu.stages import can_be_better
from tests.load.crowd import converse, pour
from tests.load.running import Scene, Watch, scene
from tests.load.truth import faults
from tests.trained import best_models

WEB, TELEGRAM = 500, 500
THINK = 30.0  # seconds on the average, spread as waiting times are
TALK_SECONDS = 60.0
RATES = (50, 100, 150, 200, 250, 300, 400, 500)
STEP_SECONDS = 8.0
BURST = 2.0  # times the rate at which the wait was still short
BURST_SECONDS = 10.0
SHORT_MS = 300
FEW = 25  # of those on Telegram, in the ramp: Telegram lets thirty words a second out
DRAIN_SECONDS = 300.0
MOST_GROWN = 150  # megabytes


async def load(folder: Path) -> list[str]:
    """Return what is wrong."""
    models = best_models()
    async with scene(folder, models, WEB, TELEGRAM) as here:
        before = here.megabytes()
        _say(step="start", both_stages=not can_be_better(models), megabytes=round(before))
        watch = Watch(here)
        await converse(here.people, TALK_SECONDS, THINK, seed=1)
        said = f"{WEB} on the web, {TELEGRAM} on Telegram, each thinks {THINK:.0f} s"
        _say(step="conversations", who=said, **watch.figures())
        most = await _ramp(here)
        _say(step="most with a short wait", rate=most, load_average=os.getloadavg()[0])
        watch = Watch(here)
        unsaid = await pour(here.people[: WEB + FEW], most * BURST, BURST_SECONDS, seed=3)
        _say(step="burst", offered=most * BURST, unsaid=unsaid, **watch.figures())
        await asyncio.sleep(2)
        watch = Watch(here)
        await pour(here.people[: WEB + FEW], most / 2, STEP_SECONDS, seed=4)
        _say(step="after the burst", offered=most / 2, **watch.figures())
        wrong = [] if await here.is_quiet(DRAIN_SECONDS) else ["words are still on their way"]
        wrong += faults(here.crowd, here.database)
        if here.megabytes() - before > MOST_GROWN:
            wrong.append(f"the memory has grown from {before:.0f} to {here.megabytes():.0f} MB")
        _say(step="truth", messages=len(here.crowd.sent), wrong=wrong)
        return wrong


async def _ramp(here: Scene) -> float:
    """Return the highest rate at which nearly all wait shortly and nearly nobody is sent away."""
    most = float(RATES[0])
    for rate in RATES:
        watch = Watch(here)
        unsaid = await pour(here.people[: WEB + FEW], rate, STEP_SECONDS, seed=rate)
        figures = watch.figures()
        _say(step="ramp", offered=rate, unsaid=unsaid, **figures)
        shed, wait = figures["shed_a_second"], figures["p99_ms"]
        assert isinstance(shed, float)
        assert isinstance(wait, float)
        if wait <= SHORT_MS and shed < rate / 100:
            most = float(rate)
    return most


def _say(**told: object) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="hejie-load-") as folder:
        return 1 if asyncio.run(load(Path(folder))) else 0


if __name__ == "__main__":
    sys.exit(main())
