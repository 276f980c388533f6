"""Telegram by python-telegram-bot: updates become `Incoming`, words leave through the outbox."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, BotCommand
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.commands import COMMANDS
from bot.channels.opening import Channel
from bot.channels.telegram_polling import Polling
from bot.channels.telegram_taking import Taking
from bot.channels.telegram_updates import CHANNEL, WANTED
from bot.channels.telegram_words import ChosenLabels, TelegramPeer
from bot.delivery import Delivery
from bot.guards import fault, is_same, limited
from bot.lanes import Busy
from bot.served import Served
from bot.settings import WEBHOOK_PATH

API = "https://api.telegram.org/bot"
PAUSE_SECONDS = 2.0
BODY_LIMIT = 65_536  # bytes of one pushed update
LARGEST = 2**63
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - its name, not the secret

os.environ["PTB_TIMEDELTA"] = "true"  # the library's own switch: waits come as timedelta
log = logging.getLogger(__name__)


class Telegram:
    """One bot: taking its updates, delivering its words, made known to Telegram at the start."""

    def __init__(self, served: Served, token: str, base_url: str, pause_seconds: float) -> None:
        self._settings = served.settings
        self._pause = pause_seconds
        self._line = HTTPXRequest(connection_pool_size=1)
        files = base_url.removesuffix("/bot") + "/file/bot"
        self._bot = Bot(token, base_url, files, get_updates_request=self._line)
        self._delivery = Delivery(served.writer, CHANNEL, TelegramPeer(self._bot), served.clock)
        self._labels = ChosenLabels()
        self.taking = Taking(served, self._bot, self._delivery.wake, self._labels)
        self._served = served

    async def serve(self) -> None:
        """Serve until cancelled. Telegram being away, at the start too, only delays."""
        try:
            if not await self._is_let_in():
                return
            log.info("Telegram is on")
            async with asyncio.TaskGroup() as jobs:
                jobs.create_task(self._delivery.run())
                jobs.create_task(self._labels.run())
                if not self._settings.telegram_webhook:
                    polling = Polling(self._bot, self._line, self.taking.take, self._pause)
                    jobs.create_task(polling.run())
        finally:
            await self._bot.shutdown()

    async def _is_let_in(self) -> bool:
        """Make the bot known to Telegram as soon as it answers; False where it is refused."""
        while True:
            try:
                await self._introduce()
            except InvalidToken:  # its words hold the token
                log.error("HEJIE_TELEGRAM_TOKEN: Telegram refuses it; copy it anew from @BotFather")
                return False
            except TelegramError as away:
                log.warning("Telegram cannot be reached yet: %s", type(away).__name__)
                await asyncio.sleep(self._pause)
            else:
                return True

    async def _introduce(self) -> None:
        """Say who we are, what commands there are, and how updates are to come."""
        await self._bot.initialize()
        commands = [BotCommand(name, words) for name, words in COMMANDS.items()]
        await self._bot.set_my_commands(commands)
        if self._settings.telegram_webhook:
            await self._bot.set_webhook(
                self._settings.telegram_webhook,
                allowed_updates=WANTED,
                secret_token=self._settings.telegram_secret,
            )
        else:
            await self._bot.delete_webhook()

    async def pushed(self, request: Request) -> Response:
        """Take an update that Telegram pushes; 200 only once it is committed.

        Who does not know the secret is told nothing and not read. An answer of 5xx makes Telegram
        bring the update again.
        """
        given = request.headers.get(SECRET_HEADER, "")
        expected = self._settings.telegram_secret
        if not expected or not is_same(given, expected):
            self._served.lanes.meters.refused("forged")
            raise fault(403)
        update = _update(await limited(request, BODY_LIMIT).body())
        try:
            await self.taking.take(update)
        except Busy:
            raise
        except Exception as error:
            log.warning("update %s is not taken yet: %s", update["update_id"], type(error).__name__)
            raise fault(503) from None
        return Response()


def _update(body: bytes) -> dict[str, Any]:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        raise fault(400) from None
    number = update.get("update_id") if isinstance(update, dict) else None
    if type(number) is not int or not 0 <= number < LARGEST:
        raise fault(400)
    return dict(update)


@asynccontextmanager
async def running(telegram: Telegram) -> AsyncIterator[None]:
    """Serve Telegram while inside, beside everything else."""
    job = asyncio.create_task(telegram.serve())
    try:
        yield
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


@asynccontextmanager
async def polling(
    served: Served, token: str, base_url: str = API, pause_seconds: float = PAUSE_SECONDS
) -> AsyncIterator[None]:
    """Serve Telegram while inside: poll for updates, deliver from the outbox."""
    async with running(Telegram(served, token, base_url, pause_seconds)):
        yield


def channel(served: Served) -> Channel | None:
    """Return Telegram where there is a token."""
    settings = served.settings
    if not settings.telegram_token:
        return None
    telegram = Telegram(served, settings.telegram_token, API, PAUSE_SECONDS)
    routes = [Route(WEBHOOK_PATH, telegram.pushed, methods=["POST"])]
    return Channel(routes if settings.telegram_webhook else (), running=lambda: running(telegram))
