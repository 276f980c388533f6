"""Sums of money in colloquial Chinese, read by our own grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from nlu.readers.certainty import Certainty
from nlu.readers.money_words import (
    ABOUT_AFTER,
    ABOUT_BEFORE,
    COUNTED,
    CUE_AFTER,
    CUE_BEFORE,
    CUE_CLOSE,
    IDIOM_AFTER,
    JOINT,
    MONEY_UNIT,
    NOT_MONEY_BEFORE,
    OWED,
    PAID,
    RATE_AFTER,
    RATE_BEFORE,
    SMALL_TAIL,
    TOTAL,
    UNCOUNTED_BEFORE,
    codes_in,
)
from nlu.readers.numerals import Quantity, quantities_in
from nlu.readers.plain import plain
from nlu.readers.spans import covered

_HOTLINES = frozenset(
    {110, 119, 120, 122, 12110, 12123, 12309, 12313, 12315, 12320, 12328, 12333, 12338}
    | {12345, 12348, 12350, 12351, 12355, 12356, 12358, 12363, 12366, 12368, 12369, 12377}
    | {12378, 12380, 12381, 12385, 12388, 12389, 12393, 16012345, 96110, 10086, 10010, 10000}
)
_MOST_YUAN = 1_000_000_000


class Role(IntEnum):
    """What a sum is said to be; the lower number speaks for the matter first."""

    TOTAL = 0
    OWED = 1
    PLAIN = 2
    PAID = 3
    RATE = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money in fen; `per` names the unit of a rate (天, 月, 亩, 斤 ...)."""

    low_fen: int
    high_fen: int
    start: int
    end: int
    approx: bool = False
    per: str | None = None
    role: Role = Role.PLAIN
    certainty: Certainty = Certainty.SURE
    rate_start: int = -1
    rate_end: int = -1

    @property
    def fen(self) -> int | None:
        """The sum where one is told, None where a range is."""
        return self.low_fen if self.low_fen == self.high_fen else None

    def to_wire(self) -> dict[str, object]:
        """The `amount_fen` or `amount_range_fen` part of the classify interface."""
        wire: dict[str, object] = (
            {"amount_fen": self.low_fen}
            if self.low_fen == self.high_fen
            else {"amount_range_fen": [self.low_fen, self.high_fen]}
        )
        return wire | {"approx": True} if self.approx else wire


def amounts_in(text: str, asked: bool = False) -> tuple[Amount, ...]:
    """Every sum of money told in `text`; with `asked` a bare number counts too."""
    flat = plain(text)
    return amounts_of(flat, quantities_in(flat), (), asked)


def amounts_of(
    flat: str,
    quantities: Sequence[Quantity],
    taken: Sequence[tuple[int, int]],
    asked: bool = False,
) -> tuple[Amount, ...]:
    """Every sum among `quantities` of a plain text, none of them inside the `taken` spans."""
    found = _odd_coins(flat) if "把钱" in flat else []
    if not quantities:
        return tuple(found)
    coins = ((coin.start, coin.end) for coin in found)
    flags = covered(len(flat), (*taken, *codes_in(flat), *coins))
    last_end = 0
    for quantity, end in _joined(flat, quantities):
        inside = any(flags[quantity.start : quantity.end])
        if inside or quantity.start < last_end:
            continue
        amount = _amount(flat, quantity, end, asked)
        if amount is not None:
            last_end = amount.end
            found.append(amount)
    return tuple(sorted(found, key=lambda amount: amount.start))


def main_amount(amounts: Sequence[Amount]) -> Amount | None:
    """The sum that the matter is about: a total, then what is owed, then the largest."""
    return min(amounts, key=lambda a: (a.role, -a.high_fen), default=None)


def _odd_coins(flat: str) -> list[Amount]:
    """块把钱: about one yuan."""
    found = []
    for match in re.finditer(r"(?<![百千万])([块毛])把钱", flat):
        fen = 100 if match[1] == "块" else 10
        found.append(Amount(fen, fen, match.start(), match.end(), approx=True))
    return found


def _joined(flat: str, quantities: Sequence[Quantity]) -> list[tuple[Quantity, int]]:
    """Join 两万到三万 and 1-2万 into one range; each comes with where its number ends."""
    joined: list[tuple[Quantity, int]] = []
    skip = False
    for here, after in zip(quantities, [*quantities[1:], None], strict=True):
        if skip:
            skip = False
            continue
        whole = _range(flat, here, after) if after is not None else None
        skip = whole is not None
        joined.append((whole or here, (whole or here).end))
    return joined


def _range(flat: str, here: Quantity, after: Quantity) -> Quantity | None:
    if after.start - here.end > 4 or not JOINT.fullmatch(flat, here.end, after.start):
        return None
    scale = after.unit if here.unit < 1000 and here.high < 1000 <= after.unit else 1
    if here.low * scale >= after.high:
        scale = 1  # 五百到一万
    low = here.low * scale
    if low >= after.high or (scale == 1 and here.high < 10 and after.unit > 1):
        return None
    approx = here.approx or after.approx
    return replace(after, low=low, start=here.start, approx=approx)


def _amount(flat: str, number: Quantity, end: int, asked: bool) -> Amount | None:
    before = flat[max(0, number.start - 14) : number.start]
    if NOT_MONEY_BEFORE.search(before):
        return None
    unit = MONEY_UNIT.match(flat, end)
    if unit is None and before.endswith(("¥", "¥ ")):
        return _finished(flat, number, (number.low * 100, number.high * 100), end, before)
    if unit is None:
        return _bare(flat, number, end, before, asked)
    if IDIOM_AFTER.match(flat, unit.end()) and number.high == 1:
        return None  # 一分钱都没给 is no sum
    if number.high == 1 and unit[0].strip() in ("块", "毛", "角"):
        known = RATE_BEFORE.search(before) or RATE_AFTER.match(flat, unit.end())
        if not known and not SMALL_TAIL.match(flat, unit.end()):
            return None  # 一块去 is "together"
    return _with_unit(flat, number, unit, before)


def _with_unit(flat: str, number: Quantity, unit: re.Match[str], before: str) -> Amount | None:
    scale = 100 if unit["yuan"] else 10 if unit["jiao"] else 1
    low, high, end = number.low * scale, number.high * scale, unit.end()
    if scale == 100 and (tail := SMALL_TAIL.match(flat, end)) and number.low == number.high:
        small = _digit(tail[1]) * 10 + (_digit(tail[2]) if tail[2] else 0)
        low, high, end = low + small, high + small, tail.end()
    return _finished(flat, number, (low, high), end, before)


def _digit(char: str) -> int:
    return int(char) if char.isascii() else "零一二三四五六七八九".find(char.replace("两", "二"))


def _bare(flat: str, number: Quantity, end: int, before: str, asked: bool) -> Amount | None:
    """Read a number without 元 or 块, if something beside it says that it is money."""
    counted = number.spelled or COUNTED.match(flat, end) or (number.high < 10 and number.unit == 1)
    if counted and not (asked and _is_alone(flat, number, end)):
        return None
    rated = RATE_BEFORE.search(before) or RATE_AFTER.match(flat, end)
    plain_digits = number.unit == 1 and number.arabic and not asked and not rated
    if plain_digits and (number.high in _HOTLINES or number.high < 20):
        return None
    if number.unit < 100 and not (asked or rated or CUE_CLOSE.search(before)):
        return None
    near = CUE_BEFORE if number.unit >= 100 else CUE_CLOSE
    if UNCOUNTED_BEFORE.search(before) and not (asked or rated):
        return None
    plainly = _is_spoken_sum(flat, number)
    if not (asked or rated or plainly or near.search(before) or CUE_AFTER.match(flat, end)):
        return None
    sums = number.low * 100, number.high * 100
    amount = _finished(flat, number, sums, end, before)
    if amount is None or asked or rated:
        return amount
    return replace(amount, certainty=Certainty.LIKELY)


def _is_spoken_sum(flat: str, number: Quantity) -> bool:
    """五万, 一万八, 三千六: forms in which people tell money and hardly anything else."""
    told = flat[number.start : number.end]
    return number.unit == 10_000 or (number.unit == 1000 and told[-1] not in "千多来余把")


def _is_alone(flat: str, number: Quantity, end: int) -> bool:
    return not flat[: number.start].strip() and not flat[end:].strip(" 。.!,")


def _finished(
    flat: str, number: Quantity, sums: tuple[float, float], end: int, before: str
) -> Amount | None:
    """Add to a sum what the words around it say: about, a rate, its role."""
    low, high = round(sums[0]), round(sums[1])
    if high <= 0 or high > _MOST_YUAN * 100:
        return None
    about_after = ABOUT_AFTER.match(flat, end)
    about = bool(about_after or ABOUT_BEFORE.search(before) or number.approx)
    end = about_after.end() if about_after and about_after["inside"] else end
    ahead = RATE_BEFORE.search(before)
    behind = RATE_AFTER.match(flat, end)
    per = behind["unit"] if behind else ahead["unit"] or ahead["unit2"] if ahead else None
    amount = Amount(low, high, number.start, end, about, _unit_name(per), _role(before, per))
    if per is None:
        return amount
    first = number.start - len(before) + ahead.start() if ahead else number.start
    return replace(amount, rate_start=first, rate_end=behind.end() if behind else end)


def _unit_name(per: str | None) -> str | None:
    if per is None:
        return None
    return {
        "日": "天",
        "年租": "年",
        "月租": "月",
        "个月": "月",
        "时": "小时",
        "个平方": "平方",
    }.get(per, per)


def _role(before: str, per: str | None) -> Role:
    if per is not None:
        return Role.RATE
    if TOTAL.search(before):
        return Role.TOTAL
    if PAID.search(before):
        return Role.PAID
    return Role.OWED if OWED.search(before) else Role.PLAIN
