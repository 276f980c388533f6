"""Numbers as they are spoken: 三万五, 1万2, 二十来万, 三四千, 十几, 百把."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_LETTERS = {"w": 10_000, "W": 10_000, "k": 1000, "K": 1000}
_FIRST = re.compile(r"[0-9零一二两三四五六七八九十百千万亿几数]")
_ARABIC = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_SPELLED = re.compile(r"[零一二两三四五六七八九]+")
_DECIMAL = re.compile(r"点([零一二三四五六七八九]+)(?=[万亿千百亩块元%])")
# What may follow 来, 把 or 余 for them to mean "about" (and not to come, to take, left over).
_MEASURES = frozenset("块元个人户家亩斤公名位岁天年月吨棵头只米平里十百千万亿毛角口")
# After these, the last digit of 三万两个月 belongs to the next word.
_COUNTERS = frozenset("个年天月次人家户点号岁张回周日台辆间头只套晚趟口桌单星礼小")
# ... but not after these, which only begin like a counter: 一万二回来, 三千二人家.
_NO_COUNTERS = frozenset(
    {"回来", "回去", "回家", "回老", "人家", "人些", "家里", "家头", "口头", "单位", "天天"}
    | {"年底", "年前", "月底", "间接", "点都"}
)
_RATE_UNITS = frozenset("斤亩吨棵米平方公件车")
_NAMESAKES = frozenset({"张三", "李四", "王五", "赵六", "老一", "钱七"})
_TEN_DIGITS = 12  # a longer number is a code, not a quantity

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number told, or a range; `unit` is the largest of 十百千万亿 in it, or 1.

    `spelled` marks a chain of Chinese digits without units (二零二三), which is a year or a code.
    """

    low: float
    high: float
    start: int
    end: int
    approx: bool = False
    unit: int = 1
    arabic: bool = False
    spelled: bool = False


def quantities_in(plain: str) -> list[Quantity]:
    """Every number in a plain text, in order, never overlapping."""
    found: list[Quantity] = []
    at = 0
    while first := _FIRST.search(plain, at):
        at = _past_a_name(plain, first.start())
        if at > first.start():
            continue
        run = _Run(plain, at)
        quantity = run.read()
        at = max(run.at, first.end())
        if quantity is not None:
            found.append(quantity)
    return found


def _past_a_name(text: str, at: int) -> int:
    """Step over a digit that is part of a name (老三, 李四) or an ordinal (第三, 初五)."""
    before = text[at - 1] if at else ""
    if text[at] not in _DIGITS:
        return at
    if before and before in "第初":
        spelled = _SPELLED.match(text, at)
        return spelled.end() if spelled else at
    if (before and before in "老小阿") or text[at - 1 : at + 1] in _NAMESAKES:
        return at + 1
    return at


def _plus(one: Pair, other: Pair) -> Pair:
    return one[0] + other[0], one[1] + other[1]


def _times(pair: Pair, unit: float) -> Pair:
    return pair[0] * unit, pair[1] * unit


class _Run:
    """Reads one number from left to right, its low and its high reading side by side."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.start, self.at = text, start, start
        self.total: Pair = (0, 0)
        self.section: Pair = (0, 0)
        self.held: Pair | None = None
        self.held_at = start
        self.unit = self.top = 1
        self.after_zero = self.approx = self.arabic = self.spelled = False

    def read(self) -> Quantity | None:
        """Return the number, or None where the characters are none (千万别, 几个)."""
        while self.at < len(self.text) and self._take(self.text[self.at]):
            pass
        low, high = _plus(_plus(self.total, self.section), self._tail())
        nothing = not any(self.total) and not any(self.section) and self.held is None
        if nothing or high >= 10**_TEN_DIGITS:
            return None
        return Quantity(
            low, high, self.start, self.at, self.approx, self.top, self.arabic, self.spelled
        )

    def _take(self, char: str) -> bool:
        if "0" <= char <= "9":
            return self._take_arabic()
        if char in _DIGITS:
            return self._take_digit(_DIGITS[char])
        if char in _UNITS:
            return self._take_unit(_UNITS[char], char)
        if char in _LETTERS:
            return self._take_letter(char)
        if char in "几数":
            return self._take_some(char)
        if char in "多来余把":
            return self._take_about(char)
        return char == "点" and self._take_decimal()

    def _started(self) -> bool:
        return self.held is not None or any(self.section) or any(self.total)

    def _next(self) -> str:
        return self.text[self.at + 1 : self.at + 2]

    def _take_arabic(self) -> bool:
        if self.held is not None:
            return False  # 刘五35000: the Chinese digit is not part of it
        match = _ARABIC.match(self.text, self.at)
        if match is None:
            return False
        digits = match[0].replace(",", "")
        if len(digits) > _TEN_DIGITS:
            self.at = match.end()
            self.held = None
            return False
        value = float(digits) if "." in digits else int(digits)
        self.held, self.held_at, self.arabic = (value, value), self.at, True
        self.at = match.end()
        return True

    def _take_digit(self, digit: int) -> bool:
        if self.held is None:
            if digit == 0 and self._started():
                self.after_zero = True
            else:
                self.held, self.held_at = (digit, digit), self.at
            self.at += 1
            return True
        low, high = self.held
        if self.arabic and self.held_at == self.start:
            return False
        climbs = low == high and (digit == low + 1 or (low, digit) == (3, 5)) and low > 0
        if climbs and (self.top > 1 or self._next() not in _DIGITS):
            self.held = (low, digit)
            self.at += 1
            return True
        if self.top == 1:
            self._take_spelled()
        return False

    def _take_spelled(self) -> None:
        match = _SPELLED.match(self.text, self.start)
        if match is None:
            return
        self.at = match.end()
        if len(match[0]) > _TEN_DIGITS:
            self.held = None
            return
        value = int("".join(str(_DIGITS[char]) for char in match[0]))
        self.held, self.spelled = (value, value), True

    def _take_unit(self, unit: int, char: str) -> bool:
        if not self._started():
            if not self._opens(char):
                return False
            self.held = (1, 1)
        if unit >= 10_000:
            base = _plus(self.section, self.held or (0, 0))
            if not any(base):
                return False
            self.total, self.section = _plus(self.total, _times(base, unit)), (0, 0)
        elif self.held is None and unit > 10:
            return False
        else:
            self.section = _plus(self.section, _times(self.held or (1, 1), unit))
        self.held, self.unit, self.top = None, unit, max(self.top, unit)
        self.after_zero = False
        self.at += 1
        return True

    def _opens(self, char: str) -> bool:
        """Tell whether a unit without a number before it stands for one: 十, 百把, 千多, 上万."""
        before = self.text[self.at - 1] if self.at else ""
        if before == "上" and char != "十":
            self.approx = True
            return True
        return char == "十" or (char in "百千万" and self._next() in tuple("把多来余"))

    def _take_letter(self, char: str) -> bool:
        after = self._next()
        if self.held is None or not self.arabic or (after.isascii() and after.isalpha()):
            return False
        return self._take_unit(_LETTERS[char], char)

    def _take_some(self, char: str) -> bool:
        if self.held is not None or (char == "数" and self._started()):
            return False
        if not self._started() and self._next() not in _UNITS:
            return False
        self.held, self.held_at = ((1, 9) if self._started() else (2, 9)), self.at
        self.approx = True
        self.at += 1
        return True

    def _take_about(self, char: str) -> bool:
        after = self._next()
        whole = self._started() and (self.held is None or self.arabic) and self._means_about(char)
        if not whole or (char != "多" and after not in _MEASURES and (after or char != "余")):
            return False
        self.approx = True
        self.at += 1
        return after in _UNITS

    def _means_about(self, char: str) -> bool:
        """把 means "about" only after a bare unit: 百把块, 千把, 个把."""
        if char != "把":
            return True
        return _plus(self.total, self.section)[0] in (10, 100, 1000, 10_000) and self.held is None

    def _take_decimal(self) -> bool:
        match = _DECIMAL.match(self.text, self.at)
        if match is None or self.held is None or self.held[0] != self.held[1] or self.top > 1:
            return False
        value = self.held[0] + float("0." + "".join(str(_DIGITS[char]) for char in match[1]))
        self.held, self.arabic, self.at = (value, value), True, match.end()
        return True

    def _tail(self) -> Pair:
        """The digits after the last unit: 三万五 leaves out 千, 一百零五 and 二十五 do not."""
        if self.held is None or self.top == 1:
            return self.held or (0, 0)
        low, high = self.held
        if self.unit < 100 or self.after_zero or high >= 10:
            return self.held
        after = self.text[self.at : self.at + 1]
        counter = after in _COUNTERS and self.text[self.at : self.at + 2] not in _NO_COUNTERS
        if low == high and (counter or (low == 1 and after in _RATE_UNITS)):
            self.at, self.held = self.held_at, None
            return 0, 0
        return _times(self.held, self.unit // 10)
