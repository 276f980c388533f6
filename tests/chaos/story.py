"""What the people of the town do while things go wrong, on Telegram and in their browsers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from tests.bot.telegram_peer import BOT_ID, BotApi
from tests.bot.telegram_rules import Said
from tests.chaos.town import ASKED, CLOSING, HASTY, NEW, STORY, WEB_NEW, Town, sender_of

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01


class Stuck(Exception):
    """Somebody waited for a word that never came; the text says who, and what was said."""


@dataclass
class Told:
    """What a person sent, by the ids that the channels give, in order; and what a browser got."""

    sent: dict[str, list[str]] = field(default_factory=dict)
    answered: dict[str, list[set[int]]] = field(default_factory=dict)

    def add(self, sender: str, message_id: str) -> None:
        self.sent.setdefault(sender, []).append(message_id)


class OnTelegram:
    """One person with a phone."""

    def __init__(
        self, api: BotApi, chat: int, told: Told, is_phoned: Callable[[int], bool]
    ) -> None:
        self._api = api
        self._is_phoned = is_phoned
        self._chat = chat
        self._told = told
        self._seen = len(api.told(chat))

    def says(self, text: str) -> None:
        self._sent(self._api.says(self._chat, text))

    def presses(self, data: str) -> None:
        self._sent(self._api.presses(self._chat, data))

    def _sent(self, number: int) -> None:
        self._told.add(str(self._chat), f"{BOT_ID}:{number}")

    async def hears(self, button: str = "") -> None:
        """Wait for a word that is new, and carries the button where one is named."""
        await _until(lambda: self._is_there(button), lambda: self._about(button))
        self._seen = len(self._api.told(self._chat))

    async def hears_or_is_phoned(self, button: str) -> bool:
        """Wait for a word, or until a helper is asked to phone because nobody knows of the word."""
        await _until(
            lambda: self._is_there(button) or self._is_phoned(self._chat),
            lambda: self._about(button),
        )
        self._seen = len(self._api.told(self._chat))
        return any(_has(each, button) for each in self._api.told(self._chat))

    def _is_there(self, button: str) -> bool:
        fresh = self._api.told(self._chat)[self._seen :]
        return any(not button or _has(each, button) for each in fresh)

    def _about(self, button: str) -> str:
        return f"{self._chat} waited for {button or 'a word'} after {self._api.texts(self._chat)}"


def _has(said: Said, button: str) -> bool:
    return any(data.startswith(button) for _, data in said.buttons)


async def _until(is_so: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + PATIENCE_SECONDS
    while not is_so():
        if loop.time() > ends_at:
            raise Stuck(otherwise())
        await asyncio.sleep(LOOK_SECONDS)


async def newcomer(person: OnTelegram) -> None:
    """Somebody who reads everything before going on."""
    person.says("你好")
    await person.hears("consent:yes")
    person.presses("consent:yes")
    await person.hears()
    person.says(STORY)
    await person.hears()


async def hasty(person: OnTelegram) -> None:
    """Somebody who writes on without waiting."""
    person.says("你好")
    await person.hears("consent:yes")
    person.presses("consent:yes")
    person.says(STORY)
    person.says("他说过年给，过年也没给")
    await person.hears()
    person.says("我们一起的有七个人")


async def closing(person: OnTelegram) -> None:
    """Somebody who agrees to what was written down, and books a session."""
    person.presses("back:right")
    await person.hears("kind:walk_in")
    person.presses("kind:walk_in")
    await person.hears("slot:")
    person.presses("slot:")
    await person.hears()
    person.says("李红军")
    await person.hears()
    person.says("13800001234")
    await person.hears()


async def asked(person: OnTelegram) -> None:
    """Somebody who is asked after a week whether the agreement holds, if the question arrives."""
    if not await person.hears_or_is_phoned("answer:"):
        return
    person.presses("answer:")
    await person.hears()


class InBrowser:
    """One person at the web chat: the page sends a message again, under its id, until it is in."""

    def __init__(self, url: str, token: str, told: Told) -> None:
        self._client = httpx.AsyncClient(base_url=url, cookies={"hejie_chat": token}, timeout=8)
        self._sender = sender_of(token)
        self._told = told
        self._count = 0
        self.failures = 0

    async def sends(self, **said: str) -> None:
        self._count += 1
        id_ = f"message-{self._count}"
        self._told.add(self._sender, f"{self._sender}:{id_}")
        message = json.dumps({"id": id_, **said})
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + PATIENCE_SECONDS
        while loop.time() < ends_at:
            try:
                answer = await self._client.post(
                    "/chat/messages", content=message, headers={"content-type": "application/json"}
                )
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 200:
                replies = {reply["id"] for reply in answer.json()["replies"]}
                self._told.answered.setdefault(self._sender, []).append(replies)
                return
            self.failures += 1
            assert answer.status_code in {429, 500, 503}, answer.text
            assert set(answer.json()) == {"error"}, "a plain sentence"
            await asyncio.sleep(0.1 if answer.status_code != 429 else 2)
        raise Stuck(f"the browser could not send {message}")

    async def close(self) -> None:
        await self._client.aclose()


async def visitor(person: InBrowser) -> None:
    """Somebody who comes by the web."""
    await person.sends(choice="consent:yes")
    await person.sends(text=STORY)
    await person.sends(text="不晓得")


def everybody(
    api: BotApi, url: str, told: Told, is_phoned: Callable[[int], bool]
) -> tuple[list[Awaitable[None]], InBrowser]:
    """Return what everybody does, and the one in the browser.

    `is_phoned` tells whether a helper is asked to phone the person of a chat.
    """
    browser = InBrowser(url, WEB_NEW, told)
    people = {NEW: newcomer, HASTY: hasty, CLOSING: closing, ASKED: asked}
    doing: list[Awaitable[None]] = [
        does(OnTelegram(api, chat, told, is_phoned)) for chat, does in people.items()
    ]
    return [*doing, visitor(browser)], browser


def remembers(api: BotApi, town: Town) -> None:
    """Let the phones show what was said before."""
    for sender, words in town.shown.items():
        if sender.isdecimal():
            for word in words:
                rows = [[{"text": c["label"], "callback_data": c["id"]}] for c in word.choices]
                markup = json.dumps({"inline_keyboard": rows}) if rows else None
                api.arrives(int(sender), word.text, markup)
