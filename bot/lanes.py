"""The async rim over the turns: one conversation at a time, different ones prepared together."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter
from traceback import format_tb
from typing import Any, TypeVar

from bot.dialogue.events import Told
from bot.keeper import Keeper
from bot.messages import Incoming, Taken
from bot.meters import Meters
from bot.prepared import Prepared
from bot.second_reading import SecondReading
from bot.together import answer_together
from bot.turns import TRIES, Turns, after_refusal
from domain.conversation import Conversation, Lease
from domain.errors import ConversationMovedOn, Refusal, TalkMovedAway
from domain.ports import UnitOfWork
from storage.writer import is_away

BATCH = 64  # messages prepared together; also what one group commit takes
BATCHES_AT_ONCE = 2  # while one is read, the next one is recalled
WAITING_LIMIT = 400  # some two seconds' worth: who would wait longer is sent away at once
LEASE = timedelta(seconds=5)  # renewed by every turn; after a crash others wait so long
LOOK_AGAIN_SECONDS = 0.05  # while another process has the conversation
PAUSE_SECONDS = 0.2  # before a message that failed is tried again

T = TypeVar("T")
TO_THE_CALLER = (ConversationMovedOn, TalkMovedAway)
Key = tuple[str, str]  # channel and sender
log = logging.getLogger(__name__)

Ticket = tuple[Incoming, "asyncio.Future[Prepared]"]


class Busy(Exception):
    """Too many messages wait already; this one was not taken and nothing of it was kept."""


class Lanes:
    """Takes messages from all channels of one event loop.

    Messages of one conversation are taken in the order of their arrival. Messages of different
    conversations that wait at the same time are prepared as one batch in a worker thread and
    handed to the writer, which gathers them into one commit; a story that needs the second stage
    leaves its batch for a queue of its own. Each caller's own task carries its
    message through, so a turn costs no task and no thread of its own.

    Of several processes on one database, the one that has further messages of a conversation
    waiting writes a lease beside each turn, and the others wait until it is released or runs out.
    The conversation's version is the fencing token: a process whose lease ran out cannot commit
    over somebody else's turn.

    A message that fails three times while the database answers is laid aside for a person and its
    sender is told; the lane goes on. While the database is away, that error is the caller's.
    """

    def __init__(
        self,
        turns: Turns,
        keeper: Keeper,
        meters: Meters | None = None,
        waiting_limit: int = WAITING_LIMIT,
        lease: timedelta = LEASE,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._turns = turns
        self._second = SecondReading(turns)
        self._keeper = keeper
        self.meters = meters or Meters()
        self._waiting_limit = waiting_limit
        self._waiting = 0
        self._lease_span = lease
        self._pause = pause_seconds
        self._holder = secrets.token_hex(8)
        self._leased: set[Key] = set()
        self._lanes: dict[Key, deque[asyncio.Future[None]]] = {}
        self._tickets: deque[Ticket] = deque()
        self._pumps = 0
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps no hold on them

    @property
    def waiting(self) -> int:
        """How many messages were taken and are not committed yet."""
        return self._waiting

    @property
    def stories_waiting(self) -> int:
        """How many of them wait for the second stage of the model, or are being read by it."""
        return self._second.waiting

    async def take(self, incoming: Incoming) -> Taken:
        """Take one message and return once it is committed. Refuses with `Busy`."""
        if self._waiting >= self._waiting_limit:
            self.meters.refused("busy")
            raise Busy
        self._waiting += 1
        began = perf_counter()
        try:
            async with self._lane((incoming.channel, incoming.sender)):
                taken = await self._take_in_lane(incoming)
        finally:
            self._waiting -= 1
        self.meters.took(incoming.channel, perf_counter() - began)
        return taken

    async def lay_aside(self, incoming: Incoming, error: Exception) -> Taken:
        """Leave a message to a person, tell its sender, and go on.

        For channels: with an empty sender, an update that could not even be translated.
        """
        log.error(
            "message %s on %s is laid aside: %s\n%s",
            incoming.message_id,
            incoming.channel,
            type(error).__name__,  # without its words: they may be the citizen's
            "".join(format_tb(error.__traceback__)),
        )
        self.meters.refused("laid_aside")
        turns = self._turns
        return await self._kept_in_lane(
            incoming, lambda work, lease: turns.lay_aside(work, incoming, error, lease)
        )

    @asynccontextmanager
    async def _lane(self, key: Key) -> AsyncIterator[None]:
        """Wait for this conversation's turn; the lane goes from hand to hand in order."""
        lane = self._lanes.get(key)
        if lane is None:
            self._lanes[key] = deque()
        else:
            await self._queue_up(key, lane)
        try:
            yield
        finally:
            self._hand_on(key)

    async def _queue_up(self, key: Key, lane: deque[asyncio.Future[None]]) -> None:
        mine = asyncio.get_running_loop().create_future()
        lane.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # the lane was ours already
                self._hand_on(key)
            raise

    def _hand_on(self, key: Key) -> None:
        lane = self._lanes[key]
        while lane:
            following = lane.popleft()
            if not following.done():
                following.set_result(None)
                return
        del self._lanes[key]
        if key in self._leased:  # the last message was taken by nobody: it gave up, or came twice
            self._leased.discard(key)
            self._run_aside(self._release(key))

    async def _release(self, key: Key) -> None:
        try:
            await self._kept(lambda work: work.conversations.release(*key, self._holder))
        except Exception as error:
            log.warning("a lease runs out by itself: %s", type(error).__name__)

    async def _kept_in_lane(
        self, incoming: Incoming, job: Callable[[UnitOfWork, Lease | None], Taken]
    ) -> Taken:
        """Commit with a lease if further messages wait here, which is asked as late as can be."""
        key = (incoming.channel, incoming.sender)
        lease: Lease | None = None

        def with_lease(work: UnitOfWork) -> Taken:
            nonlocal lease
            if self._lanes.get(key):
                lease = Lease(self._holder, self._turns.clock() + self._lease_span)
                self._leased.add(key)
            return job(work, lease)

        taken = await self._kept(with_lease)
        if lease is None:
            self._leased.discard(key)
        return taken

    async def _take_in_lane(self, incoming: Incoming) -> Taken:
        failures = 0
        while True:
            try:
                return await self._take_in_order(incoming)
            except Exception as error:
                if isinstance(error, TO_THE_CALLER) or is_away(error):
                    raise  # no fault of the message
                failures += 1
                if failures == TRIES:
                    return await self.lay_aside(incoming, error)
            await asyncio.sleep(self._pause)

    async def _take_in_order(self, incoming: Incoming) -> Taken:
        for _ in range(TRIES - 1):
            try:
                return await self._finish(await self._prepared_when_free(incoming))
            except ConversationMovedOn:  # another process kept a turn of this conversation first
                continue
        return await self._finish(await self._prepared_when_free(incoming))

    async def _prepared_when_free(self, incoming: Incoming) -> Prepared:
        prepared = await self._prepared(incoming)
        while self._is_elsewhere(prepared.conversation):
            await self._until_released(incoming)
            prepared = await self._prepared(incoming)
        return await self._second.read(prepared) if prepared.is_unsure else prepared

    async def _until_released(self, incoming: Incoming) -> None:
        key = (incoming.channel, incoming.sender)
        found: Conversation | None = None
        while found is None or self._is_elsewhere(found):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            found = await asyncio.to_thread(
                self._keeper.read, lambda work: work.conversations.get(*key)
            )

    def _is_elsewhere(self, conversation: Conversation) -> bool:
        if conversation.lease_holder is None:
            return False
        return conversation.is_leased_to_another(
            self._holder, self._turns.clock(), self._lease_span
        )

    async def _finish(self, prepared: Prepared) -> Taken:
        """Commit; what a refusal means is said by `after_refusal`."""
        try:
            taken = await self._committed(prepared)
        except Refusal as refusal:
            again = after_refusal(prepared, refusal)
            if isinstance(again, Taken):
                return again
            taken = await self._committed(again)
        if isinstance(prepared.event, Told):
            self.meters.read(prepared.event.heard.second_stage)
        self._turns.settle(taken)
        return taken

    async def _committed(self, prepared: Prepared) -> Taken:
        turns = self._turns
        return await self._kept_in_lane(
            prepared.incoming, lambda work, lease: turns.commit(work, prepared, lease)
        )

    async def _kept(self, job: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._keeper.submit(job))

    async def _prepared(self, incoming: Incoming) -> Prepared:
        ready: asyncio.Future[Prepared] = asyncio.get_running_loop().create_future()
        self._tickets.append((incoming, ready))
        if self._pumps < BATCHES_AT_ONCE:
            self._pumps += 1
            self._run_aside(self._pump())
        return await ready

    def _run_aside(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self) -> None:
        """Prepare what waits, a batch at a time, until nothing waits."""
        try:
            while self._tickets:
                count = min(BATCH, len(self._tickets))
                tickets = [self._tickets.popleft() for _ in range(count)]
                await answer_together(tickets, self._turns.prepare)
        finally:
            self._pumps -= 1  # in the same step as the last look at the tickets: none is left over
