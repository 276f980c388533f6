"""What the first stage is unsure of is read again beside the batches; all others go on.

These are stories, and answers that would raise a red flag: both are called stories here.
"""

from __future__ import annotations

import asyncio
from collections import deque

from bot.prepared import Prepared
from bot.together import answer_together
from bot.turns import Turns

TOGETHER = 4  # stories read at once: a third less time for each than one by one
PLAIN_LIMIT = 1 + TOGETHER  # stories that wait, some 0.2 s: beyond, the first reading stands
DANGER_LIMIT = 64  # the same where a red flag may be hidden: rather two seconds late than unheard

Ticket = tuple[Prepared, "asyncio.Future[Prepared]"]


class SecondReading:
    """Reads unsure stories anew, a few at a time, in the order in which they come."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._one_at_a_time = asyncio.Lock()  # the second stage uses all cores by itself
        self._tickets: deque[Ticket] = deque()
        self.waiting = 0  # also those that are being read

    async def read(self, prepared: Prepared) -> Prepared:
        """Return the turn with the better reading, or as it is where too many wait already."""
        limit = DANGER_LIMIT if prepared.may_hide_danger else PLAIN_LIMIT
        if self.waiting >= limit:
            return prepared
        self.waiting += 1
        mine: asyncio.Future[Prepared] = asyncio.get_running_loop().create_future()
        self._tickets.append((prepared, mine))
        try:
            async with self._one_at_a_time:
                while not mine.done():  # whoever comes first reads for those behind too
                    await self._read_first()
            return await mine
        finally:
            self.waiting -= 1

    async def _read_first(self) -> None:
        count = min(TOGETHER, len(self._tickets))
        tickets = [self._tickets.popleft() for _ in range(count)]
        try:
            await answer_together(tickets, self._turns.read_again)
        except asyncio.CancelledError:  # only the one who reads has gone away
            self._tickets.extendleft(each for each in reversed(tickets) if not each[1].done())
            raise
