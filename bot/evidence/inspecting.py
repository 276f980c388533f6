"""Inspects a file by its content alone: its name and its claimed type count for nothing."""

from __future__ import annotations

from collections.abc import Callable

from bot.evidence.exhibit import LIMIT, Exhibit, NotTaken
from bot.evidence.sounds import maker_of

Maker = Callable[[bytes], Exhibit]


def inspect(data: bytes) -> Exhibit:
    """Return the file made anew without anything but what is seen or heard.

    Refuses with NotTaken: too_large, broken, or not_taken for everything that is no photo, PDF or
    sound. To be called in a process of its own (see `apart`): a hostile file may cost memory and
    time before it fails.
    """
    if len(data) > LIMIT:
        raise NotTaken("too_large")
    maker = _maker_of(data)
    if maker is None:
        raise NotTaken("not_taken")
    try:
        exhibit = maker(data)
    except NotTaken:
        raise
    except Exception as fault:  # whatever a damaged file does to the libraries
        raise NotTaken("broken") from fault
    if len(exhibit.data) > LIMIT:
        raise NotTaken("too_large")
    return exhibit


def _maker_of(data: bytes) -> Maker | None:
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if is_webp or data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        from bot.evidence.pictures import picture  # noqa: PLC0415 - 0.1 s that no other file needs

        return picture
    if data.startswith(b"%PDF-"):
        from bot.evidence.papers import paper  # noqa: PLC0415 - 0.2 s, the same

        return paper
    return maker_of(data)
