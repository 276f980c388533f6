"""Forms as browsers send them: in UTF-8, bounded, and never laid on the disk, which is unsealed."""

from __future__ import annotations

import re
import sys

from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.guards import BODY_SECONDS, fault, limited

MULTIPART, PLAIN = "multipart/form-data", "application/x-www-form-urlencoded"
# No browser names another one here, and a codec of the sender's choice is none of our business.
_OTHER_CHARSET = re.compile(r"charset(?!\s*=\s*\"?utf-8\"?\s*(?:;|$))", re.IGNORECASE)


class InMemory(MultiPartParser):
    """Keeps files in memory, however large; the body's own limit bounds them."""

    spool_max_size = sys.maxsize


async def read_form(
    request: Request,
    limit: int,
    *,
    max_fields: int = 8,
    max_files: int = 0,
    seconds: float = BODY_SECONDS,
) -> FormData:
    """Return a form of at most `limit` bytes; close it if it may hold files.

    Refuses with 400 what is none, 408 what is slow, 413 what is larger, 415 what is no form at all.
    """
    kind = request.headers.get("content-type", "")
    if _OTHER_CHARSET.search(kind):
        raise fault(415)
    body = limited(request, limit, seconds)
    parser: MultiPartParser | FormParser
    if kind.startswith(MULTIPART):
        parser = InMemory(body.headers, body.stream(), max_files=max_files, max_fields=max_fields)
    elif kind.startswith(PLAIN):
        parser = FormParser(body.headers, body.stream(), max_fields=max_fields)
    else:
        raise fault(415)
    try:
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise fault(400) from None
