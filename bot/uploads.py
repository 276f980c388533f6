"""The page behind a one-time link: one file into one conversation, without account or script."""

from __future__ import annotations

import asyncio

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.webchat_visitor import reads_large
from bot.evidence.exhibit import LIMIT
from bot.forms import MULTIPART, read_form
from bot.guards import Budget, fault
from bot.messages import Attachment, Incoming
from bot.pages import Pages
from bot.served import Served
from bot.upload_links import PATH, UploadLink, UploadLinks
from domain.conversation import Conversation
from storage.unit_of_work import SqlUnitOfWork

FETCH_SECONDS = 180.0  # a photo over a bad line
BODY_LIMIT = LIMIT + 65_536  # bytes: the file and the form around it
OVER = "这个链接已经用过，或者过期了。请回到聊天里再要一个。"
VISITS_A_MINUTE = 60  # from one address


class Uploads:
    """The route of the links; none where no public address is set."""

    def __init__(self, served: Served, pages: Pages, links: UploadLinks | None) -> None:
        self._served = served
        self._pages = pages
        self._links = links
        self._visits = Budget(VISITS_A_MINUTE)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        if self._links is None:
            return []
        path = PATH + "{token}"
        return [
            Route(path, self.show, methods=["GET"]),
            Route(path, self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the form."""
        return self._page(request) if await self._link(request) else self._over()

    async def take(self, request: Request) -> Response:
        """Take the file; what it led to is said here and in the conversation."""
        found = await self._link(request)
        if found is None:
            return self._over()
        link, conversation = found
        data = await read_file(request)
        if not data:
            return self._page(request, "请先选一个文件。", 400)
        origin = (conversation.channel, conversation.sender, link.message_id)

        async def at_hand() -> bytes:
            return data

        sent = await self._served.evidence.receive(origin, "file", at_hand)
        if sent.refused is not None:  # the link is still good
            return self._page(request, self._refusal(sent), 400)
        taken = await self._served.lanes.take(Incoming(*origin, attachment=sent))
        if taken.is_repeat:
            return self._over()
        told = taken.replies[0].text if taken.replies else ""
        return self._page(request, told, is_done=True)

    async def _link(self, request: Request) -> tuple[UploadLink, Conversation] | None:
        """Return the link of the request and its conversation; None where it is no longer good."""
        if not self._visits.spend(request.client.host if request.client else ""):
            raise fault(429)
        token, now = request.path_params["token"], self._served.clock()
        link = self._links.read(token, now) if self._links else None
        if link is None:
            return None
        found = await asyncio.to_thread(self._served.writer.read, lambda work: _open(work, link))
        return (link, found) if found is not None else None

    def _over(self) -> Response:
        return self._pages.page("chat/fault", 410, sentence=OVER, back="/")

    def _refusal(self, sent: Attachment) -> str:
        words = {"kind": sent.kind, "why": sent.refused}
        return self._served.renderer.reply("evidence_refused", words)

    def _page(
        self, request: Request, told: str = "", status: int = 200, is_done: bool = False
    ) -> Response:
        words = {"told": told, "is_done": is_done, "is_large": reads_large(request)}
        return self._pages.page("chat/upload", status, **words)


def _open(work: SqlUnitOfWork, link: UploadLink) -> Conversation | None:
    """Return the conversation of a link that was not used yet."""
    conversation = work.conversations.by_id(link.conversation_id)
    if conversation is None:
        return None
    was_used = work.pages.was_heard(conversation.channel, link.message_id)
    return None if was_used else conversation


async def read_file(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Return the file of a form, held in memory alone; empty where none was chosen.

    Refuses with 413 what is larger, with 400 what is no form with one file.
    """
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        raise fault(415)
    form = await read_form(request, limit, max_fields=4, max_files=1, seconds=FETCH_SECONDS)
    file = next((each for each in form.values() if isinstance(each, UploadFile)), None)
    try:
        return await file.read() if file is not None else b""
    finally:
        await form.close()
