"""The console's pages for people who are signed in."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.admin.access import Access, NotSignedIn, NotThere
from bot.admin.door import Doorway
from bot.admin.labels import EVERYTHING
from bot.admin.sign_in import Visit
from bot.admin.teaching import NotTaught, Teaching
from bot.channels import CHANNELS
from bot.guards import fault
from bot.inviting import address_of, invitation_text, picture_of
from bot.messages import SENT
from bot.pages import Pages
from bot.served import Served
from domain.calendar import LOCAL
from domain.case import Stage
from domain.conversation import OutWord
from domain.errors import (
    ContactNotAgreed,
    InvitationNotSafe,
    NoSuchCase,
    StageNotReachable,
)
from domain.invitation import shown
from domain.session import SessionBooking
from nlu.interpreter import FLAGS
from storage.pages import ConversationFilter
from storage.sealing import NotOurs

SUFFIXES = {
    "image/jpeg": "jpg",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
}
SANDBOX = {"content-security-policy": "sandbox; default-src 'none'"}

log = logging.getLogger(__name__)
T = TypeVar("T")
Page = Callable[[Request, Visit], Awaitable[Response]]


class ShortNumber(IntegerConvertor):
    """A number that every database can hold; in an address, what is longer leads nowhere."""

    regex = "[0-9]{1,15}"


register_url_convertor("number", ShortNumber())


class Console:
    """The routes below /console."""

    def __init__(self, served: Served, pages: Pages) -> None:
        self._served = served
        self._pages = pages
        self._access = Access(served.writer, served.clock)
        self._doorway = Doorway(served, pages, self._access)
        self._teaching = Teaching(served, self._access)
        self._types = {name: sheet.short for name, sheet in served.catalogue.sheets.items()}

    def announce(self) -> None:
        """Print the one-time set-up code where no password is set yet."""
        self._doorway.announce()

    def routes(self) -> list[BaseRoute]:
        """Return the routes; all but the doorway are for people who are signed in."""
        return [
            *self._doorway.routes(),
            Route("/", self._signed_in(self._home)),
            Route("/conversations", self._signed_in(self._conversations)),
            Route("/conversations/{id}", self._signed_in(self._transcript)),
            Route("/conversations/{id}/teach", self._signed_in(self._lesson)),
            Route("/conversations/{id}/teach", self._signed_in(self._teach), methods=["POST"]),
            Route("/review", self._signed_in(self._review)),
            Route("/evidence/{id}", self._signed_in(self._evidence)),
            Route("/cases/{number:number}", self._signed_in(self._case)),
            Route("/find", self._signed_in(self._find), methods=["POST"]),
            Route("/sessions", self._signed_in(self._sessions)),
            Route(
                "/cases/{number:number}/invitation", self._signed_in(self._invite), methods=["POST"]
            ),
            Route("/tasks", self._signed_in(self._tasks)),
            Route("/tasks/{id:number}/done", self._signed_in(self._done), methods=["POST"]),
            Route("/audit", self._signed_in(self._audit)),
        ]

    def _signed_in(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Let a page be seen with a session alone; each look keeps the session awake."""

        async def guarded(request: Request) -> Response:
            visit = self._doorway.visit(request)
            if visit is None or not visit.is_signed_in:
                return RedirectResponse("/console/sign-in", 303)
            if "\0" in request.scope["path"]:
                raise fault(404)  # PostgreSQL takes no such text
            try:
                response = await page(request, visit)
            except NotSignedIn:
                return RedirectResponse("/console/sign-in", 303)
            except (NotThere, NoSuchCase):
                raise fault(404) from None
            return self._doorway.remember(request, response, visit)

        return guarded

    def _page(self, name: str, visit: Visit, **data: Any) -> Response:
        data |= {"visit": visit, "token": self._doorway.token(visit), "types": self._types}
        data |= {"now": self._served.clock(), "labels": EVERYTHING}
        return self._pages.page(f"admin/{name}", **data)

    async def _home(self, _request: Request, _visit: Visit) -> Response:
        return RedirectResponse("/console/conversations", 303)

    async def _conversations(self, request: Request, visit: Visit) -> Response:
        given = {
            name: value
            for name in ("type", "flag", "stage", "held", "channel")
            if (value := request.query_params.get(name))
        }
        wanted = self._filter(given)
        page = _whole(request.query_params.get("page", "1"))
        found = await _aside(lambda: self._access.conversations(visit, wanted, page))
        return self._page(
            "conversations",
            visit,
            lines=found.lines,
            given=given,
            newer=f"?{urlencode(given | {'page': page - 1})}" if page > 1 else "",
            older=f"?{urlencode(given | {'page': page + 1})}" if found.has_more else "",
        )

    def _filter(self, given: dict[str, str]) -> ConversationFilter:
        """Return the filter of a query; what is not known is left out."""
        stages = {stage.value for stage in Stage}
        held = {"yes": True, "no": False}.get(given.get("held", ""))
        return ConversationFilter(
            dispute_type=given.get("type") if given.get("type") in self._types else None,
            flag=given.get("flag") if given.get("flag") in FLAGS else None,
            stage=Stage(given["stage"]) if given.get("stage") in stages else None,
            is_held=held,
            channel=given.get("channel") if given.get("channel") in CHANNELS else None,
        )

    async def _transcript(self, request: Request, visit: Visit) -> Response:
        id_, number = request.path_params["id"], _number(request.query_params.get("case", ""))
        found = await _aside(lambda: self._access.transcript(visit, id_, number))
        words = [row for row in found.rows if isinstance(row, OutWord)]
        names = {choice["id"]: choice["label"] for word in words for choice in word.choices}
        names |= {id_: self._served.renderer.choice(id_)["label"] for id_ in SENT}
        sheet = self._served.catalogue.sheet(found.case.dispute_type) if found.case else None
        facts = {fact.name: fact.label for fact in sheet.facts} if sheet else {}
        return self._page("transcript", visit, found=found, names=names, facts=facts)

    async def _lesson(self, request: Request, visit: Visit) -> Response:
        id_, message = request.path_params["id"], request.query_params.get("message", "")
        lesson = await self._teaching.lesson(visit, id_, message)
        return self._page("lesson", visit, lesson=lesson, told="")

    async def _teach(self, request: Request, visit: Visit) -> Response:
        given = await self._doorway.form(request, visit)
        id_ = request.path_params["id"]
        lesson = await self._teaching.lesson(visit, id_, given.get("message", ""))
        try:
            await self._teaching.keep(visit, lesson, given)
        except NotTaught as why:
            return self._page("lesson", visit, lesson=lesson, told=str(why))
        return RedirectResponse("/console/review", 303)

    async def _review(self, _request: Request, visit: Visit) -> Response:
        return self._page("review", visit, waiting=await self._teaching.waiting())

    async def _evidence(self, request: Request, visit: Visit) -> Response:
        """Hand a file out to be saved; no browser may show or run it as a page of ours."""
        id_ = request.path_params["id"]
        row, name = await _aside(lambda: self._access.evidence(visit, id_))
        try:
            data = await _aside(lambda: self._served.evidence.files.read(id_))
        except (FileNotFoundError, NotOurs):
            log.exception("evidence of conversation %s cannot be read", row.conversation_id)
            raise fault(404) from None
        file_name = f"{name}.{SUFFIXES[row.media]}"
        headers = {"content-disposition": f'attachment; filename="{file_name}"'} | SANDBOX
        return Response(data, media_type=row.media, headers=headers)

    async def _case(self, request: Request, visit: Visit) -> Response:
        number = request.path_params["number"]
        id_ = await _aside(lambda: self._access.conversation_of_case(visit, number))
        return RedirectResponse(f"/console/conversations/{id_}?case={number}", 303)

    async def _invite(self, request: Request, visit: Visit) -> Response:
        """Make an invitation and show it for printing; its code is shown this once."""
        await self._doorway.form(request, visit)
        number = request.path_params["number"]
        try:
            issued = await _aside(lambda: self._access.invite(visit, number))
        except (InvitationNotSafe, ContactNotAgreed, StageNotReachable) as refusal:
            return self._page("invitation", visit, number=number, why=type(refusal).__name__)
        site = str(request.base_url)
        text, address = (
            invitation_text(self._served.renderer, issued, site),
            address_of(issued, site),
        )
        shown_as = {
            "lines": text.splitlines(),
            "code": shown(issued.code),
            "address": address,
            "picture": picture_of(address),
        }
        return self._page("invitation", visit, number=number, why="", **shown_as)

    async def _find(self, request: Request, visit: Visit) -> Response:
        """Find cases by number or by a party's phone, which come in no address."""
        given = (await self._doorway.form(request, visit)).get("wanted", "")
        numbers = await _aside(lambda: self._access.find(visit, given))
        if len(numbers) == 1:
            return RedirectResponse(f"/console/cases/{numbers[0]}", 303)
        return self._page("found", visit, numbers=numbers)

    async def _sessions(self, request: Request, visit: Visit) -> Response:
        today = self._served.clock().astimezone(LOCAL).date()
        day = _day(request.query_params.get("day", ""), today)
        found = await _aside(lambda: self._access.day(visit, day))
        return self._page(
            "sessions",
            visit,
            sessions=found.sessions,
            shown_day=day,
            today=today,
            before=day - timedelta(days=1),
            after=day + timedelta(days=1),
            clock=_clock,
        )

    async def _tasks(self, _request: Request, visit: Visit) -> Response:
        tasks = await _aside(lambda: self._access.open_tasks(visit))
        return self._page("tasks", visit, open_tasks=tasks)

    async def _done(self, request: Request, visit: Visit) -> Response:
        await self._doorway.form(request, visit)
        id_ = request.path_params["id"]
        await _aside(lambda: self._access.close_task(visit, id_))
        return RedirectResponse("/console/tasks", 303)

    async def _audit(self, _request: Request, visit: Visit) -> Response:
        lines = await _aside(lambda: self._access.audit(visit))
        return self._page("audit", visit, lines=lines)


async def _aside(job: Callable[[], T]) -> T:
    """Do what waits for the database in a worker thread."""
    return await asyncio.to_thread(job)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(ShortNumber.regex, text) else None


def _whole(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if abs((day - otherwise).days) < 3660 else otherwise


def _clock(booking: SessionBooking) -> str:
    begins, ends = (at.astimezone(LOCAL) for at in (booking.starts_at, booking.ends_at))
    return f"{begins:%H:%M}–{ends:%H:%M}"
