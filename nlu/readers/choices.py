"""Which of the offered answers is meant, and whether a reply says yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from domain.facts import BareNumber
from nlu.readers.ages import MinorAge, band_of, minors_in
from nlu.readers.certainty import Certainty
from nlu.readers.numerals import Quantity, quantities_in
from nlu.readers.plain import plain


class Choice(Protocol):
    """One of the answers offered; `cues` are its own words in free text."""

    @property
    def id(self) -> str:
        """What is kept when it is chosen."""

    @property
    def label(self) -> str:
        """What the person reads."""

    @property
    def cues(self) -> Sequence[str]:
        """Words that mean it."""

    @property
    def ages(self) -> Sequence[str]:
        """Ages of a child that mean it, as bands."""

    @property
    def least(self) -> int | None:
        """The lowest count that means it."""


C = TypeVar("C", bound=Choice)

_EDGE = " \t\r\n。.!！,，、~呢嘛噶啊吧哦"
_BY_NUMBER = re.compile(
    r"(?P<chosen>我?选)?(?:我?[选要]|是|就)*(?:第(?P<nth>[0-9]{1,2}|[一二两三四五六七八九十]{1,2})|(?P<number>[0-9]{1,2}|[一二三四五六七八九十]{1,2}))"
    r"(?:个|项|种|号|条|样)?"
)
_LETTER = re.compile(r"(?:我?选)?([A-Ha-h])")
# A number with nothing beside it but what it counts, by what the question asks for.
_BEFORE = re.compile(
    r"(?:我们?|家里?|孩子|娃娃?|老人|大概|差不多|一共|总共|共|今年|现在|已经|满|刚|才|有|是|就)*"
)
_AFTER = {
    BareNumber.AGE: re.compile(r"(?:周?岁)?(?:了|的|左右)*"),
    BareNumber.COUNT: re.compile(
        r"(?:个|口|位|家|户|人|子女|儿女|孩子|娃娃?|兄弟|弟兄|兄妹|姐弟|姐妹|姊妹)*(?:了|的|左右)*"
    ),
    BareNumber.UNCLEAR: re.compile(r"个?(?:了|的|左右)*"),
}
_LAST = re.compile(r"(?:我?选)?(?:最后|后面|末)(?:那?一?)?个")


def chosen(text: str, choices: Sequence[Choice], bare: BareNumber | None = None) -> list[Choice]:
    """The choices that a reply can mean: by id or label, place, a number told, their own words.

    `bare` says what a number alone means; None: the choice of that place.
    """
    told = plain(text).strip(_EDGE)
    same = [c for c in choices if told.casefold() in (c.id.casefold(), c.label.casefold())]
    if same:
        return same[:1]
    place = _ordinal(told, len(choices), bare)
    if place is not None:
        return [choices[place]] if 0 <= place < len(choices) else []
    number = _alone(told, bare) if bare is not None else None
    if bare is not None and number is not None:
        return _by_number(number, choices, bare)
    if any(choice.ages for choice in choices):
        return by_age(minors_in(told), choices) or _by_words(told, choices)
    return _by_words(told, choices)


def by_age(minors: Sequence[MinorAge], choices: Sequence[C]) -> list[C]:
    """The choices that surely told ages of minors mean."""
    bands = {minor.band for minor in minors if minor.certainty is Certainty.SURE}
    return [choice for choice in choices if not bands.isdisjoint(choice.ages)]


def _alone(told: str, bare: BareNumber) -> Quantity | None:
    """The number that a reply is, with at most what it counts beside it."""
    numbers = quantities_in(told)
    if len(numbers) != 1:
        return None
    before, after = told[: numbers[0].start], told[numbers[0].end :]
    is_alone = _BEFORE.fullmatch(before) and _AFTER[bare].fullmatch(after)
    return numbers[0] if is_alone else None


def _by_number(number: Quantity, choices: Sequence[Choice], bare: BareNumber) -> list[Choice]:
    """The choice that holds an exact number; nothing where it is not clear what is counted."""
    if bare is BareNumber.UNCLEAR or number.low != number.high:
        return []
    if bare is BareNumber.AGE:
        return [choice for choice in choices if band_of(number.low) in choice.ages]
    reached = [(c.least, c) for c in choices if c.least is not None and c.least <= number.low]
    return [max(reached, key=lambda each: each[0])[1]] if reached else []


def _ordinal(told: str, many: int, bare: BareNumber | None) -> int | None:
    """The place in the list that a reply names, from 0; None where it names none."""
    if _LAST.fullmatch(told):
        return many - 1
    if letter := _LETTER.fullmatch(told):
        return ord(letter[1].upper()) - ord("A")
    match = _BY_NUMBER.fullmatch(told)
    if match is None or (bare is not None and not match["nth"] and not match["chosen"]):
        return None
    number = quantities_in(match["nth"] or match["number"])
    return int(number[0].low) - 1 if number else None


def _by_words(told: str, choices: Sequence[Choice]) -> list[Choice]:
    """The choices whose words are in the reply; a longer word beats one that it contains."""
    hits: list[tuple[int, int, Choice]] = []
    for choice in choices:
        words = [word for word in (choice.label, *choice.cues) if word and word in told]
        inside = len(told) >= 2 and _runs_through(told, choice.label)
        if words or inside:
            longest = max(words, key=len) if words else told
            at = told.find(longest)
            hits.append((at, at + len(longest), choice))
    if not hits and len(told) <= 3:
        return _bare_no(told, choices)
    return [
        choice
        for start, end, choice in hits
        if not any(a <= start and end <= b and (a, b) != (start, end) for a, b, other in hits)
    ]


def _runs_through(told: str, label: str) -> bool:
    """Whether the reply's characters stand in the label in this order (没找过 in 没有找过)."""
    rest = iter(label)
    return all(character in rest for character in told)


def _bare_no(told: str, choices: Sequence[Choice]) -> list[Choice]:
    """Take a bare no (没得, 不有) for the only answer that is one."""
    answer = yes_or_no(told)
    if answer is None or answer[0] or told.startswith(("不晓", "不知", "不清")):
        return []
    noes = [choice for choice in choices if choice.label[:1] in "没不无"]
    return noes if len(noes) == 1 else []


_DOUBT = re.compile(r"有没有|是不是|要不要|会不会|签没签|给有|吗[?？]?$|[?？]$")
_YES_WITH_NO = re.compile(r"^(?:没错|没问题|不错|没事|不是没有|不是没|没得问题|不假)")
_NO = re.compile(
    r"^(?:我|他|她|我们|他们|还|也|都|真的?|从来|一直|暂时|目前|应该|好像|怕|可能|就|倒|又|根本|后来)*"
    r"(?:没|不|未|莫|无|冇|否|毛|别|拒|懒得|no\b|n$)",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^(?:我|他|她|我们|他们|应该|好像|可能|肯定|当然|确实|就|给|阿|都|也|倒)*"
    r"(?:是|有|对|嗯|恩|要得|得行|得呢|得嘛|得$|行|好|可以|愿意|同意|会|要|肯|签|能|在|成|欸|哎|唉是|当然|肯定|确实|yes\b|y$|ok)",
    re.IGNORECASE,
)
_DONE = re.compile(r"^[^不没未无]{1,6}(?:了|过|掉)(?:的|呢|嘛|啊)?$")


def yes_or_no(text: str) -> tuple[bool, Certainty] | None:
    """Whether a reply says yes or no, in standard Chinese or as 云南 says it (有呢, 不有, 没得)."""
    told = plain(text).strip(_EDGE) or text
    if _DOUBT.search(plain(text).strip()):
        return None
    if _YES_WITH_NO.match(told):
        return True, Certainty.SURE
    if _NO.match(told):
        return False, Certainty.SURE
    if _YES.match(told):
        return True, Certainty.SURE
    if _DONE.match(told):
        return True, Certainty.LIKELY
    return None
