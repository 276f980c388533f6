"""Fetches a file that somebody sent by Telegram: bounded in size and time, tried twice."""

from __future__ import annotations

import asyncio

import httpx
from telegram import Bot
from telegram.error import TelegramError

from bot.evidence.desk import NotFetched
from bot.evidence.exhibit import LIMIT, NotTaken

SECONDS = 25.0  # for one try; other chats go on meanwhile
TRIES = 2


async def fetch_file(bot: Bot, file_id: str, seconds: float = SECONDS) -> bytes:
    """Return the bytes of a file. Refuses with NotFetched, or NotTaken where it is too large."""
    for _ in range(TRIES - 1):
        try:
            return await _fetch(bot, file_id, seconds)
        except NotFetched:
            continue
    return await _fetch(bot, file_id, seconds)


async def _fetch(bot: Bot, file_id: str, seconds: float) -> bytes:
    # No error is passed on: its words may hold the address, and that holds the token.
    try:
        async with asyncio.timeout(seconds):
            file = await bot.get_file(file_id)
            if (file.file_size or 0) > LIMIT:
                raise NotTaken("too_large")
            return await _download(file.file_path or "")
    except (TelegramError, httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        raise NotFetched from None


async def _download(address: str) -> bytes:
    parts, size = [], 0
    async with httpx.AsyncClient() as client, client.stream("GET", address) as answer:
        if answer.status_code != httpx.codes.OK:
            raise NotFetched
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > LIMIT:
                raise NotTaken("too_large")
            parts.append(part)
    return b"".join(parts)
