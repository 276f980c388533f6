"""What is left of a file once it was inspected, and the reason where nothing is."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT = 10 * 1024 * 1024  # bytes of one file, as it comes and as it is kept


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A file made anew from what came: `kind` is photo, file or voice, `media` its MIME type."""

    kind: str
    media: str
    data: bytes


class NotTaken(Exception):
    """A file that is not kept; `why` is one of `bot.messages.REFUSALS`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
