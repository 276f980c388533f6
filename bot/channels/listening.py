"""Words that come later: one look at the outbox for all listening pages of this process."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from bot.channels.web_words import word_as_wire
from domain.conversation import OutWord
from storage.unit_of_work import SqlUnitOfWork

PERIOD_SECONDS = 1.0
HEARTBEAT_SECONDS = 20.0  # so that proxies and phones keep the line open
LINE_SECONDS = 15 * 60.0  # then the browser comes again by itself
LINES_LIMIT = 2_000
QUEUE_LIMIT = 100  # words of one page; one that does not read is ended and comes again
WORDS_LIMIT = 100  # of one conversation in one look; the next look takes the rest

log = logging.getLogger(__name__)

MOVED = b"event: moved\ndata: {}\n\n"  # the talk goes on on another device


@dataclass(frozen=True)
class Look:
    """What was found: new words in their order, and whose each conversation is now."""

    words: list[OutWord]
    senders: Mapping[str, str]


Read = Callable[[Callable[[SqlUnitOfWork], Look]], Look]


class TooManyListeners(Exception):
    """No further page can listen; it still gets every word when it is loaded again."""


@dataclass(eq=False)
class Line:
    """One page that listens, whose it is, and the number of the last word it has."""

    sender: str
    after: int
    has_moved: bool = False
    words: asyncio.Queue[OutWord | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LIMIT))

    def put(self, word: OutWord | None) -> None:
        """Queue a word; None ends the line, and so does a full queue."""
        if self.words.full() or word is None:
            while not self.words.empty():
                self.words.get_nowait()
            word = None
        self.words.put_nowait(word)


class Listening:
    """Looks once a period for new words to the conversations that somebody listens to.

    The words of one conversation are numbered in the order of their commits, so reading on from
    the last number misses none. Nothing is looked for while nobody listens.
    """

    def __init__(self, read: Read, period: float = PERIOD_SECONDS) -> None:
        self._read = read
        self._period = period
        self._lines: dict[str, set[Line]] = {}
        self._last: dict[str, int] = {}
        self._count = 0
        self._looker: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return self._count

    def open(self, conversation_id: str, sender: str, after: int) -> AsyncIterator[bytes]:
        """Return the server-sent events of the sender's conversation from number `after` on.

        Refuses with `TooManyListeners`.
        """
        if self._count >= LINES_LIMIT:
            raise TooManyListeners
        return self._events(conversation_id, Line(sender, after))

    async def _events(self, conversation_id: str, line: Line) -> AsyncIterator[bytes]:
        with self._joined(conversation_id, line):
            yield b"retry: 3000\n\n"
            ends_at = monotonic() + LINE_SECONDS
            while monotonic() < ends_at:
                try:
                    word = await asyncio.wait_for(line.words.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if word is None:
                    if line.has_moved:
                        yield MOVED
                    return
                if word.id > line.after:
                    line.after = word.id
                    yield _event(word)

    @contextmanager
    def _joined(self, conversation_id: str, line: Line) -> Iterator[None]:
        self._lines.setdefault(conversation_id, set()).add(line)
        self._last[conversation_id] = min(line.after, self._last.get(conversation_id, line.after))
        self._count += 1
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._count -= 1
            self._lines[conversation_id].discard(line)
            if not self._lines[conversation_id]:
                del self._lines[conversation_id], self._last[conversation_id]

    def close(self) -> None:
        """Stop looking and end every line."""
        if self._looker is not None:
            self._looker.cancel()
        for lines in self._lines.values():
            for line in lines:
                line.put(None)

    async def _look(self) -> None:
        while self._lines:
            last = dict(self._last)
            try:
                look = await asyncio.to_thread(self._read, partial(_later, last=last))
            except Exception:
                log.exception("looking for later words failed; the next look takes them up")
                look = Look([], {})
            self._end_moved(look.senders)
            words = look.words
            for word in words:
                for line in self._lines.get(word.conversation_id, ()):
                    line.put(word)
            self._remember({word.conversation_id: word.id for word in words}, last)
            await asyncio.sleep(self._period)

    def _end_moved(self, senders: Mapping[str, str]) -> None:
        """End the lines of devices that the conversation has left; they hear no further word."""
        for id_, sender in senders.items():
            for line in self._lines.get(id_, ()):
                if line.sender != sender and not line.has_moved:
                    line.has_moved = True
                    line.put(None)

    def _remember(self, newest: Mapping[str, int], looked_from: Mapping[str, int]) -> None:
        """Keep how far each conversation was read, unless a page that has less came meanwhile."""
        for id_, number in newest.items():
            if self._last.get(id_) == looked_from[id_]:
                self._last[id_] = number


def _later(work: SqlUnitOfWork, last: Mapping[str, int]) -> Look:
    """Return the words after the last known ones: one query, and one more a changed talk."""
    listened = work.pages.listened(last)
    changed: Sequence[str] = [id_ for id_, (_, number) in listened.items() if number > last[id_]]
    words = [
        word for id_ in changed for word in work.pages.out_words_after(id_, last[id_], WORDS_LIMIT)
    ]
    return Look(words, {id_: sender for id_, (sender, _) in listened.items()})


def _event(word: OutWord) -> bytes:
    data = json.dumps(word_as_wire(word), ensure_ascii=False)
    return f"id: {word.id}\nevent: word\ndata: {data}\n\n".encode()
