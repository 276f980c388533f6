"""Telegram by python-telegram-bot: updates become `Incoming`, words leave through the outbox."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from telegram import (
    Bot,
    BotCommand,
    CallbackQuery,
    Chat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
)
from telegram.constants import ChatType
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bot.channels.commands import COMMANDS
from bot.channels.opening import Channel
from bot.delivery import Delivery, Gone, MaybeSent, NotSent
from bot.lanes import Busy
from bot.messages import Attachment, Incoming
from bot.served import Served

CHANNEL = "telegram"
ALLOWED = '["message","callback_query"]'
API = "https://api.telegram.org/bot"
POLL_SECONDS = 25
ANSWER_SECONDS = 10  # beyond the wait, for Telegram's answer to a poll
PAUSE_SECONDS = 2.0
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

os.environ["PTB_TIMEDELTA"] = "true"  # the library's own switch: waits come as timedelta
log = logging.getLogger(__name__)


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
            raise NotSent(cast("timedelta", wait.retry_after)) from wait
        except (Forbidden, BadRequest) as refused:
            log.warning("Telegram refused a word: %s", refused.message)
            raise Gone from refused
        except NetworkError as lost:
            raise (MaybeSent() if _may_have_arrived(lost) else NotSent()) from lost
        except TelegramError as refused:
            log.warning("Telegram takes no words: %s", type(refused).__name__)
            raise NotSent from refused


def _may_have_arrived(error: NetworkError) -> bool:
    """Whether a request may have been carried out though its answer is an error, or is none.

    Telegram's own error answers say that nothing was done; those of a gateway before it do not.
    """
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPError):
        return not isinstance(cause, NEVER_LEFT)
    return isinstance(error, TimedOut) or "gateway" in error.message.lower()


class TelegramChannel:
    """Polls for updates and takes them; an update is acknowledged only once it is committed.

    What cannot be taken the lanes lay aside; an update that cannot even be translated is laid
    aside here, so that it blocks nobody. While the database is away nothing is acknowledged.
    """

    def __init__(
        self,
        served: Served,
        bot: Bot,
        line: HTTPXRequest,
        wake: Callable[[], None],
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._served = served
        self._bot = bot
        self._line = line
        self._wake = wake
        self._pause = pause_seconds

    async def run(self) -> None:
        """Poll until cancelled."""
        offset: int | None = None
        while True:
            try:
                updates = await self._poll(offset)
            except TelegramError as away:
                log.warning("Telegram does not answer: %s", type(away).__name__)
                await asyncio.sleep(self._pause)
                continue
            by_chat: dict[int | None, list[Mapping[str, Any]]] = {}
            for update in updates:
                by_chat.setdefault(_chat_of(update), []).append(update)
            await asyncio.gather(*(self._take_all(each) for each in by_chat.values()))
            # The next poll acknowledges these. Once it has, the one after names no number: after
            # a quiet week Telegram begins anew, at any number.
            offset = updates[-1]["update_id"] + 1 if updates else None

    async def _poll(self, offset: int | None) -> list[dict[str, Any]]:
        """Return the updates as they came: `Bot.get_updates` fails as a whole for a single one."""
        wanted = {"timeout": POLL_SECONDS, "allowed_updates": ALLOWED}
        if offset is not None:
            wanted["offset"] = offset
        updates = await self._line.post(
            f"{self._bot.base_url}/getUpdates?{urlencode(wanted)}",
            read_timeout=POLL_SECONDS + ANSWER_SECONDS,
        )
        return updates if isinstance(updates, list) else []

    async def _take_all(self, updates: Sequence[Mapping[str, Any]]) -> None:
        for update in updates:
            await self._take_safely(update)

    async def _take_safely(self, update: Mapping[str, Any]) -> None:
        while True:
            try:
                await self.take(update)
            except Exception as error:
                if not isinstance(error, Busy):
                    log.warning(
                        "update %s is not taken yet: %s", update["update_id"], type(error).__name__
                    )
                await asyncio.sleep(self._pause)
            else:
                return

    async def take(self, raw: Mapping[str, Any]) -> None:
        """Take one update. Groups are told to write in private; a pressed button stops spinning."""
        number = f"{self._bot.id}:{raw['update_id']}"
        try:
            update = Update.de_json(dict(raw), self._bot)
            chat, query = update.effective_chat, update.callback_query
            messages = list(incomings(update, str(chat.id), number)) if chat else []
        except Exception as unreadable:
            await self._served.lanes.lay_aside(_unread(raw, number), unreadable)
            self._wake()
            return
        if chat is None:
            return
        if chat.type != ChatType.PRIVATE:
            await self._point_to_private(chat, update.message)
            return
        for incoming in messages:
            await self._served.lanes.take(incoming)
            self._wake()
        if query is not None:
            await _stop_spinning(query)

    async def _point_to_private(self, chat: Chat, message: Message | None) -> None:
        if message is not None:
            with suppress(TelegramError):
                await chat.send_message(self._served.renderer.reply("groups_not_served", {}))


def _unread(raw: Mapping[str, Any], number: str) -> Incoming:
    """Return what is known of an update that cannot be read: at best, who wrote it."""
    chat = _chat_of(raw)
    return Incoming(CHANNEL, str(chat) if chat and chat > 0 else "", number)  # groups are negative


def _chat_of(update: Mapping[str, Any]) -> int | None:
    """Return the number of the chat that a raw update belongs to; None where it has none."""
    try:
        holder = update.get("message") or update["callback_query"]["message"]
        return int(holder["chat"]["id"])
    except (KeyError, TypeError, ValueError):
        return None


async def _stop_spinning(query: CallbackQuery) -> None:
    with suppress(TelegramError):  # too old, say: what was chosen is kept all the same
        await query.answer()


def incomings(update: Update, sender: str, message_id: str) -> Iterator[Incoming]:
    """Yield an update in our words: a choice, text, a command as its words, an attachment.

    The words under an attachment follow it. Notes of Telegram itself (a pinned message, say)
    are nothing to us.
    """
    message, query = update.message, update.callback_query
    if query is not None and query.data is not None:
        yield Incoming(CHANNEL, sender, message_id, choice=query.data)
    if message is None:
        return
    if message.text is not None:
        yield Incoming(CHANNEL, sender, message_id, text=_words_of(message.text))
    elif message.effective_attachment is not None:
        kind = "photo" if message.photo else "voice" if message.voice else "file"
        sent = Attachment(kind, refused="not_here")
        yield Incoming(CHANNEL, sender, message_id, attachment=sent)
        if message.caption:
            yield Incoming(CHANNEL, sender, f"{message_id}:caption", text=message.caption)


def _words_of(text: str) -> str:
    words = text.split(maxsplit=1)
    command = words[0][1:].partition("@")[0] if words and words[0].startswith("/") else ""
    return COMMANDS.get(command, text)


@asynccontextmanager
async def polling(
    served: Served, token: str, base_url: str = API, pause_seconds: float = PAUSE_SECONDS
) -> AsyncIterator[None]:
    """Serve Telegram while inside: poll for updates, deliver from the outbox.

    Telegram being away, at the start too, keeps nothing else from working.
    """
    line = HTTPXRequest(connection_pool_size=1)
    bot = Bot(token, base_url, get_updates_request=line)
    job = asyncio.create_task(_serve(served, bot, line, pause_seconds))
    try:
        yield
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def _serve(served: Served, bot: Bot, line: HTTPXRequest, pause_seconds: float) -> None:
    delivery = Delivery(served.writer, CHANNEL, TelegramPeer(bot), served.clock)
    channel = TelegramChannel(served, bot, line, delivery.wake, pause_seconds)
    try:
        if await _is_let_in(bot, pause_seconds):
            log.info("Telegram is on")
            async with asyncio.TaskGroup() as jobs:
                jobs.create_task(channel.run())
                jobs.create_task(delivery.run())
    finally:
        await bot.shutdown()


async def _is_let_in(bot: Bot, pause_seconds: float) -> bool:
    """Make the bot known to Telegram, as soon as it answers; False where the token is refused."""
    while True:
        try:
            await bot.initialize()
            await bot.set_my_commands([BotCommand(name, words) for name, words in COMMANDS.items()])
        except InvalidToken:  # its words hold the token
            log.error("HEJIE_TELEGRAM_TOKEN: Telegram refuses it; copy it anew from @BotFather")
            return False
        except TelegramError as away:
            log.warning("Telegram cannot be reached yet: %s", type(away).__name__)
            await asyncio.sleep(pause_seconds)
        else:
            return True


def channel(served: Served) -> Channel | None:
    """Return Telegram where there is a token."""
    token = served.settings.telegram_token
    return Channel(running=lambda: polling(served, token)) if token else None
