"""What leaves for Telegram: words with inline buttons, and the choice written into its message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import cast

import httpx
from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.delivery import Gone, MaybeSent, NotSent, NotTaken

NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOBODY = ("chat not found", "user not found", "deactivated", "peer_id_invalid")
EDITS_WAITING = 200  # beyond which a choice is not written into its message any more
EDITS_A_SECOND = 10
TEXT_LIMIT = 4096

log = logging.getLogger(__name__)


class TelegramPeer:
    """Sends words with inline buttons; errors are sorted by what became of the word."""

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
            raise (Gone() if _is_about_the_person(refused) else NotTaken()) from refused
        except NetworkError as lost:
            raise (MaybeSent() if _may_have_arrived(lost) else NotSent()) from lost
        except TelegramError as refused:
            log.warning("Telegram takes no words: %s", type(refused).__name__)
            raise NotSent from refused


def _is_about_the_person(error: TelegramError) -> bool:
    """Whether the person cannot be written to; else it is the word that is refused."""
    return isinstance(error, Forbidden) or any(why in error.message.lower() for why in NOBODY)


def _may_have_arrived(error: NetworkError) -> bool:
    """Whether a request may have been carried out though its answer is an error, or is none.

    Telegram's own error answers say that nothing was done; those of a gateway before it do not.
    """
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPError):
        return not isinstance(cause, NEVER_LEFT)
    return isinstance(error, TimedOut) or "gateway" in error.message.lower()


class ChosenLabels:
    """Writes the chosen label into the message whose button was tapped, in place of its buttons.

    An ornament: each is tried once, after the choice is kept and beside everything else. One that
    is lost does no harm, since an old button is answered politely; one done twice changes nothing.
    """

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[CallbackQuery] = asyncio.Queue(EDITS_WAITING)

    def put(self, query: CallbackQuery) -> None:
        """Take a tapped choice up; where too many wait it is left as it is."""
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(query)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            query = await self._waiting.get()
            try:
                await _write(query)
            except RetryAfter as wait:
                await asyncio.sleep(cast("timedelta", wait.retry_after).total_seconds())
            except TelegramError:  # too old, deleted, or written already
                pass
            await asyncio.sleep(1 / EDITS_A_SECOND)


async def _write(query: CallbackQuery) -> None:
    message = query.message
    if not isinstance(message, Message) or not message.text or message.reply_markup is None:
        return  # too old to be seen, or written already
    buttons = (button for row in message.reply_markup.inline_keyboard for button in row)
    label = next((each.text for each in buttons if each.callback_data == query.data), None)
    if label is None:
        return
    text = f"{message.text}\n（你选了：{label}）"
    if len(text) <= TEXT_LIMIT:
        await message.edit_text(text)
