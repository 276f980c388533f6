"""Files from the web chat: the body of a request, or a field of its form -> Attachment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect, Request

from bot.evidence.desk import EvidenceDesk, NotFetched
from bot.evidence.exhibit import LIMIT
from bot.forms import MULTIPART, read_form
from bot.guards import fault, limited
from bot.messages import Attachment

FORM_LIMIT = 16_384  # bytes of a form without a file
FILES_A_MINUTE = 10  # of one person
FORMS_AT_ONCE = 8  # with a file, each up to LIMIT in memory
FETCH_SECONDS = 180.0  # a photo over a bad line; who is slower is asked to send again
T = TypeVar("T")


class Files:
    """Takes files for one channel."""

    def __init__(self, desk: EvidenceDesk, channel: str) -> None:
        self._desk = desk
        self._channel = channel
        self._forms = 0

    async def from_body(
        self, request: Request, sender: str, message_id: str, kind: str
    ) -> Attachment:
        """Return what became of the file that is the request's whole body."""
        body = limited(request, LIMIT, 2 * FETCH_SECONDS).body
        is_fetched = False

        async def fetch() -> bytes:
            nonlocal is_fetched
            is_fetched = True
            return await _in_time(body)

        attachment = await self._desk.receive((self._channel, sender, message_id), kind, fetch)
        if not is_fetched:  # read it all the same, or the browser never reads our answer
            await _in_time(body)
        return attachment

    async def from_field(self, file: UploadFile, sender: str, message_id: str) -> Attachment:
        """Return what became of the file in a form."""
        media = (file.content_type or "").partition("/")[0]
        kind = {"image": "photo", "audio": "voice", "video": "video"}.get(media, "file")
        origin = (self._channel, sender, message_id)
        return await self._desk.receive(origin, kind, file.read, file.size)

    @asynccontextmanager
    async def form(self, request: Request, may_hold_files: bool) -> AsyncIterator[FormData]:
        """Give the fields of a form; one with a file only where files may come now."""
        announced = request.headers.get("content-length", "0")
        is_large = not announced.isdecimal() or int(announced) > FORM_LIMIT
        if is_large and (not may_hold_files or self._forms >= FORMS_AT_ONCE):
            raise fault(503 if may_hold_files else 413)
        self._forms += is_large
        try:
            form = await _in_time(lambda: _parsed(request))
            try:
                yield form
            finally:
                await form.close()
        except NotFetched:
            raise fault(503) from None
        finally:
            self._forms -= is_large


async def _parsed(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        return await read_form(request, FORM_LIMIT)
    return await read_form(request, LIMIT + FORM_LIMIT, max_files=2, seconds=2 * FETCH_SECONDS)


async def _in_time(read: Callable[[], Awaitable[T]]) -> T:
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await read()
    except (TimeoutError, ClientDisconnect):
        raise NotFetched from None
