"""One person's hand on each messenger: what the contract of all channels is tried with."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from io import StringIO
from typing import Any

import httpx
from starlette.applications import Starlette

from bot.channels import terminal
from bot.channels.telegram import polling
from bot.channels.wechat import open_wechat
from bot.dialogue.intake import open_fact
from bot.dialogue.state import Dialogue, to_data
from bot.web import build_web
from storage.pages import ConversationFilter
from tests.bot.telegram_peer import TOKEN, BotApi
from tests.bot.telegram_rules import BLOCKED
from tests.bot.webhouse import House
from tests.bot.wechat_peer import WeChatServer
from tests.bot.wechat_sealing import ACCOUNT

PAUSE = 0.02
_numbers = itertools.count(50_000)


BINARY = {"content-type": "application/octet-stream"}


class OnTerminal:
    """Lines of JSON, as scripts write them."""

    name = "terminal"

    def __init__(self) -> None:
        self._house: House | None = None
        self._told: dict[str, list[str]] = {}
        self._last: dict[str, str] = {}

    def person(self) -> str:
        return f"person {next(_numbers)}"

    def sender(self, person: str) -> str:
        return person

    @asynccontextmanager
    async def on(self, house: House) -> AsyncIterator[None]:
        self._house = house
        yield

    async def says(self, person: str, text: str, again: bool = False) -> None:
        await self._writes(person, {"text": text}, again)

    async def chooses(self, person: str, choice: str, label: str) -> None:
        await self._writes(person, {"choose": choice}, again=False)

    async def starts(self, person: str, code: str) -> None:
        await self.says(person, code)

    async def _writes(self, person: str, said: Mapping[str, str], again: bool) -> None:
        id_ = self._last[person] if again else f"m{next(_numbers)}"
        self._last[person] = id_
        line = json.dumps({"sender": person, "message_id": id_, **said})
        out = StringIO()
        await asyncio.to_thread(terminal.chat_json, self._take, [line], out)
        told = [json.loads(each) for each in out.getvalue().splitlines() if each]
        self._told.setdefault(person, []).extend(each.get("text") or each["error"] for each in told)

    def _take(self, incoming: Any) -> Any:
        assert self._house is not None
        return self._house.turns.take(incoming).replies

    async def texts(self, person: str) -> list[str]:
        house = self._house
        assert house is not None
        unseen = house.writer.read(lambda work: terminal.unseen_by(work, person, house.clock()))
        return [*self._told.get(person, []), *(word.text for word in unseen)]


class OnWebChat(httpx.AsyncBaseTransport):
    """A browser of each person's own, as the page's script writes."""

    name = "webchat"

    def __init__(self) -> None:
        self._web: httpx.ASGITransport | None = None
        self._browsers: dict[str, httpx.AsyncClient] = {}
        self._senders: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._faults: dict[str, list[str]] = {}
        self._house: House | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Bring a browser's request to the house that is served now."""
        assert self._web is not None
        return await self._web.handle_async_request(request)

    def person(self) -> str:
        name = f"browser {next(_numbers)}"
        self._browsers[name] = httpx.AsyncClient(transport=self, base_url="http://house")
        return name

    def sender(self, person: str) -> str:
        return self._senders.get(person, "")

    @asynccontextmanager
    async def on(self, house: House) -> AsyncIterator[None]:
        self._house, self._web = house, httpx.ASGITransport(build_web(house))
        yield

    async def says(self, person: str, text: str, again: bool = False) -> None:
        await self._writes(person, {"text": text}, again)

    async def chooses(self, person: str, choice: str, label: str) -> None:
        await self._writes(person, {"choice": choice}, again=False)

    async def sends_photo(self, person: str, data: bytes) -> None:
        where = f"/chat/files?id=photo-{next(_numbers)}&kind=photo"
        answer = await self._browsers[person].post(where, content=data, headers=BINARY)
        if answer.status_code != 200:
            self._faults.setdefault(person, []).append(answer.json()["error"])

    async def starts(self, person: str, code: str) -> None:
        await self.says(person, code)

    async def _writes(self, person: str, said: Mapping[str, str], again: bool) -> None:
        id_ = self._last[person] if again else f"message-{next(_numbers)}"
        self._last[person] = id_
        known = set() if person in self._senders else self._known()
        body = {"id": id_, **said}
        answer = await self._browsers[person].post("/chat/messages", json=body)
        if answer.status_code != 200:
            self._faults.setdefault(person, []).append(answer.json()["error"])
        elif person not in self._senders:  # newcomers come one after the other
            (self._senders[person],) = self._known() - known

    def _known(self) -> set[str]:
        assert self._house is not None
        every = ConversationFilter(channel=self.name)
        page = self._house.writer.read(lambda work: work.pages.conversations(every))
        return {each.conversation.sender for each in page.lines}

    async def texts(self, person: str) -> list[str]:
        page = (await self._browsers[person].get("/")).text
        shown = unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", "", page, flags=re.DOTALL))
        return [shown, *self._faults.get(person, [])]


class OnTelegram:
    """A chat with the bot, polled."""

    name = "telegram"

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._last: dict[str, tuple[int, str]] = {}

    def person(self) -> str:
        return str(next(_numbers))

    def sender(self, person: str) -> str:
        return person

    @asynccontextmanager
    async def on(self, house: House) -> AsyncIterator[None]:
        async with polling(house, TOKEN, self._api.url, PAUSE):
            yield

    async def says(self, person: str, text: str, again: bool = False) -> None:
        if again:
            number, text = self._last[person]
            self._api.repeats(number, text, int(person))
        else:
            self._last[person] = (self._api.says(int(person), text), text)
        await self._api.is_done()

    async def chooses(self, person: str, choice: str, label: str) -> None:
        await self._api.hears(int(person), 1)
        self._api.presses(int(person), choice)
        await self._api.is_done()

    async def sends_photo(self, person: str, data: bytes) -> None:
        sizes = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
        self._api.sends(int(person), photo=sizes)
        await self._api.is_done()

    async def starts(self, person: str, code: str) -> None:
        await self.says(person, code)

    async def texts(self, person: str) -> list[str]:
        return self._api.texts(int(person))

    def goes(self, person: str) -> None:
        self._api.fails(BLOCKED, chat=int(person), times=9)


class OnWeChat:
    """An official account's callbacks and customer-service messages."""

    name = "wechat"

    def __init__(self, wechat: WeChatServer) -> None:
        self._wechat = wechat
        self._last: dict[str, int] = {}

    def person(self) -> str:
        return f"oPerson_{next(_numbers)}"

    def sender(self, person: str) -> str:
        return person

    @asynccontextmanager
    async def on(self, house: House) -> AsyncIterator[None]:
        channel = open_wechat(house, ACCOUNT, self._wechat.url, pause_seconds=PAUSE)
        self._wechat.line = httpx.ASGITransport(Starlette(routes=channel.routes))
        self._wechat.callback = "http://house/wechat"
        async with channel.running():
            yield

    async def says(self, person: str, text: str, again: bool = False) -> None:
        number = self._last[person] if again else self._wechat.number()
        self._last[person] = number
        if again:  # WeChat asks again for an answer that it has: nobody sees it twice
            await self._wechat.posts(self._wechat.message(person, "text", number, Content=text))
        else:
            await self._wechat.says(person, text, number)

    async def chooses(self, person: str, choice: str, label: str) -> None:
        await self.says(person, label)

    async def sends_photo(self, person: str, data: bytes) -> None:
        self._wechat.media["m1"] = ("image/jpeg", data)
        await self._wechat.sends(person, "image", PicUrl="http://x", MediaId="m1")

    async def starts(self, person: str, code: str) -> None:
        await self._wechat.happens(person, "SCAN", f"i{code}")

    async def texts(self, person: str) -> list[str]:
        return self._wechat.texts(person)

    def goes(self, person: str) -> None:
        self._wechat.leaves(person)


def words_to(house: House, channel: str, sender: str) -> list[Any]:
    def look(work: Any) -> list[Any]:
        conversation = work.conversations.get(channel, sender)
        if conversation is None:
            return []
        return list(work.pages.out_words_after(conversation.id, 0))

    return house.writer.read(look)


def heard_from(house: House, channel: str, sender: str) -> list[str]:
    """Return what came in: text, or what was tapped or sent, or `-` where nothing is kept of it."""

    def look(work: Any) -> list[str]:
        conversation = work.conversations.get(channel, sender)
        if conversation is None:
            return []
        lines = work.pages.transcript(conversation.id)
        return [line.text or line.choice or "-" for line in lines if hasattr(line, "message_id")]

    return house.writer.read(look)


def asks_age_after_the_next_answer(house: House, channel: str, sender: str) -> None:
    """Put a person into the middle of a talk about a child, one question before its age."""
    sheet = house.catalogue.sheet("child_custody")
    state, _ = open_fact(
        Dialogue(dispute_type=sheet.type, permitted=("child",)), sheet.fact("custody_matter")
    )

    def job(work: Any) -> None:
        conversation = work.conversations.get(channel, sender)
        work.conversations.save(replace(conversation, state=to_data(state)))

    house.writer.submit(job).result()


async def shown(driver: Any, person: str, wanted: list[str]) -> None:
    """Wait until a person sees these words, one after the other."""
    for _ in range(400):
        if in_order(wanted, await driver.texts(person)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{wanted} not in order in {await driver.texts(person)}")


def in_order(words: list[str], seen: list[str]) -> bool:
    """Whether all words are seen, one after the other, however they are laid out."""
    rest = "".join("".join(seen).split())
    for word in words:
        _, found, rest = rest.partition("".join(word.split()))
        if not found:
            return False
    return True
