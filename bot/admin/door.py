"""The way in and out of the console: set-up with a one-time code, sign-in, sign-out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.admin.access import Access
from bot.admin.password import (
    SETTING,
    SHORTEST,
    PasswordTooWeak,
    SetUpCode,
    check_new,
    fits,
    hashed,
)
from bot.admin.sign_in import ABSOLUTE, COOKIE, Visit, Visits, load_key
from bot.forms import read_form
from bot.guards import Budget, fault
from bot.pages import Pages
from bot.served import Served
from storage.unit_of_work import SqlUnitOfWork

BODY_LIMIT = 8_192  # bytes
NAME_LIMIT = 30  # characters
FIELDS_LIMIT = 16
ATTEMPTS_A_MINUTE = 5
HASHES_AT_ONCE = 2  # each takes 64 MB

TOO_MANY = "试的次数太多了，请等一分钟再试。"
WRONG_CODE = "设置码不对：请看启动程序的终端窗口，照着输入。"
NOT_FITTING = "密码不对，请再试一次。"
NO_NAME = "请写上你的姓名：谁看过谈话要有记录。"

log = logging.getLogger(__name__)


class Doorway:
    """Knows who is signed in; everything that needs no session stands here."""

    def __init__(self, served: Served, pages: Pages, access: Access) -> None:
        self._served = served
        self._pages = pages
        self._access = access
        self._visits = Visits(load_key(served.settings.data), served.clock)
        self._attempts = Budget(ATTEMPTS_A_MINUTE)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._code = SetUpCode()

    def announce(self) -> None:
        """Print the one-time set-up code where no password is set yet."""
        if self._served.writer.read(_kept_hash) is None:
            log.warning(
                "the console has no password yet: open /console/setup and use this code: %s",
                self._code.shown,
            )

    def routes(self) -> list[BaseRoute]:
        """Return the routes that need no session."""
        return [
            Route("/setup", self._show_set_up),
            Route("/setup", self._set_up, methods=["POST"]),
            Route("/sign-in", self._show_sign_in),
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
        ]

    def visit(self, request: Request) -> Visit | None:
        """Return the visit of this browser, signed in or not; None if it has none."""
        return self._visits.read(request.cookies.get(COOKIE))

    def token(self, visit: Visit) -> str:
        """Return the token that each form of this visit carries."""
        return self._visits.token(visit)

    def remember(self, request: Request, response: Response, visit: Visit) -> Response:
        """Put the visit, seen just now, into the browser's cookie."""
        response.set_cookie(
            COOKIE,
            self._visits.cookie(visit),
            max_age=int(ABSOLUTE.total_seconds()),
            path="/console",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    async def form(self, request: Request, visit: Visit | None) -> Mapping[str, str]:
        """Return the fields of a form that one of this visit's pages sent; else refuse with 403."""
        form = await read_form(request, BODY_LIMIT, max_fields=FIELDS_LIMIT)
        given = {name: value for name, value in form.items() if isinstance(value, str)}
        if visit is None or not self._visits.is_token(visit, given.get("token", "")):
            raise fault(403)
        return given

    async def _show_set_up(self, request: Request) -> Response:
        if await self._hash() is not None:
            return RedirectResponse("/console/sign-in", 303)
        return self._at_the_door(request, "set_up")

    async def _set_up(self, request: Request) -> Response:
        given = await self.form(request, self.visit(request))
        if await self._hash() is not None:
            return RedirectResponse("/console/sign-in", 303)
        if not self._attempts.spend(_address(request)):
            return self._at_the_door(request, "set_up", TOO_MANY, 429)
        if not self._code.opens(given.get("code", "")):
            return self._at_the_door(request, "set_up", WRONG_CODE, 403)
        try:
            check_new(given.get("password", ""), given.get("again", ""))
        except PasswordTooWeak as why:
            return self._at_the_door(request, "set_up", str(why), 400)
        self._code.use_up()
        async with self._hashing:
            hash_ = await asyncio.to_thread(hashed, given["password"])
        await asyncio.wrap_future(
            self._served.writer.submit(lambda work: work.settings.put(SETTING, hash_))
        )
        await asyncio.to_thread(self._access.note, "", "set_up")
        return RedirectResponse("/console/sign-in", 303)

    async def _show_sign_in(self, request: Request) -> Response:
        if await self._hash() is None:
            return RedirectResponse("/console/setup", 303)
        visit = self.visit(request)
        if visit is not None and visit.is_signed_in:
            return RedirectResponse("/console/conversations", 303)
        return self._at_the_door(request, "sign_in")

    async def _sign_in(self, request: Request) -> Response:
        before = self.visit(request)
        given = await self.form(request, before)
        who = given.get("who", "").strip()[:NAME_LIMIT]
        if not who:
            return self._at_the_door(request, "sign_in", NO_NAME, 400)
        if not self._attempts.spend(_address(request)):
            return self._at_the_door(request, "sign_in", TOO_MANY, 429)
        if not await self._fits(given.get("password", "")):
            await asyncio.to_thread(self._access.note, who, "sign_in_failed")
            return self._at_the_door(request, "sign_in", NOT_FITTING, 403)
        if before is not None:
            self._visits.end(before)  # the id from before the sign-in is worth nothing after it
        await asyncio.to_thread(self._access.note, who, "sign_in")
        response = RedirectResponse("/console/conversations", 303)
        return self.remember(request, response, self._visits.begin(who))

    async def _fits(self, password: str) -> bool:
        hash_ = await self._hash()
        if hash_ is None:
            return False
        async with self._hashing:
            return await asyncio.to_thread(fits, password, hash_)

    async def _sign_out(self, request: Request) -> Response:
        visit = self.visit(request)
        await self.form(request, visit)
        if visit is not None:
            self._visits.end(visit)
            await asyncio.to_thread(self._access.note, visit.who, "sign_out")
        response = RedirectResponse("/console/sign-in", 303)
        response.delete_cookie(COOKIE, path="/console", httponly=True, samesite="strict")
        return response

    async def _hash(self) -> str | None:
        return await asyncio.to_thread(self._served.writer.read, _kept_hash)

    def _at_the_door(
        self, request: Request, page: str, told: str = "", status: int = 200
    ) -> Response:
        """Show a page without a session; its form is bound to a visit that is nobody's."""
        visit = self.visit(request)
        if visit is None or visit.is_signed_in:
            visit = self._visits.begin()
        response = self._pages.page(
            f"admin/{page}", status, told=told, token=self.token(visit), shortest=SHORTEST
        )
        return self.remember(request, response, visit)


def _kept_hash(work: SqlUnitOfWork) -> str | None:
    return work.settings.get(SETTING)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
