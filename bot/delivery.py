"""From the outbox to a messenger: in order, checked again, a reminder never doubled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from bot.turns import Keeper
from domain.conversation import DueWord, OutboxState, OutWord
from domain.errors import NoSuchCase
from domain.ports import UnitOfWork

BATCH = 50
IDLE_SECONDS = 0.5
RETRY = timedelta(seconds=10)
RESENT = "（重发）"

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass
class NotSent(Exception):
    """The messenger surely has not taken the word; it may be tried again after `retry_after`."""

    retry_after: timedelta = RETRY


class MaybeSent(Exception):
    """The messenger may have taken the word: it never said (a time-out after the request left)."""


class Gone(Exception):
    """The person can no longer be written to (blocked the bot, deleted the account)."""


class Peer(Protocol):
    """A messenger that words are sent through."""

    async def send(self, to: str, text: str, choices: Sequence[Mapping[str, str]]) -> None:
        """Send one message, or raise NotSent, MaybeSent or Gone."""
        ...


class Delivery:
    """Sends the words of one channel. A conversation's words go one after the other."""

    def __init__(
        self, keeper: Keeper, channel: str, peer: Peer, clock: Callable[[], datetime]
    ) -> None:
        self._keeper = keeper
        self._channel = channel
        self._peer = peer
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for queued words at once."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; the database being away only delays."""
        while True:
            try:
                busy = await self.deliver_due()
            except Exception:
                log.exception("delivery on %s paused", self._channel)
                busy = 0
            if not busy:
                try:
                    await asyncio.wait_for(self._woken.wait(), IDLE_SECONDS)
                except TimeoutError:
                    continue
                finally:
                    self._woken.clear()

    async def deliver_due(self) -> int:
        """Send what is due; return how many words were handled."""
        now = self._clock()
        due = await self._do(lambda work: work.outbox.claim(self._channel, now, BATCH))
        by_person: dict[str, list[DueWord]] = {}
        for each in due:
            by_person.setdefault(each.sender, []).append(each)
        await asyncio.gather(*(self._send_all(words) for words in by_person.values()))
        return len(due)

    async def _send_all(self, words: Sequence[DueWord]) -> None:
        for place, due in enumerate(words):
            went = await self._send(due)
            if not went:
                for later in words[place + 1 :]:
                    await self._mark(later.word, OutboxState.QUEUED, self._clock() + RETRY)
                return

    async def _send(self, due: DueWord) -> bool:
        word = due.word
        if word.unasked and (due.was_sending or not await self._still_wanted(word)):
            # a reminder is never sent twice, and not at all once its case is over or held
            await self._mark(word, OutboxState.UNKNOWN if due.was_sending else OutboxState.DEAD)
            return True
        text = f"{RESENT}{word.text}" if due.was_sending else word.text
        try:
            await self._peer.send(due.sender, text, word.choices)
        except NotSent as not_sent:
            await self._mark(word, OutboxState.QUEUED, self._clock() + not_sent.retry_after)
            return False
        except MaybeSent:
            await self._mark(word, OutboxState.UNKNOWN)
            return True
        except Gone:
            await self._mark(word, OutboxState.DEAD)
            return True
        await self._mark(word, OutboxState.SENT)
        return True

    async def _still_wanted(self, word: OutWord) -> bool:
        return await self._do(lambda work: is_still_wanted(work, word))

    async def _mark(
        self, word: OutWord, state: OutboxState, not_before: datetime | None = None
    ) -> None:
        await self._do(lambda work: work.outbox.mark(word.id, state, not_before))

    async def _do(self, job: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._keeper.submit(job))


def is_still_wanted(work: UnitOfWork, word: OutWord) -> bool:
    """Whether an unasked word may still go out: its case is open, nobody is under a safety hold."""
    conversation = work.conversations.by_id(word.conversation_id)
    if conversation is None or conversation.is_held or conversation.with_person:
        return False
    if word.case_number is None:
        return True
    try:
        case = work.cases.get(word.case_number)
    except NoSuchCase:
        return False
    return case.is_open and not case.is_held
