"""What a web page shows of a transcript: whose words, numbers to tap, and the choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.messages import buttons
from domain.conversation import HeardMessage, OutWord

HELP_NUMBERS = ("110", "119", "120", "122", "12345", "12348", "12338", "12355", "12356")
# Only as a number of its own: not inside a sum, a date, a clock or a longer number.
_NUMBER = re.compile(
    rf"(?<![\d,.:：\-])({'|'.join(HELP_NUMBERS)})(?![\d,:：\-元块万亩人年月号]|\.\d)"
)
_OWN_PAGE = re.compile(r"(?:https?://[^\s/]+)?(/mine/[A-Za-z0-9_-]{22})")
_TAPPED = re.compile(rf"{_NUMBER.pattern}|((?:https?://[^\s/]+)?/mine/[A-Za-z0-9_-]{{22}})")
UNKEPT = "（同意之前，你写的话不保存）"
CHOICE = "（点了一个按钮）"
ANSWERED = {"consent_thanks": "同意", "no_consent": "不同意"}

Part = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One bubble. Ours has parts and choices; theirs is the text alone."""

    is_ours: bool
    parts: tuple[Part, ...] = ()
    text: str = ""
    choices: tuple[Mapping[str, str], ...] = ()
    id: int = 0
    is_unkept: bool = False


def parts_of(text: str) -> tuple[Part, ...]:
    """Split words of ours so that each help number, and a link to one's own info, can be tapped.

    >>> parts_of("请打110。")
    ({'text': '请打'}, {'text': '110', 'phone': '110'}, {'text': '。'})
    >>> parts_of("共110元")
    ({'text': '共110元'},)
    """
    pieces = [piece for piece in _TAPPED.split(text) if piece]  # both groups split, one is None
    return tuple(_part(piece) for piece in pieces)


def _part(piece: str) -> Part:
    if piece in HELP_NUMBERS:
        return {"text": piece, "phone": piece}
    own = _OWN_PAGE.fullmatch(piece)
    return {"text": "打开我的信息", "href": own.group(1)} if own else {"text": piece}


def as_wire(
    id_: int,
    text: str,
    choices: Iterable[Mapping[str, str]],
    asks: Mapping[str, str] | None,
    case: int | None,
) -> dict[str, Any]:
    """Return a word as JSON-ready data for the page's script."""
    return {
        "id": id_,
        "text": text,
        "parts": parts_of(text),
        "choices": buttons(choices),
        "asks": dict(asks) if asks else None,
        "case": case,
    }


def word_as_wire(word: OutWord) -> dict[str, Any]:
    """Return a kept word as JSON-ready data."""
    return as_wire(word.id, word.text, word.choices, word.asks, word.case_number)


def shown(
    rows: Sequence[HeardMessage | OutWord], fixed: Mapping[str, str] | None = None
) -> list[Shown]:
    """Return a transcript as bubbles; only what came after the last message can be answered.

    `fixed` are labels of choices that stand outside the talk, on the page itself.
    """
    last_heard = max(
        (place for place, row in enumerate(rows) if isinstance(row, HeardMessage)), default=-1
    )
    labels = dict(fixed or {})
    bubbles = []
    for place, row in enumerate(rows):
        if isinstance(row, HeardMessage):
            bubbles.append(_heard(row, labels, rows[place + 1 : place + 2]))
            continue
        labels |= {choice["id"]: choice["label"] for choice in row.choices}
        choices = row.choices if place > last_heard else ()
        bubbles.append(Shown(True, parts_of(row.text), row.text, tuple(choices), row.id))
    return bubbles


def _heard(
    row: HeardMessage, labels: Mapping[str, str], following: Sequence[HeardMessage | OutWord]
) -> Shown:
    if row.text is not None:
        return Shown(False, text=row.text)
    if row.choice is not None:
        return Shown(False, text=labels.get(row.choice, CHOICE))
    answer = following[0].template if following and isinstance(following[0], OutWord) else ""
    if answer in ANSWERED:  # nothing is kept of the answer to the notice but what it led to
        return Shown(False, text=ANSWERED[answer])
    return Shown(False, text=UNKEPT, is_unkept=True)
