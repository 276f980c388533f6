"""Stories that the first stage is unsure of: read again one by one, while all others go on."""

from __future__ import annotations

import asyncio

from bot.turns import Prepared, Turns

PLAIN_LIMIT = 8  # stories that wait, some 0.25 s: beyond, the first reading stands
DANGER_LIMIT = 64  # the same where a red flag may be up: rather two seconds late than unheard


class SecondReading:
    """Reads unsure stories anew, in the order in which they come, in a thread of its own."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._one_at_a_time = asyncio.Semaphore(1)  # the second stage uses all cores by itself
        self.waiting = 0  # also the one that is being read

    async def read(self, prepared: Prepared) -> Prepared:
        """Return the turn with the better reading, or as it is where too many wait already."""
        limit = DANGER_LIMIT if prepared.may_be_danger else PLAIN_LIMIT
        if self.waiting >= limit:
            return prepared
        self.waiting += 1
        try:
            async with self._one_at_a_time:
                return await asyncio.to_thread(self._turns.read_again, prepared)
        finally:
            self.waiting -= 1
