"""What stands before each choice where there are no buttons (1, A), and what a reply of it means.

Both are one thing: what is shown is kept with the choice, and nothing else is read as a mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import count
from string import ascii_uppercase
from typing import NamedTuple

from bot.dialogue.words import TIDY

FEWEST = 2  # choices that are worth a mark
LONGEST = 24  # characters of a reply that names a choice
_BY_PLACE = re.compile(r"(?:第|选|选择)([1-9一二三四五六七八九])(?:个|号|种)?")
_BY_MARK = re.compile(r"(?:选|选择)?([0-9]{1,2}|[A-Za-z])(?:个|号|种)?")
_DAY = re.compile(r"[0-9]{1,2}号")


class Marks(StrEnum):
    """How the choices of one word are marked."""

    NUMBERS = "numbers"
    LETTERS = "letters"  # where the answer may itself be a number: 3 is no third choice then
    NONE = "none"  # where words answer: a sum, a day; and wherever somebody may be in danger


class Offered(NamedTuple):
    """A choice that was offered; `mark` is empty where it had none."""

    id: str
    label: str
    mark: str = ""

    @property
    def is_time(self) -> bool:
        """Whether it is a free time: 3号 is a day then and no number three."""
        return self.id.startswith("slot:")


def marked(choices: Sequence[Mapping[str, str]], marks: Marks) -> tuple[Mapping[str, str], ...]:
    """Return the choices each with its `mark`; without where there are none or one choice only."""
    if marks is Marks.NONE or len(choices) < FEWEST:
        return tuple(choices)
    signs = ascii_uppercase if marks is Marks.LETTERS else count(1)
    return tuple({**each, "mark": str(sign)} for each, sign in zip(choices, signs, strict=False))


def offered(choices: Sequence[Mapping[str, str]]) -> tuple[Offered, ...]:
    """Return what a conversation remembers of the choices of a word."""
    return tuple(Offered(each["id"], each["label"], each.get("mark", "")) for each in choices)


def chosen_in(choices: Sequence[Offered], text: str) -> str | None:
    """Return the id of the offered choice that the text names by its label, mark or 第几个."""
    tidy = TIDY.sub("", text)
    if not tidy or len(tidy) > LONGEST:
        return None
    named = _by_mark(choices, unicodedata.normalize("NFKC", tidy))
    if named is not None:
        return named
    return next((each.id for each in choices if TIDY.sub("", each.label) == tidy), None)


def _by_mark(choices: Sequence[Offered], told: str) -> str | None:
    have_marks = [each for each in choices if each.mark]
    if _DAY.fullmatch(told) and any(each.is_time for each in choices):
        return None
    if place := _BY_PLACE.fullmatch(told):
        digit = place[1]
        nth = int(digit) if digit.isdigit() else "一二三四五六七八九".index(digit) + 1
        return have_marks[nth - 1].id if nth <= len(have_marks) else None
    sign = _BY_MARK.fullmatch(told)
    mark = sign[1].upper() if sign else ""
    return next((each.id for each in have_marks if each.mark == mark), None)
