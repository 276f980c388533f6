"""Asks Telegram for updates; a slow one holds up nobody but its own chat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram_updates import WANTED, chat_of
from bot.lanes import Busy

POLL_SECONDS = 25
ANSWER_SECONDS = 10  # beyond the wait, for Telegram's answer to a poll
SLOW_SECONDS = 0.5  # after which updates behind a slow one are asked for

Update = Mapping[str, Any]
log = logging.getLogger(__name__)


class Polling:
    """Polls for updates. Telegram drops what lies before the number that a poll names.

    So each poll names the lowest number that is not committed yet. While a slow update (a file
    on a bad line) is under way, Telegram gives it again with those behind it; it is taken once.
    """

    def __init__(
        self,
        bot: Bot,
        line: HTTPXRequest,
        take: Callable[[Update], Awaitable[None]],
        pause_seconds: float,
    ) -> None:
        self._bot = bot
        self._line = line
        self._take = take
        self._pause = pause_seconds
        self._begun: dict[int, asyncio.Task[None]] = {}  # since the number named last
        self._last_of: dict[int | None, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Poll until cancelled."""
        offset: int | None = None
        try:
            while True:
                offset = await self._round(offset)
        finally:
            for task in self._begun.values():
                task.cancel()

    async def _round(self, offset: int | None) -> int | None:
        """Poll once and wait for what came, a slow one excepted; return the number to name next."""
        under_way = self._under_way()
        try:
            updates = await self._poll(offset, 0 if under_way else POLL_SECONDS)
        except TelegramError as away:
            log.warning("Telegram does not answer: %s", type(away).__name__)
            await asyncio.sleep(self._pause)
            return offset
        for update in updates:
            if update["update_id"] not in self._begun:
                self._begin(update)
        if self._under_way():
            await asyncio.wait(self._under_way(), timeout=SLOW_SECONDS)
        return self._next()

    def _under_way(self) -> list[asyncio.Task[None]]:
        return [task for task in self._begun.values() if not task.done()]

    def _next(self) -> int | None:
        """Return the lowest number that is not committed.

        None where nothing came and nothing is under way: after a quiet week Telegram begins
        anew, at any number.
        """
        if not self._begun:
            return None
        waiting = [number for number, task in self._begun.items() if not task.done()]
        following = min(waiting) if waiting else max(self._begun) + 1
        for number in [number for number in self._begun if number < following]:
            del self._begun[number]
        return following

    def _begin(self, update: Update) -> None:
        chat = chat_of(update)
        before = self._last_of.get(chat)
        task = asyncio.create_task(self._take_after(before, update))
        self._begun[update["update_id"]] = self._last_of[chat] = task
        task.add_done_callback(lambda done: self._forget(chat, done))

    def _forget(self, chat: int | None, done: asyncio.Task[None]) -> None:
        if self._last_of.get(chat) is done:
            del self._last_of[chat]

    async def _take_after(self, before: asyncio.Task[None] | None, update: Update) -> None:
        """Take an update once the one before it in its chat is taken, however long that lasts."""
        if before is not None:
            await asyncio.wait([before])
        while True:
            try:
                return await self._take(update)
            except Exception as error:
                if not isinstance(error, Busy):
                    name = type(error).__name__
                    log.warning("update %s is not taken yet: %s", update["update_id"], name)
            await asyncio.sleep(self._pause)

    async def _poll(self, offset: int | None, seconds: int) -> list[Update]:
        """Return the updates as they came: `Bot.get_updates` fails as a whole for a single one."""
        allowed = "[" + ",".join(f'"{each}"' for each in WANTED) + "]"
        wanted: dict[str, Any] = {"timeout": seconds, "allowed_updates": allowed}
        if offset is not None:
            wanted["offset"] = offset
        updates: Any = await self._line.post(
            f"{self._bot.base_url}/getUpdates?{urlencode(wanted)}",
            read_timeout=seconds + ANSWER_SECONDS,
        )
        return updates if isinstance(updates, list) else []
