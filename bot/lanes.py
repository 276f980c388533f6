"""The async rim over the turns: one conversation at a time, different ones prepared together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from bot.dialogue.events import Told
from bot.messages import Incoming
from bot.meters import Meters
from bot.turns import TRIES, Keeper, Prepared, Taken, Turns, after_refusal
from domain.errors import ConversationMovedOn, Refusal

BATCH = 64  # messages prepared together; also what one group commit takes
BATCHES_AT_ONCE = 2  # a batch with a slow story in it does not hold up the next one
WAITING_LIMIT = 1000

Ticket = tuple[Incoming, "asyncio.Future[Prepared]"]


class Busy(Exception):
    """Too many messages wait already; this one was not taken and nothing of it was kept."""


class Lanes:
    """Takes messages from all channels of one event loop.

    Messages of one conversation are taken in the order of their arrival. Messages of different
    conversations that wait at the same time are prepared as one batch in a worker thread and
    handed to the writer, which gathers them into one commit. Each caller's own task carries its
    message through, so a turn costs no task and no thread of its own.
    """

    def __init__(
        self,
        turns: Turns,
        keeper: Keeper,
        meters: Meters | None = None,
        waiting_limit: int = WAITING_LIMIT,
    ) -> None:
        self._turns = turns
        self._keeper = keeper
        self.meters = meters or Meters()
        self._waiting_limit = waiting_limit
        self._waiting = 0
        self._lanes: dict[tuple[str, str], deque[asyncio.Future[None]]] = {}
        self._tickets: deque[Ticket] = deque()
        self._pumps = 0
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps no hold on them

    @property
    def waiting(self) -> int:
        """How many messages were taken and are not committed yet."""
        return self._waiting

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

    @asynccontextmanager
    async def _lane(self, key: tuple[str, str]) -> AsyncIterator[None]:
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

    async def _queue_up(self, key: tuple[str, str], lane: deque[asyncio.Future[None]]) -> None:
        mine = asyncio.get_running_loop().create_future()
        lane.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # the lane was ours already
                self._hand_on(key)
            raise

    def _hand_on(self, key: tuple[str, str]) -> None:
        lane = self._lanes[key]
        while lane:
            following = lane.popleft()
            if not following.done():
                following.set_result(None)
                return
        del self._lanes[key]

    async def _take_in_lane(self, incoming: Incoming) -> Taken:
        for _ in range(TRIES - 1):
            try:
                return await self._finish(await self._prepared(incoming))
            except ConversationMovedOn:  # another process kept a turn of this conversation first
                continue
        return await self._finish(await self._prepared(incoming))

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
        return await asyncio.wrap_future(
            self._keeper.submit(lambda work: turns.commit(work, prepared))
        )

    async def _prepared(self, incoming: Incoming) -> Prepared:
        ready: asyncio.Future[Prepared] = asyncio.get_running_loop().create_future()
        self._tickets.append((incoming, ready))
        if self._pumps < BATCHES_AT_ONCE:
            self._pumps += 1
            pump = asyncio.create_task(self._pump())
            self._tasks.add(pump)
            pump.add_done_callback(self._tasks.discard)
        return await ready

    async def _pump(self) -> None:
        """Prepare what waits, a batch at a time, until nothing waits."""
        try:
            while self._tickets:
                count = min(BATCH, len(self._tickets))
                await self._prepare([self._tickets.popleft() for _ in range(count)])
        finally:
            self._pumps -= 1  # in the same step as the last look at the tickets: none is left over

    async def _prepare(self, tickets: list[Ticket]) -> None:
        messages = [incoming for incoming, _ in tickets]
        try:
            prepared = await asyncio.to_thread(self._turns.prepare, messages)
        except Exception as error:
            if len(tickets) > 1:
                for ticket in tickets:
                    await self._prepare([ticket])
            elif not tickets[0][1].done():
                tickets[0][1].set_exception(error)
            return
        for (_, ready), each in zip(tickets, prepared, strict=True):
            if not ready.done():  # its caller may have gone away
                ready.set_result(each)
