"""`make hostile`: attacks a house in a process of its own and prints what came of it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.databases import databases
from tests.hostile.attacks import Attacks
from tests.hostile.fuzzer import Fuzzer
from tests.hostile.town import Outcome, Town, aftermath, attack, town

VISITORS = 60
REQUESTS = {"SQLite": 10_000, "PostgreSQL": 2_000}  # of each sort
MEGABYTES = 220  # that the server may keep: slow hashes and files leave some in each thread
SEED = 2026


async def besiege(folder: Path, database: str, url: str) -> int:
    """Return how many faults were found."""
    folder.mkdir()
    environment = {"HEJIE_DATABASE_URL": url} if database != "SQLite" else {}
    async with town(folder, VISITORS, **environment) as made:
        before, count = made.megabytes(), REQUESTS[database]
        attacked = await attack(made.port, count, Attacks(made, SEED).following)
        _tell(f"hostile updates, posts and files, {database}", made, attacked, before)
        for kind, statuses in sorted(attacked.statuses.items()):
            _say(way_in=kind, statuses=statuses)
        fuzzed = await attack(made.port, count, Fuzzer(made, SEED).following)
        _tell(f"every route, {database}", made, fuzzed, before)
        for place, (path, methods) in enumerate(made.routes):
            _say(route=path, methods=methods, statuses=fuzzed.reached.get(place, {}))
        wrong = [
            *attacked.wrong,
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
    found = 0
    with tempfile.TemporaryDirectory(prefix="hejie-hostile-") as folder:
        for database, url in databases(Path(folder)):
            found += asyncio.run(besiege(Path(folder) / f"house-{database}", database, url))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
