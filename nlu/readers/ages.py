"""Ages of children, as bands only: the exact age is never kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.facts import AgeBand
from nlu.readers.certainty import Certainty
from nlu.readers.numerals import Quantity, quantities_in
from nlu.readers.plain import plain


@dataclass(frozen=True, slots=True)
class MinorAge:
    """A minor is spoken of, of this band."""

    band: AgeBand
    start: int
    end: int
    certainty: Certainty = Certainty.SURE


_YEARS = re.compile(r"(?:多|来)?(?:个)?(?:[周虚]?岁(?!月|数|末|以[上下内]))")
_MONTHS = re.compile(r"(?:多|来)?个?月大|(?:多|来)?个(?:多|半)?月(?=$|[，。,！？!?了的呢])")
_CHILD = re.compile(
    r"(?:娃|孩|宝宝|儿子|女儿|孙子|孙女|崽|婴儿)[子娃儿]?(?:都|现在|支差|还)?(?:才|刚|只有?|有)?$"
)
_UNDER = re.compile(r"(?:不满|未满|没满|不到|没到|不足|没得|不有)$")
_THEN = re.compile(r"(?:时|的时候|那年|那时|那阵|开始|起就|就出|那会|结婚|嫁|出门打工)")
_ONCE = re.compile(r"(?:时候?|那年|那阵|当时|相当于|像个?)[^，。,]{0,6}$")
_NEWBORN = re.compile(r"刚满月|未满月|刚出生")


def minors_in(text: str) -> tuple[MinorAge, ...]:
    """Every minor whose age is told in `text`."""
    flat = plain(text)
    return minors_of(flat, quantities_in(flat))


def minors_of(flat: str, quantities: Sequence[Quantity]) -> tuple[MinorAge, ...]:
    """Every minor whose age is among `quantities` of a plain text."""
    found = [age for number in quantities if (age := _minor(flat, number)) is not None]
    if "满月" in flat or "刚出生" in flat:
        found += [MinorAge(AgeBand.UNDER_2, *m.span()) for m in _NEWBORN.finditer(flat)]
    return tuple(found)


def _minor(flat: str, number: Quantity) -> MinorAge | None:
    before = flat[max(0, number.start - 8) : number.start]
    months = _MONTHS.match(flat, number.end)
    if months and (months[0].endswith("大") or _CHILD.search(before)):
        return MinorAge(band_of(number.low / 12), number.start, months.end())
    years = _YEARS.match(flat, number.end)
    if years is None:
        return None
    low, high = number.low, number.high
    if _UNDER.search(before):
        low, high = 0, high - 0.5  # 不满八岁
    if low >= 18:
        return None
    # An age long ago (他八岁时), and a range over two bands (十三四岁), need a question.
    split = band_of(low) is not band_of(high)
    then = _THEN.match(flat, years.end()) or _ONCE.search(before)
    certainty = Certainty.OPEN if split or then else Certainty.SURE
    return MinorAge(band_of(low), number.start, years.end(), certainty)


def band_of(age: float) -> AgeBand:
    """The band of an age in years.

    >>> band_of(7.5).value, band_of(18).value
    ('2-7', '18+')
    """
    if age >= 18:
        return AgeBand.GROWN
    if age < 8:
        return AgeBand.UNDER_2 if age < 2 else AgeBand.FROM_2_TO_7
    return AgeBand.FROM_8_TO_13 if age < 14 else AgeBand.FROM_14_TO_17
