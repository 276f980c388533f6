"""Telegram by python-telegram-bot: updates become `Incoming`, words leave through the outbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
)
from telegram.constants import ChatType
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.delivery import Delivery, Gone, MaybeSent, NotSent
from bot.messages import Incoming
from bot.render import Renderer
from bot.turns import Keeper, Taken
from domain.conversation import Task, TaskKind

CHANNEL = "telegram"
COMMANDS = {"start": "你好", "person": "转人工", "status": "查进度", "undo": "上一步"}
ALLOWED = ["message", "callback_query"]
POLL_SECONDS = 25
TRIES = 3
PAUSE_SECONDS = 2.0

log = logging.getLogger(__name__)


class Lanes(Protocol):
    """Where messages are taken, one conversation at a time."""

    async def take(self, incoming: Incoming) -> Taken:
        """Take one message and return once it is committed."""
        ...


class House(Protocol):
    """What the channel needs of the application."""

    @property
    def writer(self) -> Keeper:
        """Where units of work come from."""
        ...

    @property
    def lanes(self) -> Lanes:
        """Where messages are taken."""
        ...

    @property
    def renderer(self) -> Renderer:
        """Where words come from."""
        ...

    @property
    def clock(self) -> Callable[[], datetime]:
        """What time it is."""
        ...


class TelegramPeer:
    """Sends words with inline buttons; errors are sorted into not sent, maybe sent, and gone."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, to: str, text: str, choices: Sequence[Mapping[str, str]]) -> None:
        """Send one message."""
        rows = [[InlineKeyboardButton(c["label"], callback_data=c["id"])] for c in choices]
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        try:
            await self._bot.send_message(int(to), text, reply_markup=keyboard)
        except RetryAfter as wait:
            after = wait.retry_after
            pause = after if isinstance(after, timedelta) else timedelta(seconds=after)
            raise NotSent(pause) from wait
        except TimedOut as lost:
            raise MaybeSent from lost
        except (Forbidden, BadRequest) as refused:
            raise Gone from refused
        except NetworkError as away:
            raise NotSent from away


class TelegramChannel:
    """Polls for updates and takes them; an update is acknowledged only once it is committed."""

    def __init__(self, house: House, bot: Bot, delivery: Delivery) -> None:
        self._house = house
        self._bot = bot
        self._delivery = delivery

    async def run(self) -> None:
        """Poll until cancelled."""
        offset: int | None = None
        while True:
            try:
                updates = await self._bot.get_updates(
                    offset, timeout=POLL_SECONDS, allowed_updates=ALLOWED
                )
            except TelegramError as away:
                log.warning("Telegram does not answer: %s", type(away).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            by_chat: dict[int, list[Update]] = {}
            for update in updates:
                chat = update.effective_chat
                by_chat.setdefault(chat.id if chat else 0, []).append(update)
            await asyncio.gather(*(self._take_all(each) for each in by_chat.values()))
            if updates:  # the next poll acknowledges these
                offset = updates[-1].update_id + 1

    async def _take_all(self, updates: Sequence[Update]) -> None:
        for update in updates:
            await self._take_safely(update)
        self._delivery.wake()

    async def _take_safely(self, update: Update) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self.take(update)
            except Exception:
                log.exception("update %s, try %s", update.update_id, attempt)
                await asyncio.sleep(PAUSE_SECONDS * (attempt < TRIES))
            else:
                return
        await self._set_aside(update)

    async def take(self, update: Update) -> None:
        """Take one update. Groups are told to write in private; a pressed button stops spinning."""
        chat, message, query = update.effective_chat, update.message, update.callback_query
        if chat is None:
            return
        if chat.type != ChatType.PRIVATE:
            if message is not None:
                await message.reply_text(self._house.renderer.reply("groups_not_served", {}))
            return
        message_id, sender = str(update.update_id), str(chat.id)
        if query is not None and query.data is not None:
            await self._house.lanes.take(Incoming(CHANNEL, sender, message_id, choice=query.data))
            await query.answer()
        elif message is not None:
            await self._house.lanes.take(incoming(message, sender, message_id))

    async def _set_aside(self, update: Update) -> None:
        """Leave a message that cannot be taken to a person, so that it blocks nobody."""
        now = self._house.clock()
        task = Task(
            TaskKind.ALERT,
            now,
            now,
            f"telegram:{update.update_id}",
            details={"reason": "update_not_taken", "update": update.update_id},
        )
        await asyncio.wrap_future(self._house.writer.submit(lambda work: work.tasks.open(task)))


def incoming(message: Message, sender: str, message_id: str) -> Incoming:
    """Return a message in our words: text, a command as its words, or the kind of attachment."""
    if message.text is None:
        kind = "photo" if message.photo else "voice" if message.voice else "file"
        return Incoming(CHANNEL, sender, message_id, attachment=kind)
    words = message.text.split()
    command = words[0][1:].partition("@")[0] if words and words[0].startswith("/") else ""
    return Incoming(CHANNEL, sender, message_id, text=COMMANDS.get(command, message.text))


@asynccontextmanager
async def polling(house: House, token: str, base_url: str | None = None) -> AsyncIterator[None]:
    """Serve Telegram while inside: poll for updates, deliver from the outbox."""
    bot = Bot(token, base_url) if base_url else Bot(token)
    delivery = Delivery(house.writer, CHANNEL, TelegramPeer(bot), house.clock)
    channel = TelegramChannel(house, bot, delivery)
    async with bot:
        await bot.set_my_commands([BotCommand(name, words) for name, words in COMMANDS.items()])
        jobs = [asyncio.create_task(channel.run()), asyncio.create_task(delivery.run())]
        log.info("Telegram is on")
        try:
            yield
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
