"""A messenger that keeps what it takes, and the delivery that runs into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.delivery import Delivery, MaybeSent
from domain.conversation import OutWord
from storage.writer import Writer
from tests.storage.samples import a_word


@dataclass
class Messenger:
    """A messenger that remembers what it took, and fails as it was told to."""

    took: list[str] = field(default_factory=list)
    fails: dict[str, list[Exception]] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _: None
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    async def send(self, to: str, text: str, choices: Sequence[Mapping[str, str]]) -> None:
        self.before(to)
        if to in self.held:
            await self.held[to].wait()
        failure = self.fails[to].pop(0) if self.fails.get(to) else None
        if failure is None or isinstance(failure, MaybeSent):
            self.took.append(f"{to}:{text}")
        if failure is not None:
            raise failure


def put(writer: Writer, *words: OutWord) -> None:
    writer.submit(lambda work: work.outbox.add(words)).result()


def to(person: str, text: str, **others: object) -> OutWord:
    return a_word(text, person, **others)


def deliver(outgoing: Delivery, times: int = 1) -> None:
    """Deliver what is due, `times` words to each person at most."""

    async def go() -> None:
        for _ in range(times):
            await outgoing.deliver_due()

    asyncio.run(go())


def states(writer: Writer, person: str = "yang") -> list[str]:
    words = writer.read(lambda work: work.pages.out_words_after(person, 0))
    return [str(word.state) for word in words]


async def stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
