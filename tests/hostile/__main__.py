"""`make hostile`: attacks a house in a process of its own and prints what came of it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.hostile.fuzzer import Fuzzer
from tests.hostile.town import Outcome, Town, aftermath, attack, town

VISITORS = 40
FUZZED = 10_000
MEGABYTES = 160  # that the server may keep for its threads: the slow hashes take 19 MB in each
SEED = 2026


async def besiege(folder: Path) -> int:
    """Return how many faults were found."""
    async with town(folder, VISITORS) as made:
        before = made.megabytes()
        fuzzed = await attack(made.port, FUZZED, Fuzzer(made, SEED).following)
        _tell("fuzzed", made, fuzzed, before)
        for place, (path, methods) in enumerate(made.routes):
            _say(route=path, methods=methods, statuses=fuzzed.reached.get(place, {}))
        wrong = [
            *fuzzed.wrong,
            *(f"not reached: {route}" for route in made.unreached(fuzzed)),
            *await aftermath(made, before, MEGABYTES),
        ]
    for each in wrong:
        _say(wrong=each)
    return len(wrong)


def _tell(what: str, made: Town, outcome: Outcome, before: float) -> None:
    seconds, where = outcome.slowest
    _say(
        attack=what,
        requests=outcome.sent,
        routes=len(made.routes),
        statuses=outcome.total(),
        wrong=len(outcome.wrong),
        slowest_seconds=round(seconds, 2),
        slowest=where,
        grown_megabytes=round(made.megabytes() - before),
    )


def _say(**told: object) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="hejie-hostile-") as folder:
        return 1 if asyncio.run(besiege(Path(folder))) else 0


if __name__ == "__main__":
    sys.exit(main())
