"""Web chat: pages and JSON lines <-> Incoming / Reply, and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.channels.listening import MOVED, Listening, TooManyListeners
from bot.channels.opening import Channel
from bot.channels.web_words import Shown, as_wire, parts_of, shown, word_as_wire
from bot.channels.webchat_files import FILES_A_MINUTE, Files
from bot.channels.webchat_resume import WebResume
from bot.channels.webchat_visitor import (
    LARGE,
    LEFT,
    Visitor,
    forget,
    reads_large,
    remember,
    set_cookie,
    visitor_of,
)
from bot.guards import SAME_SITE, SENTENCES, Budget, fault, is_same, limited
from bot.lanes import Busy
from bot.messages import KINDS, SENT, TEXT_LIMIT, Attachment, Incoming, Taken
from bot.pages import Pages
from bot.served import Served
from domain.conversation import HeardMessage, OutWord
from domain.errors import TalkMovedAway
from domain.invitation import code_in
from domain.invitation import shown as shown_code
from storage.unit_of_work import SqlUnitOfWork

CHANNEL = "webchat"
BODY_LIMIT = 16_384  # bytes
CHOICE_LIMIT = 200  # characters
SHOWN_LIMIT = 300  # rows of a transcript on one page
MESSAGES_A_MINUTE = 30  # of one person
NEWCOMERS_A_MINUTE = 600  # from one address; a whole village may sit behind it
STREAMS_A_MINUTE = 30
NOTICE_CHOICES = ("consent:yes", "consent:no")
PERSON = "do:person"
T = TypeVar("T")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Talk:
    """What a page shows: the rows, whether a code may be asked for, whether the talk has left."""

    rows: Sequence[HeardMessage | OutWord] = ()
    may_move: bool = False
    has_left: bool = False


class WebChat:
    """The routes of the web chat."""

    def __init__(self, served: Served, pages: Pages, listening: Listening) -> None:
        self._served = served
        self._pages = pages
        self._listening = listening
        self._messages = Budget(MESSAGES_A_MINUTE)
        self._newcomers = Budget(NEWCOMERS_A_MINUTE)
        self._streams = Budget(STREAMS_A_MINUTE)
        self._sent = Budget(FILES_A_MINUTE)
        self._files = Files(served.evidence, CHANNEL)
        self._resume = WebResume(served, pages, CHANNEL)
        self._notice = parts_of(served.renderer.reply("notice", {}))
        self._notice_choices = tuple(served.renderer.choice(id_) for id_ in NOTICE_CHOICES)
        self._fixed = {id_: served.renderer.choice(id_)["label"] for id_ in (PERSON, *SENT)}

    def routes(self) -> list[BaseRoute]:
        """Return the routes, the busiest first."""
        return [
            Route("/chat/messages", self.take_json, methods=["POST"]),
            Route("/chat/files", self.take_file, methods=["POST"]),
            Route("/", self.show, methods=["GET"]),
            Route("/", self.take_form, methods=["POST"]),
            Route("/i/{code}", self.invited, methods=["GET"]),
            Route("/chat/stream", self.stream, methods=["GET"]),
            *self._resume.routes(),
            Route("/size", self.size, methods=["GET"]),
            Route("/weather", self.leave, methods=["GET"]),
        ]

    async def take_json(self, request: Request) -> Response:
        """Take {"id", "text" | "choice"}; answer {"replies": [...]} once the turn is committed."""
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise fault(415)
        visitor = visitor_of(request)
        incoming = _from_json(visitor, await limited(request, BODY_LIMIT).body())
        self._spend(visitor, request)
        return await self._answer(request, visitor, incoming)

    async def _answer(self, request: Request, visitor: Visitor, incoming: Incoming) -> Response:
        taken = await self._take(incoming)
        replies = [as_wire(r.id, r.text, r.choices, r.asks, r.case) for r in taken.replies]
        may_move = taken.may_move
        if taken.is_repeat:
            replies, may_move = await self._said_since(incoming, visitor)
        answer = JSONResponse({"replies": replies, "may_move": may_move})
        return remember(request, answer, visitor)

    async def _take(self, incoming: Incoming) -> Taken:
        """Take a message; what a device sends that the talk has left is refused."""
        try:
            return await self._served.lanes.take(incoming)
        except TalkMovedAway:
            raise fault(410) from None

    async def take_file(self, request: Request) -> Response:
        """Take a file as the whole body, `id` and `kind` in the query; answer as to a message."""
        if request.headers.get("content-type", "") != "application/octet-stream":
            raise fault(415)
        kind = request.query_params.get("kind", "")
        if kind not in KINDS:
            raise fault(400)
        visitor = visitor_of(request)
        message_id = _message_id(visitor, request.query_params.get("id"))
        self._spend(visitor, request)
        self._spend_file(visitor)
        sent = await self._files.from_body(request, visitor.sender, message_id, kind)
        return await self._answer(request, visitor, _sent(visitor, message_id, sent))

    def _spend_file(self, visitor: Visitor) -> None:
        if not visitor.is_known or not self._sent.spend(visitor.sender):
            raise fault(429 if visitor.is_known else 403)

    async def take_form(self, request: Request) -> Response:
        """Take the same from a form, for browsers without scripts; then show the page anew."""
        visitor = visitor_of(request)
        async with self._files.form(request, visitor.is_known) as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
            if visitor.is_known and not is_same(given.get("token", ""), visitor.form_token):
                raise fault(403)
            files = [f for f in form.getlist("file") if isinstance(f, UploadFile) and f.size]
            try:
                await self._take_fields(request, visitor, given)
                for place, file in enumerate(files):
                    await self._take_field_file(visitor, f"{given.get('id')}-{place}", file)
            except (HTTPException, Busy) as refusal:
                status = refusal.status_code if isinstance(refusal, HTTPException) else 503
                draft = given.get("text", "").strip()
                return await self._page(request, status, SENTENCES[status], draft)
        return remember(request, RedirectResponse("/#now", 303), visitor)

    async def _take_fields(
        self, request: Request, visitor: Visitor, given: Mapping[str, str]
    ) -> None:
        text, choice = given.get("text", "").strip(), given.get("choice", "")
        if text or choice:
            wanted = {"choice": choice} if choice else {"text": text}
            incoming = _incoming(visitor, {"id": given.get("id"), **wanted})
            self._spend(visitor, request)
            await self._take(incoming)

    async def _take_field_file(self, visitor: Visitor, id_: str, file: UploadFile) -> None:
        message_id = _message_id(visitor, id_)
        self._spend_file(visitor)
        sent = await self._files.from_field(file, visitor.sender, message_id)
        await self._take(_sent(visitor, message_id, sent))

    async def show(self, request: Request) -> Response:
        """Show the conversation so far; a fresh visitor sees the notice and nothing is kept."""
        return await self._page(request)

    async def invited(self, request: Request) -> Response:
        """Show the chat with an invitation's code in it, to be sent: a look uses up nothing."""
        code = code_in(request.path_params["code"])
        return await self._page(request, draft=shown_code(code) if code else "")

    async def _page(
        self, request: Request, status: int = 200, told: str = "", draft: str = ""
    ) -> Response:
        visitor = visitor_of(request)
        talk = await self._read(lambda work: _talk(work, visitor)) if visitor.is_known else Talk()
        rows = talk.rows
        if talk.has_left and not told:
            status, told = 410, SENTENCES[410]
        response = self._pages.page(
            "chat/page",
            status,
            is_known=bool(rows),
            is_large=reads_large(request),
            entries=self._entries(rows),
            fault=told,
            draft=draft,
            message_id=secrets.token_hex(16),
            token=visitor.form_token,
            limit=TEXT_LIMIT,
            may_move=talk.may_move,
        )
        if talk.has_left or LEFT in request.cookies:
            forget(response)
        return response

    def _entries(self, rows: Sequence[HeardMessage | OutWord]) -> list[Shown]:
        entries = shown(rows, self._fixed)
        if any(isinstance(row, OutWord) and row.template == "notice" for row in rows):
            return entries
        return [Shown(True, self._notice, choices=() if rows else self._notice_choices), *entries]

    async def stream(self, request: Request) -> Response:
        """Send words that come later as server-sent events, beginning after number `after`."""
        visitor = visitor_of(request)
        if not visitor.is_known:
            return Response(status_code=204)  # tells the browser not to come again
        if not self._streams.spend(visitor.sender):
            raise fault(429)
        conversation_id, has_left = await self._read(lambda work: _listened(work, visitor))
        if conversation_id is None:
            return _events(_moved()) if has_left else Response(status_code=204)
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        number = int(after) if after.isdecimal() and len(after) < 19 else 0
        try:
            events = self._listening.open(conversation_id, visitor.sender, number)
        except TooManyListeners:
            raise fault(503) from None
        return _events(events)

    async def size(self, request: Request) -> Response:
        """Remember whether this browser wants large letters, then show the page so."""
        response = RedirectResponse("/#now", 303)
        if _is_ours(request):
            value = "1" if request.query_params.get("large") == "1" else "0"
            set_cookie(request, response, LARGE, value, httponly=False)
        return response

    async def leave(self, request: Request) -> Response:
        """Show a page about nothing and forget the visitor: this browser shows the talk no more."""
        response = self._pages.page("chat/weather", day=self._served.clock().date())
        if _is_ours(request):
            forget(response)
            response.delete_cookie(LARGE, samesite="lax")
        return response

    async def _said_since(
        self, incoming: Incoming, visitor: Visitor
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return the words after a message that was taken before, so that nothing is missed."""
        talk = await self._read(lambda work: _talk(work, visitor))
        places = [
            place
            for place, row in enumerate(talk.rows)
            if isinstance(row, HeardMessage) and row.message_id == incoming.message_id
        ]
        following = talk.rows[places[-1] + 1 :] if places else talk.rows
        return [word_as_wire(row) for row in following if isinstance(row, OutWord)], talk.may_move

    def _spend(self, visitor: Visitor, request: Request) -> None:
        """Refuse whoever writes faster than a person can."""
        if visitor.is_known:
            has_left = self._messages.spend(visitor.sender)
        else:
            has_left = self._newcomers.spend(request.client.host if request.client else "")
        if not has_left:
            self._served.lanes.meters.refused("budget")
            raise fault(429)

    async def _read(self, job: Callable[[SqlUnitOfWork], T]) -> T:
        return await asyncio.to_thread(self._served.writer.read, job)


def _is_ours(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "none") in SAME_SITE


def _from_json(visitor: Visitor, body: bytes) -> Incoming:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise fault(400) from None
    if not isinstance(data, dict):
        raise fault(400)
    return _incoming(visitor, data)


def _incoming(visitor: Visitor, data: dict[str, Any]) -> Incoming:
    """Check a message; its id counts within this sender alone, so nobody can take another's."""
    text, choice = data.get("text"), data.get("choice")
    if (text is None) == (choice is None):
        raise fault(400)
    if choice is not None and not (isinstance(choice, str) and 0 < len(choice) <= CHOICE_LIMIT):
        raise fault(400)
    if text is not None and not (isinstance(text, str) and text.strip()):
        raise fault(400)
    message_id = _message_id(visitor, data.get("id"))
    return Incoming(CHANNEL, visitor.sender, message_id, text=_whole(text), choice=_whole(choice))


def _message_id(visitor: Visitor, id_: object) -> str:
    if not isinstance(id_, str) or not _MESSAGE_ID.fullmatch(id_):
        raise fault(400)
    return f"{visitor.sender}:{id_}"


def _sent(visitor: Visitor, message_id: str, attachment: Attachment) -> Incoming:
    return Incoming(CHANNEL, visitor.sender, message_id, attachment=attachment)


def _whole(text: str | None) -> str | None:
    """Replace half characters, which JSON can carry and nothing after it can."""
    return text.encode("utf-8", "replace").decode() if text is not None else None


def _events(events: AsyncIterator[bytes]) -> Response:
    unbuffered = {"x-accel-buffering": "no"}  # or nginx holds words back
    return StreamingResponse(events, media_type="text/event-stream", headers=unbuffered)


async def _moved() -> AsyncIterator[bytes]:
    yield MOVED


def _listened(work: SqlUnitOfWork, visitor: Visitor) -> tuple[str | None, bool]:
    """Return the visitor's conversation, or whether another device has taken it up."""
    conversation = work.conversations.get(CHANNEL, visitor.sender)
    if conversation is not None:
        return conversation.id, False
    return None, work.resume_codes.has_left(visitor.sender)


def _talk(work: SqlUnitOfWork, visitor: Visitor) -> Talk:
    conversation = work.conversations.get(CHANNEL, visitor.sender)
    if conversation is None:
        return Talk(has_left=work.resume_codes.has_left(visitor.sender))
    rows = work.pages.transcript(conversation.id)[-SHOWN_LIMIT:]
    return Talk(rows, conversation.may_move)


def channel(served: Served) -> Channel:
    """Return the web chat, which is always on."""
    listening = Listening(served.writer.read)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        yield
        listening.close()

    routes = WebChat(served, Pages(), listening).routes()
    return Channel(routes, running, lambda: len(listening))
