"""Talking to a house by Telegram: what the tests of that channel share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.channels.telegram import polling
from domain.conversation import OutWord
from tests.bot.loopback import until
from tests.bot.telegram_peer import TOKEN, BotApi
from tests.bot.webhouse import House

PAUSE = 0.02
YANG, LUO, VILLAGE = 7001, 7002, -7003


@asynccontextmanager
async def talking(house: House, api: BotApi) -> AsyncIterator[None]:
    async with polling(house, TOKEN, api.url, PAUSE):
        yield


async def turn_is_over(house: House, api: BotApi) -> None:
    """Wait until everything was taken and everything said."""
    await api.is_done()
    moving = {"queued", "sending"}
    await until(lambda: not moving & house.writer.read(lambda w: w.pages.counts()).outbox.keys())


def kept(house: House, chat: int) -> tuple[list[str], list[OutWord]]:
    """Return what is kept of a chat: the choices and texts that came, and the words out."""

    def look(work: Any) -> tuple[list[str], list[OutWord]]:
        conversation = work.conversations.get("telegram", str(chat))
        if conversation is None:
            return [], []
        lines = work.pages.transcript(conversation.id)
        words = [line for line in lines if isinstance(line, OutWord)]
        return [
            line.text or line.choice or "-" for line in lines if not isinstance(line, OutWord)
        ], words

    return house.writer.read(look)


def tasks(house: House) -> list[tuple[str, str]]:
    still_open = house.writer.read(lambda work: work.tasks.still_open())
    return [(task.kind.value, task.details.get("reason", "")) for task in still_open]


async def consent(house: House, api: BotApi, *chats: int) -> None:
    for chat in chats:
        api.says(chat, "/start")
    await turn_is_over(house, api)
    for chat in chats:
        api.presses(chat, "consent:yes")
    await turn_is_over(house, api)
