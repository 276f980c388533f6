"""How a word looks on WeChat, which has no buttons: choices are lines, numbered to be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TEXT_BYTES = 2048  # of one text message, in UTF-8
NUMBERED = 2  # from so many choices on
SAFE = "do:safe"  # a choice under a safety hold, where a bare number is never read as one

Choices = Sequence[Mapping[str, str]]


def as_text(text: str, choices: Choices, is_last: bool = True) -> str:
    """Return a word with its choices below.

    They are numbered where the dialogue takes a number for a choice: not if a later word offers
    others, nor where the answer may itself be a number.
    """
    numbers = is_last and _are_numbers_choices(choices)
    lines = [
        f"{number}. {choice['label']}" if numbers else f"· {choice['label']}"
        for number, choice in enumerate(choices, 1)
    ]
    return "\n".join([text, *lines])


def _are_numbers_choices(choices: Choices) -> bool:
    ids = [choice["id"] for choice in choices]
    answers = sum(id_.startswith("fact:") for id_ in ids)
    return len(ids) >= NUMBERED and answers != 1 and SAFE not in ids


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
