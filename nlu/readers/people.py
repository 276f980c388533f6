"""How many people have the matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu.readers.certainty import Certainty
from nlu.readers.numerals import Quantity
from nlu.readers.spans import covered


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """Size of the group that has the matter, in people or in households."""

    count: int
    start: int
    end: int
    approx: bool = False
    households: bool = False
    certainty: Certainty = Certainty.SURE


_WORKERS = (
    "工人|工友|民工|农民工|村民(?!小组)|业主|老乡|同事|兄弟|姊妹|姐妹|员工|学员|家长|租户|商户|农户|住户|"
    "顾客|游客|师傅|伙伴|妇女|老人"
)
_PEOPLE = re.compile(
    rf"(?P<more>多|来|好几)?(?P<unit>个人|名|位|户人?家?|家人家|家人|家(?![公医企机店单饭超])|个(?:{_WORKERS})|人(?![民工家均次])|人家|"
    rf"个(?=[，。,.!？?\s在都干做去来一没被到跟]|$)|(?:{_WORKERS}))"
)
_US = re.compile(
    r"(?:我们|咱们?|俺们|我俩|还有|总共|一共|加起来|共|这里|这边|村里?|组里?|寨子?里?|大家|同村|工地上?|班)(?:这|村|组|寨子?|社|工地|那边|工友|一起|班|这边|上|里|有|是|总共|一共|大概|差不多|的|得|的人)*$"
)
_WITH_ME = re.compile(
    r"我(?:和|跟|同|与|挨|还有)(?:另外|其他|其余|别的|我?们?村里?的?|一起的?|同村的?|家里?)?(?:那|的)?$"
)
_GROUP = re.compile(rf"(?:{_WORKERS})(?:有|是|一共|总共|大概|差不多|些)*$")
_OTHERS = re.compile(
    r"(?:他们|她们|对方|人家|来了|喊了?|叫了?|带着?了?|找了?|被|那边|他|她|雇|请了?|招了?|第|每|另|生了?|养了?|伤了?)(?:家|那|带|有|的)*$"
)
_ALSO = re.compile(
    r"(?:都|一样|也是|被欠|没拿到|没领到|干活|做工|打工|讨薪|要工钱|等着|签名|联名|的工钱|的工资|工钱|工资|受影响|全|没水|联合|一起|合伙来)"
)


def people_of(
    flat: str, quantities: Sequence[Quantity], taken: Sequence[tuple[int, int]] = ()
) -> PeopleCount | None:
    """The size of the group that has the matter, the writer included when he says so.

    It is read from those `quantities` of a plain text that no `taken` span holds.
    """
    flags = covered(len(flat), taken)
    found = [
        group
        for number in quantities
        if not flags[number.start] and (group := _group(flat, number)) is not None
    ]
    return max(found, key=lambda g: (g.certainty is Certainty.SURE, g.count), default=None)


def _group(flat: str, number: Quantity) -> PeopleCount | None:
    unit = _PEOPLE.match(flat, number.end)
    if unit is None or number.spelled or not 1 <= number.low <= 100_000:
        return None
    if number.low != int(number.low) or (number.low == 1 and number.high == 1):
        return None
    before = flat[max(0, number.start - 12) : number.start]
    with_me = _WITH_ME.search(before) is not None
    ours = with_me or _US.search(before) is not None or _GROUP.search(before) is not None
    if not ours and _OTHERS.search(before):
        return None
    if not ours and (number.low < 3 or not _matters(flat, number, unit)):
        return None
    count = rounded(number) + with_me
    approx = number.approx or number.low != number.high or bool(unit["more"])
    households = unit["unit"].startswith(("户", "家"))
    sure = Certainty.SURE if ours else Certainty.LIKELY
    return PeopleCount(count, number.start, unit.end(), approx, households, sure)


def _matters(flat: str, number: Quantity, unit: re.Match[str]) -> bool:
    """Tell whether a count without "we" is the group: workers, households, or all alike."""
    if re.search(_WORKERS, unit["unit"]):
        return True
    if unit["unit"].startswith("户") or (number.low >= 10 and unit["unit"].startswith("家")):
        return True
    if unit["unit"] == "个":
        return False  # 两个都不管: those are others
    return _ALSO.search(flat, unit.end(), unit.end() + 10) is not None


def rounded(number: Quantity) -> int:
    """二十几户 is about 20; of 三四个人 the lower number is kept."""
    low = int(number.low)
    return low - low % 10 if number.approx and number.high - number.low == 8 else low
