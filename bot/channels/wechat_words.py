"""How a word looks on WeChat, which has no buttons: choices are lines, marked to be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.messages import as_line

TEXT_BYTES = 2048  # of one text message, in UTF-8

Choices = Sequence[Mapping[str, str]]


def as_text(text: str, choices: Choices, is_last: bool = True) -> str:
    """Return a word with its choices below, with their marks unless a later word offers others."""
    return "\n".join([text, *(as_line(choice, is_last) for choice in choices)])


def size(text: str) -> int:
    """Return the length in bytes, as WeChat counts it."""
    return len(text.encode())


def parts(text: str, limit: int = TEXT_BYTES) -> list[str]:
    """Split what is too long for one message, between lines where that is possible.

    >>> parts("一二三\\n四五", 10)
    ['一二三', '四五']
    >>> parts("一二三四五", 10)
    ['一二三', '四五']
    """
    found = [""]
    for line in text.split("\n"):
        for piece in _pieces(line, limit):
            joined = f"{found[-1]}\n{piece}" if found[-1] else piece
            if size(joined) <= limit:
                found[-1] = joined
            else:
                found.append(piece)
    return found


def _pieces(line: str, limit: int) -> list[str]:
    pieces = []
    while size(line) > limit:
        head = line.encode()[:limit].decode(errors="ignore")
        pieces.append(head)
        line = line[len(head) :]
    return [*pieces, line]
