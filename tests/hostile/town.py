"""A house in a process of its own, with people in it, to be attacked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.admin.sign_in import Visit, Visits, load_key
from domain.calendar import LOCAL
from tests.hostile.judging import faults
from tests.hostile.payloads import MARK, PRODUCT
from tests.hostile.serve import BY_ROUTE
from tests.hostile.wire import Answer, Attempt, send
from tests.trained import models_folder

AT_ONCE = 8
JSON = (b"Content-Type", b"application/json")


@dataclass
class Visitor:
    """Somebody who talks on the web chat."""

    cookie: bytes
    token: str


@dataclass
class Town:
    """A running house, and all that an attacker inside it could know."""

    folder: Path
    port: int
    routes: list[tuple[str, tuple[str, ...]]]
    process: subprocess.Popen[bytes]
    visitors: list[Visitor] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    visits: Visits | None = None

    def visit(self) -> tuple[bytes, str]:
        """Return the cookie and the token of somebody who is signed in at the console."""
        assert self.visits is not None
        visit: Visit = self.visits.begin("王主任")
        return f"hejie_console={self.visits.cookie(visit)}".encode(), self.visits.token(visit)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def unreached(self, outcome: Outcome) -> list[str]:
        """Return the routes that no request has come to."""
        return [
            f"{path} {methods}"
            for place, (path, methods) in enumerate(self.routes)
            if place not in outcome.reached
        ]

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def is_intact(self) -> bool:
        """Whether the database, where it is a file, says of itself that it is whole."""
        if not (self.folder / "hejie.db").exists():
            return True
        with contextlib.closing(sqlite3.connect(self.folder / "hejie.db")) as database:
            return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    async def get(self, path: str, cookie: bytes = b"") -> Answer:
        headers = ((b"Cookie", cookie),) if cookie else ()
        return await send(self.port, Attempt("town", target=path.encode(), headers=headers))

    async def say(self, cookie: bytes, number: int, **said: str) -> Answer:
        body = json.dumps({"id": f"town{number:08d}"} | said).encode()
        headers = (JSON, *(((b"Cookie", cookie),) if cookie else ()))
        return await send(self.port, Attempt("town", b"POST", b"/chat/messages", headers, body))


@contextlib.asynccontextmanager
async def town(folder: Path, visitors: int, **environment: str) -> AsyncIterator[Town]:
    """Serve a house while inside, with so many people who have agreed to the notice."""
    (folder / "models").symlink_to(models_folder(), target_is_directory=True)
    more = [f"{name}={value}" for name, value in environment.items()]
    command = [sys.executable, "-m", "tests.hostile.serve", str(folder), *more]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=os.environ)
    assert process.stdout is not None
    try:
        told = json.loads(await asyncio.to_thread(process.stdout.readline))
        routes = [(path, tuple(methods)) for path, methods in told["routes"]]
        made = Town(folder, told["port"], routes, process)
        made.visits = Visits(load_key(folder), lambda: datetime.now(LOCAL))
        await _settle_in(made, visitors)
        yield made
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


async def _settle_in(made: Town, visitors: int) -> None:
    for number in range(visitors):
        agreed = await made.say(b"", number * 10, choice="consent:yes")
        cookie = agreed.fields["set-cookie"].partition(";")[0].encode()
        page = (await made.get("/", cookie)).body.decode()
        token = re.search(r'name="token" value="(\w+)"', page)
        assert token is not None
        made.visitors.append(Visitor(cookie, token[1]))
        if number < 3:
            await made.say(cookie, number * 10 + 3, text=f"<script>{MARK}()</script><{MARK} a='")
            await made.say(cookie, number * 10 + 1, text="包工头欠我三万五工钱，在西畴县兴街镇")
            await made.say(cookie, number * 10 + 2, text="转人工")
    await _look_around(made)


async def _look_around(made: Town) -> None:
    """Learn from the pages which ids there are, and what the fields of forms are called."""
    cookie, _ = made.visit()
    waiting = ["/", "/resume", "/console/conversations", "/console/tasks", "/console/review"]
    seen: set[str] = set()
    while waiting and len(seen) < 40:
        path = waiting.pop(0)
        seen.add(path)
        one = made.visitors[0].cookie if made.visitors else b""
        page = (await made.get(path, one + b"; " + cookie)).body.decode()
        made.names |= set(re.findall(r'name="(\w+)"', page))
        links = set(re.findall(r'(?:href|action)="(/[^"]+)"', page.replace("&amp;", "&")))
        for link in links:
            made.known |= set(re.split(r"[/?=&#]", link)) - {""}
        waiting += sorted(link for link in links - seen if link.startswith("/console/c"))


@dataclass
class Outcome:
    """What came of many requests."""

    sent: int = 0
    statuses: dict[str, dict[int, int]] = field(default_factory=dict)
    reached: dict[int, dict[int, int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    unanswered: int = 0

    def total(self) -> dict[int, int]:
        """Return how often each status came."""
        made: dict[int, int] = {}
        for found in self.statuses.values():
            for status, count in found.items():
                made[status] = made.get(status, 0) + count
        return dict(sorted(made.items()))

    def take(self, attempt: Attempt, answer: Answer) -> None:
        self.sent += 1
        self.unanswered += answer.status == 0
        found = self.statuses.setdefault(attempt.kind, {})
        found[answer.status] = found.get(answer.status, 0) + 1
        place = int(answer.fields.get(BY_ROUTE.decode(), "-1"))
        if place >= 0:
            by = self.reached.setdefault(place, {})
            by[answer.status] = by.get(answer.status, 0) + 1
        if answer.seconds - _waits(attempt) > self.slowest[0]:
            self.slowest = (answer.seconds - _waits(attempt), attempt.kind)
        self.wrong += [f"{each} <- {_shown(attempt)}" for each in faults(attempt, answer)]


def _waits(attempt: Attempt) -> float:
    return attempt.pause * len(attempt.chunks)


def _shown(attempt: Attempt) -> str:
    head = b" ".join((attempt.method, attempt.target[:120]))
    sent = attempt.raw[:200] or attempt.body[:200] or b"".join(attempt.chunks)[:200]
    return f"{attempt.kind}: {head!r} {attempt.headers!r:.300} {sent!r}"


async def attack(port: int, count: int, following: Callable[[], Attempt]) -> Outcome:
    """Send so many requests, some at a time, and judge each answer."""
    outcome = Outcome()
    numbers = iter(range(count))

    async def one() -> None:
        for _ in numbers:
            attempt = following()
            try:
                outcome.take(attempt, await send(port, attempt))
            except (OSError, TimeoutError) as gone:
                outcome.wrong.append(f"{type(gone).__name__} <- {_shown(attempt)}")

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return outcome


async def _read_all(made: Town) -> list[str]:
    """Return what is wrong with the pages that show what was sent."""
    insider, _ = made.visit()
    looks = [("/", visitor.cookie) for visitor in made.visitors]
    looks += [(f"/console/conversations/{each}", insider) for each in sorted(made.known)]
    wrong, shown = [], 0
    for path, cookie in looks:
        answer = await made.get(path, cookie)
        shown += f"&lt;script&gt;{MARK}".encode() in answer.body
        wrong += [f"{path}: {each}" for each in faults(Attempt("read"), answer)]
    return wrong if shown else [*wrong, "no page shows what was sent"]


async def aftermath(made: Town, megabytes_before: float, most: float) -> list[str]:
    """Return what is wrong with the house after an attack."""
    wrong = []
    if made.process.poll() is not None:
        return ["the server is dead"]
    took = [(await made.say(b"", n, choice="consent:yes")).seconds for n in range(900, 920)]
    if sorted(took)[10] > 0.25:
        wrong.append(f"an honest message takes {sorted(took)[10]:.2f} s")
    grown = made.megabytes() - megabytes_before
    if grown > most:
        wrong.append(f"its memory has grown by {grown:.0f} MB")
    if not made.is_intact():
        wrong.append("its database is damaged")
    wrong += await _read_all(made)
    wrong += [f"the log holds {word}" for word in (MARK, PRODUCT) if word in made.log]
    if "Traceback" in made.log:
        wrong.append("the log holds a trace")
    return wrong
