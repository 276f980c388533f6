"""Phones, ID cards, bank cards, plates, house numbers, told names: found and masked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nlu.readers.certainty import Certainty
from nlu.readers.plain import plain


class ContactKind(StrEnum):
    """What a private number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    DOOR = "door"


@dataclass(frozen=True, slots=True)
class Contact:
    """A private number, in plain digits."""

    kind: ContactKind
    value: str
    start: int
    end: int
    certainty: Certainty = Certainty.SURE


_SPOKEN = re.compile(r"[零一二三四五六七八九幺0-9](?:[ -]?[零一二三四五六七八九幺0-9]){6,}")
_TO_DIGITS = str.maketrans("零一二三四五六七八九幺", "01234567891")
_FREE, _ALONE = r"(?<![0-9])", r"(?![ -]?[0-9])"
_NUMBER = re.compile(
    rf"(?P<id_card>{_FREE}[1-9](?:[ -]?[0-9]){{16}}[ -]?[0-9Xx]{_ALONE}"
    rf"|{_FREE}[1-9][0-9]{{7}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{{3}}{_ALONE})"
    rf"|(?P<mobile>(?:{_FREE}|(?<=(?<![0-9])86))1[ -]?[3-9](?:[ -]?[0-9]){{9}}{_ALONE})"
    rf"|(?P<landline>{_FREE}\(?0(?:10|2[0-9]|[3-9][0-9]{{2}})\)?[ -]?[2-9][0-9]{{6,7}}{_ALONE})"
    rf"|(?P<bank_card>{_FREE}[1-9](?:[ -]?[0-9]){{14,18}}(?![0-9]))"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-Za-hj-z][ ·.•]?"
    r"(?:[DFdf][A-HJ-NP-Za-hj-np-z0-9][0-9]{4}|[0-9]{5}[DFdf]|[A-HJ-NP-Za-hj-np-z0-9]{4}"
    r"[A-HJ-NP-Za-hj-np-z0-9学警挂])(?![A-Za-z0-9])"
)
_BIRTHDAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_CARD_WORD = re.compile(r"(?:卡号?|账号|帐号|账户|帐户)[^0-9]{0,6}$")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


_CAPITALS = str.maketrans("壹贰貳叁參肆伍陆陸柒捌玖拐洞", "12233456678970")
_CAPITAL_RUN = re.compile(r"[零一二三四五六七八九幺0-9壹贰貳叁參肆伍陆陸柒捌玖拐洞]{7,}")
_HAS_CAPITAL = re.compile(r"[壹贰貳叁參肆柒捌玖拐洞]")
# A scan or a hasty thumb writes O for 0 and l for 1; only inside what is else a long number.
_SLIPPED = re.compile(r"(?<![A-Za-z0-9])[0-9OoIl](?:[ -]?[0-9OoIl]){10,18}(?![A-Za-z0-9])")
_SLIPS = str.maketrans("OoIl", "0011")
_MOST_SLIPS = 4
_DOTTED = re.compile(r"(?<![0-9])(1[3-9][0-9])[.·_/]([0-9]{4})[.·_/]([0-9]{4})(?![0-9])")
_COUNT = r"[0-9一二三四五六七八九十百]{1,4}"
# What follows a village, a street or a yard: everything nearer than that is a door.
_DOOR = re.compile(
    r"(?<=[村寨屯路街巷弄区苑会])[^\W里有来了的在是去到从和跟我他她你们说\d]{0,4}?"
    rf"(?:{_COUNT}(?:村民小组|小组|组|号院|号楼|号|栋|幢|单元|室|楼|层)(?:附{_COUNT}号)?[ ,，-]?)+"
    rf"(?:{_COUNT}-{_COUNT}|[0-9]{{3,4}})?"
)
SURNAMES = (  # the hundred commonest cover 85 of 100 people
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_SAID = re.compile(
    rf"(?:我叫|名叫|叫做|姓名是?|名字是?叫?)[:： ]?([{SURNAMES}](?!某)[\u4e00-\u9fff]{{1,2}})"
)


def contacts_in(text: str) -> tuple[Contact, ...]:
    """Every private number in `text`."""
    flat = plain(text)
    if _HAS_CAPITAL.search(flat):
        flat = _CAPITAL_RUN.sub(lambda match: match[0].translate(_CAPITALS), flat)
    if "零" in flat or "一" in flat or "幺" in flat:
        flat = _SPOKEN.sub(lambda match: match[0].translate(_TO_DIGITS), flat)
    return contacts_of(flat)


def contacts_of(flat: str) -> tuple[Contact, ...]:
    """Every private number in a plain text whose spoken digits are written as digits."""
    found = [c for match in _NUMBER.finditer(flat) if (c := _number(flat, match)) is not None]
    for match in _PLATE.finditer(flat):
        if any(char.isdigit() for char in match[0]):
            value = re.sub(r"[ ·.•]", "", match[0]).upper()
            found.append(Contact(ContactKind.PLATE, value, *match.span()))
    return tuple(sorted(found, key=lambda contact: contact.start))


def mask(text: str) -> str:
    """Return `text` with every private number, door and told name masked, nothing else changed.

    ID and bank card keep three and four digits, a phone three (or its area code) and four,
    a plate its place and the last two signs, an address its village or street; 我叫李四 keeps 李.
    """
    text = mask_names(text, names_said(text))
    found = (*contacts_in(_without_slips(text)), *_doors(text))
    parts, at = [], 0
    for contact in sorted(found, key=lambda contact: contact.start):
        if contact.start >= at:
            parts += [text[at : contact.start], _masked(contact)]
            at = contact.end
    return "".join([*parts, text[at:]])


def names_said(text: str) -> set[str]:
    """Return the names that people give as their own or another's (我叫李四)."""
    found = set(_SAID.findall(text))
    return found | {name[:2] for name in found}  # 我叫李四的: the name may be the shorter one


def mask_names(text: str, names: Iterable[str]) -> str:
    """Return the text with these names as surname and 某, wherever they stand."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, name[0] + "某")
    return text


def _without_slips(text: str) -> str:
    """Return a text of the same length in which the numbers of scans are numbers."""
    text = _DOTTED.sub(r"\1 \2 \3", text)
    return _SLIPPED.sub(_put_right, text)


def _put_right(match: re.Match[str]) -> str:
    slips = sum(match[0].count(sign) for sign in "OoIl")
    return match[0].translate(_SLIPS) if 0 < slips <= _MOST_SLIPS else match[0]


def _doors(text: str) -> list[Contact]:
    return [
        Contact(ContactKind.DOOR, match[0], *match.span()) for match in _DOOR.finditer(plain(text))
    ]


def _number(flat: str, match: re.Match[str]) -> Contact | None:
    digits = re.sub(r"[ ()-]", "", match[0]).upper()
    kind = ContactKind(match.lastgroup or "")
    if kind is ContactKind.ID_CARD and not _is_born(digits) and _is_luhn(digits):
        kind = ContactKind.BANK_CARD
    if kind is ContactKind.BANK_CARD and not _is_luhn(digits):
        if not _CARD_WORD.search(flat[max(0, match.start() - 12) : match.start()]):
            return None
        return Contact(kind, digits, *match.span(), Certainty.LIKELY)
    sure = kind is not ContactKind.ID_CARD or _is_id(digits)
    return Contact(kind, digits, *match.span(), Certainty.SURE if sure else Certainty.LIKELY)


def _is_born(digits: str) -> bool:
    """Tell whether a number holds a birthday where an ID number has it."""
    return len(digits) == 15 or _BIRTHDAY.fullmatch(digits, 6, 14) is not None


def _is_id(digits: str) -> bool:
    """Check the last sign of an 18-digit ID number (GB 11643); the old 15 digits have none."""
    if len(digits) == 15:
        return True
    total = sum(int(d) * w for d, w in zip(digits[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == digits[17]


def _is_luhn(digits: str) -> bool:
    if not digits.isdigit() or not 15 < len(digits) < 20:
        return False
    doubled = (int(d) * 2 for d in digits[-2::-2])
    return (sum(int(d) for d in digits[::-2]) + sum(d - 9 * (d > 9) for d in doubled)) % 10 == 0


def _masked(contact: Contact) -> str:
    value = contact.value
    if contact.kind is ContactKind.DOOR:
        return "***"
    if contact.kind is ContactKind.PLATE:
        return f"{value[:2]}·***{value[-2:]}"
    if contact.kind is ContactKind.MOBILE:
        return f"{value[:3]}****{value[-4:]}"
    if contact.kind is ContactKind.LANDLINE:
        return f"{value[: 3 if value[1] in '12' else 4]}****{value[-4:]}"
    return value[:3] + "*" * (len(value) - 7) + value[-4:]
