"""Going on on another device without an account: a code from the old one, typed on the new one."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from argon2.low_level import Type, hash_secret_raw
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.webchat_visitor import (
    COOKIE,
    LEFT,
    Visitor,
    reads_large,
    set_cookie,
    visitor_of,
)
from bot.forms import read_form
from bot.guards import Budget, fault, is_same
from bot.pages import Pages
from bot.served import Served
from domain.conversation import Conversation, OutboxState, OutWord
from domain.errors import ConversationMovedOn, NoSuchCode, NotToBeMoved
from domain.services.resuming import VALID, issue_code, resume_talk
from storage.unit_of_work import SqlUnitOfWork

NEXT = "hejie_next"  # the token that the browser will have once the code was right
NEXT_SECONDS = 3600
GROUPS, DIGITS = 3, 5  # 15 digits: 10^15 codes, 49.8 bits
BODY_LIMIT = 16_384  # bytes; the chat's own form, with its text, may come here
CODES_AN_HOUR = 10  # asked for by one person
TRIES_AN_HOUR = 10  # from one address
ALL_TRIES_AN_HOUR = 1_000
TRIES = 3  # where a turn of the old device comes between
HASHES_AT_ONCE = 2  # each takes 19 MB, and a processor
HOUR = 3600.0
SALT = b"hejie resume code"  # the same for all: the codes are random, and are looked up by hash
WRONG = "这个继续码不对，或者已经用过、过期了。请看清楚再写一次。"
MISREAD = f"继续码是{GROUPS * DIGITS}个数字，请数一数再写一次。"
AGAIN = "请再写一次继续码，然后按“接着说”。"
TOO_OFTEN = "试的次数太多了，请过一个小时再试；有急事请打110。"
SPOKEN = str.maketrans("零〇幺一二两三四五六七八九洞拐勾", "0011223456789079")
T = TypeVar("T")


def new_code() -> str:
    """Return a new code of GROUPS x DIGITS digits."""
    return f"{secrets.randbelow(10 ** (GROUPS * DIGITS)):0{GROUPS * DIGITS}d}"


def in_groups(code: str) -> str:
    """Return the code as it is read aloud.

    >>> in_groups("123456789012345")
    '12345 67890 12345'
    """
    return " ".join(code[place : place + DIGITS] for place in range(0, len(code), DIGITS))


def code_in(text: str) -> str | None:
    """Return the code that somebody typed, also in full width or in Chinese numerals.

    >>> code_in("１２３４５ 67890-12345"), code_in("幺二三四五六七八九零幺二三四五"), code_in("123")
    ('123456789012345', '123456789012345', None)
    """
    plain = unicodedata.normalize("NFKC", text[:200]).translate(SPOKEN)
    digits = "".join(each for each in plain if each.isdecimal() and each.isascii())
    return digits if len(digits) == GROUPS * DIGITS else None


def hashed(code: str) -> str:
    """Return what is kept of a code: slow on purpose (about 20 ms, 19 MB), as codes are short."""
    return hash_secret_raw(
        code.encode(),
        SALT,
        time_cost=2,
        memory_cost=19_456,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    ).hex()


class WebResume:
    """The routes of going on on another device."""

    def __init__(self, served: Served, pages: Pages, channel: str) -> None:
        self._served = served
        self._pages = pages
        self._channel = channel
        self._codes = Budget(CODES_AN_HOUR, HOUR)
        self._tries = Budget(TRIES_AN_HOUR, HOUR)
        self._all_tries = Budget(ALL_TRIES_AN_HOUR, HOUR)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/chat/code", self.give_json, methods=["POST"]),
            Route("/resume/code", self.give, methods=["POST"]),
            Route("/resume", self.ask, methods=["GET"]),
            Route("/resume", self.take, methods=["POST"]),
        ]

    async def give_json(self, request: Request) -> Response:
        """Give a code to the page's script: {"code", "until"}."""
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise fault(415)
        code, until = await self._new_code(visitor_of(request))
        return JSONResponse({"code": code, "until": until})

    async def give(self, request: Request) -> Response:
        """Give a code on a page of its own, for browsers without scripts."""
        visitor = visitor_of(request)
        await _form_of(request, visitor)
        code, until = await self._new_code(visitor)
        return self._page(request, "chat/code", code=code, until=until, is_here=False)

    async def _new_code(self, visitor: Visitor) -> tuple[str, str]:
        if not visitor.is_known or not self._codes.spend(visitor.sender):
            raise fault(429 if visitor.is_known else 403)
        code = new_code()

        def job(work: SqlUnitOfWork) -> None:
            talk = work.conversations.get(self._channel, visitor.sender)
            issue_code(work, talk, kept, now)

        kept = await self._hashed(code)
        now = self._served.clock()
        try:
            await self._submit(job)
        except NotToBeMoved:
            raise fault(409) from None
        return in_groups(code), _until(now)

    async def ask(self, request: Request) -> Response:
        """Show where the code is typed; whoever comes gets the token of after beforehand."""
        return self._asking(request)

    def _asking(self, request: Request, status: int = 200, told: str = "") -> Response:
        coming = visitor_of(request, NEXT)
        response = self._page(
            request,
            "chat/resume",
            status,
            told=told,
            token=Visitor(coming.token, True).form_token,
            has_talk=visitor_of(request).is_known,
        )
        if not coming.is_known:
            set_cookie(request, response, NEXT, coming.token, seconds=NEXT_SECONDS, path="/resume")
        return response

    async def take(self, request: Request) -> Response:
        """Take a code: this browser has the conversation then, and the code is used up.

        The browser holds its new token before, so an answer that is lost is asked for again.
        """
        coming = visitor_of(request, NEXT)
        if not coming.is_known:
            return self._asking(request, 400, AGAIN)
        form = await _form_of(request, coming)
        code = code_in(str(form.get("code", "")))
        if code is None:
            return self._asking(request, 400, MISREAD)
        address = request.client.host if request.client else ""
        if not self._tries.spend(address) or not self._all_tries.spend(""):
            self._served.lanes.meters.refused("budget")
            return self._asking(request, 429, TOO_OFTEN)
        try:
            following, until = await self._resumed(code, coming.sender)
        except NoSuchCode:
            return self._asking(request, 400, WRONG)
        response = self._page(request, "chat/code", code=following, until=until, is_here=True)
        set_cookie(request, response, COOKIE, coming.token)
        response.delete_cookie(NEXT, path="/resume", httponly=True, samesite="lax")
        response.delete_cookie(LEFT, samesite="lax")
        return response

    async def _resumed(self, code: str, sender: str) -> tuple[str, str]:
        """Move the conversation and return the code for the next time."""
        following, now = new_code(), self._served.clock()
        used, kept = await self._hashed(code), await self._hashed(following)

        def job(work: SqlUnitOfWork) -> None:
            talk = resume_talk(work, used, sender, now)
            work.outbox.add([self._moved_word(talk, used, now)])
            issue_code(work, talk, kept, now)

        for _ in range(TRIES - 1):
            try:
                await self._submit(job)
                break
            except ConversationMovedOn:  # a turn of the old device was kept first
                continue
        else:
            await self._submit(job)
        return in_groups(following), _until(now)

    async def _hashed(self, code: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(hashed, code)

    def _moved_word(self, talk: Conversation, used: str, now: datetime) -> OutWord:
        text = self._served.renderer.reply("moved_here", {"at": now})
        return OutWord(
            talk.id, "moved_here", text, now, key=f"moved:{used}", state=OutboxState.SENT
        )

    async def _submit(self, job: Callable[[SqlUnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._served.writer.submit(job))

    def _page(self, request: Request, name: str, status: int = 200, **data: object) -> Response:
        return self._pages.page(name, status, is_large=reads_large(request), **data)


async def _form_of(request: Request, visitor: Visitor) -> FormData:
    """Return a form that one of our own pages sent from this browser."""
    form = await read_form(request, BODY_LIMIT, max_files=1)
    token = form.get("token", "")
    given = token if isinstance(token, str) else ""
    if not visitor.is_known or not is_same(given, visitor.form_token):
        raise fault(403)
    return form


def _until(now: datetime) -> str:
    last = now + VALID
    return f"{last.month}月{last.day}日"
