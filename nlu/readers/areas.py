"""Areas of land and floor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu.readers.certainty import Certainty
from nlu.readers.numerals import Quantity, quantities_in
from nlu.readers.plain import plain
from nlu.readers.spans import covered


@dataclass(frozen=True, slots=True)
class Area:
    """An area in 亩 (1 亩 = 10 分 = 100 厘) or in square metres, never converted."""

    low: float
    high: float
    start: int
    end: int
    is_mu: bool = True
    approx: bool = False
    certainty: Certainty = Certainty.SURE


_DIGITS = "零一二三四五六七八九"
_DIGIT = r"([0-9](?:\.[0-9])?|[一二两三四五六七八九])"
_MU = re.compile(
    rf"(?P<more>多|来)?亩(?P<over>多|把)?(?:(?P<half>半)|零?{_DIGIT}(?:分(?![钱之])(?:{_DIGIT}厘)?"
    r"(?P<fen>)|(?![0-9个百千万十年月天人家户块元亩])))?"
)
_FEN = re.compile(rf"分(?:{_DIGIT}厘)?(?:半)?(?=的?(?:[地田土水]|自留地|菜地|宅基地|旱地))")
_LI = re.compile(r"厘(?=的?[地田土])")
_SQUARE = re.compile(r"(?P<more>多|来)?(?:平方米?|平米|个平方|㎡|平(?![均时常安等静台原]))")
_HALF = re.compile(
    r"(?<![亩分0-9一二两三四五六七八九])半亩|(?<![0-9一二两三四五六七八九百])亩把(?=[地田的])"
)
_JOINT = re.compile(r"亩?(?:到|至|-|~)")
_WHOLE = re.compile(r"(?:一共|总共|共|合计|面积)[^，。,]{0,4}$")


def areas_in(text: str) -> tuple[Area, ...]:
    """Every area told in `text`; the unit of a rate (一亩八百) is none."""
    flat = plain(text)
    return areas_of(flat, quantities_in(flat))


def areas_of(
    flat: str, quantities: Sequence[Quantity], taken: Sequence[tuple[int, int]] = ()
) -> tuple[Area, ...]:
    """Every area among `quantities` of a plain text that no `taken` span holds."""
    found: list[Area] = []
    flags = covered(len(flat), taken)
    before: Quantity | None = None
    for number in quantities:
        if not flags[number.start]:
            area = _mu(flat, number) or _small(flat, number) or _square(flat, number)
            if area is not None and not (found and found[-1].end > area.start):
                found.append(_from(flat, before, area))
        before = number
    for match in _HALF.finditer(flat):
        size = 0.5 if match[0][0] == "半" else 1.0
        found.append(Area(size, size, *match.span(), approx=size == 1.0))
    return tuple(sorted(found, key=lambda area: area.start))


def main_area(flat: str, areas: Sequence[Area]) -> Area | None:
    """The area in 亩 that the matter is about: a stated total, else the first."""
    told = [area for area in areas if area.is_mu]
    whole = [a for a in told if _WHOLE.search(flat[max(0, a.start - 6) : a.start])]
    return next(iter(whole or told), None)


def _from(flat: str, before: Quantity | None, area: Area) -> Area:
    """Join 三到五亩 into one range."""
    if before is None or before.end >= area.start:
        return area
    if area.start - before.end > 2 or not _JOINT.fullmatch(flat, before.end, area.start):
        return area
    if before.low >= area.low:
        return area
    return Area(before.low, area.high, before.start, area.end, area.is_mu, area.approx)


def _mu(flat: str, number: Quantity) -> Area | None:
    match = _MU.match(flat, number.end)
    if match is None or _is_rate(flat, number, match.end()):
        return None
    more = (0.5 if match["half"] else 0.0) + _part(match[4], 10) + _part(match[5] or match[6], 100)
    approx = number.approx or bool(match["more"] or match["over"])
    low, high = round(number.low + more, 4), round(number.high + more, 4)
    return Area(low, high, number.start, match.end(), approx=approx)


def _part(digit: str | None, unit: int) -> float:
    if not digit:
        return 0.0
    value = float(digit) if digit[0].isascii() else _DIGITS.find(digit.replace("两", "二"))
    return value / unit


def _is_rate(flat: str, number: Quantity, end: int) -> bool:
    """一亩八百, 一亩产两百斤: the 亩 that something is counted by."""
    if number.low != 1 or number.high != 1:
        return False
    return bool(
        re.match(
            r"(?:地|田)?(?:的?租金?)?(?:才|只|就)?(?:给|补|要|是|产|卖|收)?[0-9一二两三四五六七八九几]",
            flat[end : end + 8],
        )
    )


def _small(flat: str, number: Quantity) -> Area | None:
    """三分地, 五厘田."""
    match = _FEN.match(flat, number.end)
    unit = 10
    if match is None:
        match, unit = _LI.match(flat, number.end), 100
    if match is None:
        return None
    more = _part(match[1], 100) if unit == 10 else 0.0
    low, high = round(number.low / unit + more, 4), round(number.high / unit + more, 4)
    return Area(low, high, number.start, match.end(), approx=number.approx)


def _square(flat: str, number: Quantity) -> Area | None:
    match = _SQUARE.match(flat, number.end)
    if match is None:
        return None
    approx = number.approx or bool(match["more"])
    return Area(number.low, number.high, number.start, match.end(), False, approx)
