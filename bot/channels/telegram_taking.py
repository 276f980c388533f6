"""Takes one update of Telegram, however it came: it is done with once it is committed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from telegram import Bot, CallbackQuery, Chat, Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.channels.telegram_files import fetch_file
from bot.channels.telegram_updates import CHANNEL, WANTED, FileSent, Part, parts, unread
from bot.channels.telegram_words import ChosenLabels
from bot.messages import Incoming
from bot.served import Served
from domain.conversation import Conversation

READ = ("update_id", *WANTED)
REMEMBERED = 5_000
WHO_QUESTIONS = frozenset({"name", "phone"})  # the facts that say who somebody is


class Seen:
    """The latest keys that were met; the oldest are forgotten."""

    def __init__(self) -> None:
        self._keys: OrderedDict[Hashable, None] = OrderedDict()

    def meet(self, key: Hashable) -> bool:
        """Remember the key; return whether it was met before."""
        is_known = key in self._keys
        self._keys[key] = None
        if len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)
        return is_known


class Taking:
    """Turns updates into messages and hands them to the lanes.

    What cannot be taken the lanes lay aside; an update that cannot even be read is laid aside
    here. While the database is away `take` raises, and the update is to be brought again.
    """

    def __init__(
        self, served: Served, bot: Bot, wake: Callable[[], None], labels: ChosenLabels
    ) -> None:
        self._served = served
        self._bot = bot
        self._number = bot.token.partition(":")[0]  # known before Telegram has ever answered
        self._wake = wake
        self._labels = labels
        self._groups = Seen()
        self._albums = Seen()

    async def take(self, raw: Mapping[str, Any]) -> None:
        """Take one update. Groups are told to write in private; a pressed button stops spinning."""
        number = f"{self._number}:{raw['update_id']}"
        try:
            update = Update.de_json({name: raw[name] for name in READ if name in raw}, self._bot)
            chat, query = update.effective_chat, update.callback_query
            is_private = chat is not None and chat.type == ChatType.PRIVATE
            found = list(parts(update, str(chat.id), number)) if chat and is_private else []
        except Exception as unreadable:
            await self._served.lanes.lay_aside(unread(raw, number), unreadable)
            self._wake()
            return
        if chat is None:
            return
        if not is_private and update.message is not None:
            await self._point_to_private(chat)
        for part in found:
            await self._served.lanes.take(await self._as_message(part, str(chat.id)))
            self._wake()
        if query is not None:
            await self._stop_spinning(query)

    async def _as_message(self, part: Part, sender: str) -> Incoming:
        """Return a part of an update as a message, its file fetched if it may be given."""
        if isinstance(part, Incoming):
            return part
        sent = await self._served.evidence.receive(
            (CHANNEL, sender, part.message_id),
            part.kind,
            lambda: fetch_file(self._bot, part.file_id),
            part.size,
            unless=lambda conversation: _private(part, conversation),
        )
        is_more = part.album is not None and self._albums.meet((sender, part.album))
        sent = replace(sent, is_more=is_more)
        return Incoming(CHANNEL, sender, part.message_id, attachment=sent)

    async def _stop_spinning(self, query: CallbackQuery) -> None:
        with suppress(TelegramError):  # too old, say: what was chosen is kept all the same
            await query.answer()
        self._labels.put(query)

    async def _point_to_private(self, chat: Chat) -> None:
        """Say once in a group that matters are private, and leave it."""
        if self._groups.meet(chat.id):
            return
        with suppress(TelegramError):
            await chat.send_message(self._served.renderer.reply("groups_not_served", {}))
            await chat.leave()


def _private(part: FileSent, conversation: Conversation) -> str | None:
    """Refuse the photo that follows the question who somebody is: it shows an ID card."""
    is_picture = part.kind in {"photo", "file"}
    return "private" if is_picture and conversation.state.get("asked") in WHO_QUESTIONS else None
