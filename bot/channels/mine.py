"""The page behind a one-time link: all that is kept of one person, to read and to take away."""

from __future__ import annotations

import asyncio
import base64
import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.admin.labels import EVERYTHING
from bot.channels.webchat_visitor import reads_large
from bot.guards import Budget, fault
from bot.own_info import as_data, open_link
from bot.pages import Pages
from bot.served import Served
from domain.services.privacy import OwnInfo
from storage.audit import AuditLine
from storage.unit_of_work import SqlUnitOfWork

TRIES_A_MINUTE = 20  # from one address
SELF = "本人"


class Mine:
    """The routes below /mine. Opening the page asks once more: messengers look into links."""

    def __init__(self, served: Served, pages: Pages) -> None:
        self._served = served
        self._pages = pages
        self._tries = Budget(TRIES_A_MINUTE)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/mine/{code}", self.ask, methods=["GET"]),
            Route("/mine/{code}", self.show, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Show the button that opens it; nothing is looked up and nothing used up yet."""
        return self._pages.page("chat/mine_ask", is_large=reads_large(request))

    async def show(self, request: Request) -> Response:
        """Show everything, once; a code that leads nowhere is no page."""
        if not self._tries.spend(request.client.host if request.client else ""):
            raise fault(429)
        found = await asyncio.to_thread(self._open, request.path_params["code"])
        if found is None:
            raise fault(404)
        data = as_data(found, self._served.catalogue, self._served.renderer)
        packed = json.dumps(data, ensure_ascii=False, indent=1).encode()
        file = base64.b64encode(packed).decode()
        return self._pages.page(
            "chat/mine",
            info=found,
            data=data,
            file=file,
            labels=EVERYTHING,
            is_large=reads_large(request),
        )

    def _open(self, code: str) -> OwnInfo | None:
        now = self._served.clock()

        def job(work: SqlUnitOfWork) -> OwnInfo | None:
            found = open_link(work, code, now)
            if found is not None:
                work.audit.add(AuditLine(now, SELF, "own_info", found.conversation.id))
            return found

        return self._served.writer.submit(job).result()
