"""A house whose WeChat account stands on loopback, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette

from bot.channels.wechat import open_wechat
from domain.conversation import OutWord
from tests.bot.loopback import on_loopback, until
from tests.bot.webhouse import House
from tests.bot.wechat_peer import WeChatServer
from tests.bot.wechat_sealing import ACCOUNT
from tests.storage.samples import a_case

PAUSE = 0.02
YANG, LUO = "oYang_0123456789abcdefghij", "oLuo-0123456789abcdefghijk"
T = TypeVar("T")


def near(
    house: House, wechat: WeChatServer, job: Coroutine[Any, Any, T], answer_seconds: float = 4.0
) -> T:
    """Do the job beside the house's channel, whose callbacks come without a network between."""

    async def inside() -> T:
        channel = open_wechat(house, ACCOUNT, wechat.url, answer_seconds, PAUSE)
        wechat.line = httpx.ASGITransport(Starlette(routes=channel.routes))
        wechat.callback = "http://house/wechat"
        async with channel.running():
            return await job

    return asyncio.run(inside())


@contextmanager
def far(house: House, wechat: WeChatServer, answer_seconds: float = 4.0) -> Iterator[None]:
    """Serve the house's callbacks while inside, on a port of their own: lines can be dropped."""
    channel = open_wechat(house, ACCOUNT, wechat.url, answer_seconds, PAUSE)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with channel.running():
            yield

    with on_loopback(Starlette(routes=channel.routes, lifespan=lifespan)) as url:
        wechat.callback = f"{url}/wechat"
        yield


def kept(house: House, person: str) -> tuple[list[str], list[OutWord]]:
    """Return what is kept of a person: what came in, and the words out."""

    def look(work: Any) -> tuple[list[str], list[OutWord]]:
        conversation = work.conversations.get("wechat", person)
        if conversation is None:
            return [], []
        lines = work.pages.transcript(conversation.id)
        heard = [line for line in lines if not isinstance(line, OutWord)]
        return [line.text or line.choice or "-" for line in heard], [
            line for line in lines if isinstance(line, OutWord)
        ]

    return house.writer.read(look)


def states(house: House, person: str) -> list[str]:
    return [word.state.value for word in kept(house, person)[1]]


async def settled(house: House) -> None:
    """Wait until every word has gone, or is given up."""
    moving = {"queued", "sending"}
    await until(
        lambda: not moving & house.writer.read(lambda w: w.pages.counts()).outbox.keys(),
        lambda: str(house.writer.read(lambda w: w.pages.counts()).outbox),
    )


def tasks(house: House) -> list[tuple[str, str]]:
    still_open = house.writer.read(lambda work: work.tasks.still_open())
    return [(task.kind.value, task.details.get("reason", "")) for task in still_open]


async def agree(wechat: WeChatServer, *people: str) -> None:
    for person in people:
        await wechat.says(person, "你好")
        await wechat.says(person, "1")


def with_wechat(house: House) -> House:
    """Return the house with the account in its settings."""
    return replace(house, settings=replace(house.settings, wechat=ACCOUNT))


def with_case(house: House, channel: str, person: str, **others: Any) -> int:
    """Give a person a case of its own; returns its number."""
    case = a_case(**others)

    def keep(work: Any) -> None:
        conversation = work.conversations.get(channel, person)
        work.cases.add(case)
        work.conversations.save(replace(conversation, case_number=case.number))

    house.writer.submit(keep).result()
    return case.number
