"""Replies to a question that was asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from domain.facts import BareNumber
from nlu.readers.amounts import Amount, Role, amounts_in, main_amount
from nlu.readers.areas import Area, areas_in
from nlu.readers.certainty import Certainty
from nlu.readers.choices import Choice, chosen, yes_or_no
from nlu.readers.contacts import ContactKind, contacts_in
from nlu.readers.dates import Precision, Tense, When, dates_in
from nlu.readers.numerals import quantities_in
from nlu.readers.occurrence import occurred
from nlu.readers.people import rounded
from nlu.readers.places import Place, find_place
from nlu.readers.plain import plain

Value = Amount | When | Place | Area | str | bool | int

MOST_TEXT = 1500
_MOST_NAME = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that answers: `value` is of the kind's own type, a choice's is its id."""

    kind: str
    value: Value
    start: int
    end: int
    certainty: Certainty = Certainty.SURE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The person says that he does not know, which is always a valid answer."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A reply that does not answer, and why.

    empty, too_long, no_amount, no_date, in_future, no_name, no_choice, several_choices,
    no_yes_no, no_count, no_place, not_a_phone, no_area.
    """

    why: str


_UNKNOWN = re.compile(
    r"不晓得|不知道|晓不得|认不得|不清楚|不太?清楚|[记说搞弄讲]不(?:太)?(?:清|得|住|准|来)|不记得|忘记?[了掉]|没算过|不确定|没数"
)


def read_answer(
    kind: str,
    text: str,
    now: datetime,
    choices: Sequence[Choice] = (),
    bare: BareNumber | None = None,
) -> Answer | Unknown | Unread:
    """Read a reply to a question of `kind`.

    Kinds: amount, date, text, name, choice, yes_no, count, place, phone, area. An unknown
    kind is a mistake of the caller and raises `KeyError`. `bare` says what a number alone means
    as an answer to choices; None: the choice of that place.
    """
    told = text.strip()
    if not told:
        return Unread("empty")
    if len(told) > MOST_TEXT:
        return Unread("too_long")
    at = text.index(told)
    answer = _read(kind, told, now.date(), partial(chosen, choices=choices, bare=bare))
    unsure = _UNKNOWN.search(told)
    short = unsure is not None and len(told) <= len(unsure[0]) + 6
    if unsure and (isinstance(answer, Unread) or (kind in _FREE_KINDS and short)):
        return Unknown()
    if isinstance(answer, Answer) and at:
        return replace(answer, start=answer.start + at, end=answer.end + at)
    return answer


def _amount(text: str, today: date) -> Answer | Unread:
    del today
    amount = main_amount(amounts_in(text, asked=True))
    if amount is None:
        return Unread("no_amount")
    sure = Certainty.LIKELY if amount.role is Role.RATE else amount.certainty
    return Answer("amount", amount, amount.start, amount.end, sure)


_BARE_YEAR = re.compile(r"(?:大概|是|在|约)?((?:19|20)[0-9]{2})年?(?:吧|左右)?[。.]?")


def _date(text: str, today: date) -> Answer | Unread:
    year = _BARE_YEAR.fullmatch(plain(text))
    times = dates_in(f"{year[1]}年" if year else text, today)
    if not times:
        return Unread("no_date")
    past = [w for w in (occurred(when, today) for when in times) if w is not None]
    vague = [w for w in times if w.first is None or w.lunar]
    when = next(iter([*past, *vague]), None)
    if when is None:
        return Unread("in_future")
    if when.precision is Precision.UNKNOWN and when.tense is Tense.OPEN and not when.lunar:
        return Unread("no_date")  # 2月30号
    if year:
        when = replace(when, start=year.start(1), end=year.end(1))
    return Answer("date", when, when.start, when.end, when.certainty)


def _text(text: str, today: date) -> Answer | Unread:
    del today
    return Answer("text", text, 0, len(text))


_NAME_LEAD = re.compile(
    r"(?:我|他|她|对方|老板|名字|姓名|人|那个)?的?(?:名字|姓名)?(?:就?叫做?|是|:|：|姓名|名字)\s?"
)
_NAME = re.compile(r"[\u4e00-\u9fff·A-Za-z()（） ]{1,30}")
_NO_NAME = re.compile(r"[什怎咋哪谁吗]|为何|没有|没得|不想|不说|你好")


def _name(text: str, today: date) -> Answer | Unread:
    del today
    lead = _NAME_LEAD.match(text)
    start = lead.end() if lead else 0
    name = text[start:].rstrip("。.!！,， 呢的嘛噶")
    if len(name) > _MOST_NAME:
        return Unread("too_long")
    if not _NAME.fullmatch(name) or _NO_NAME.search(name):
        return Unread("no_name")
    return Answer("name", name, start, start + len(name))


def _read(
    kind: str, told: str, today: date, choose: Callable[[str], Sequence[Choice]]
) -> Answer | Unread:
    if kind == "choice":
        return _choice(told, choose(told))
    if kind == "yes_no" and yes_or_no(told) is None and len(hits := choose(told)) == 1:
        return Answer("yes_no", hits[0].id == "yes", 0, len(told), Certainty.LIKELY)
    return _READERS[kind](told, today)


def _yes_no(text: str, today: date) -> Answer | Unread:
    del today
    found = yes_or_no(text)
    if found is None:
        return Unread("no_yes_no")
    return Answer("yes_no", found[0], 0, len(text), found[1])


_NONE = re.compile(r"(?:没得|没有|不有|一个都?[没不]|无|没)")


def _count(text: str, today: date) -> Answer | Unread:
    del today
    flat = plain(text)
    told = next(iter(quantities_in(flat)), None)
    if told is None or told.high == 1:
        if _NONE.search(flat):
            return Answer("count", 0, 0, len(text), Certainty.LIKELY)
        pair = re.search("俩|仨", flat)
        if pair:
            return Answer("count", 2 if pair[0] == "俩" else 3, *pair.span())
    if told is None or told.low != int(told.low) or told.low > 1_000_000:
        return Unread("no_count")
    exact = told.low == told.high and not told.approx
    sure = Certainty.SURE if exact else Certainty.LIKELY
    return Answer("count", rounded(told), told.start, told.end, sure)


_PLACE_LIKE = re.compile(r"[\u4e00-\u9fff0-9A-Za-z（）()\-号，, ]{2,60}")


def _place(text: str, today: date) -> Answer | Unread:
    del today
    place = find_place(text, asked=True)
    if place is None:
        if not _PLACE_LIKE.fullmatch(text) or _UNKNOWN.search(text) or _NO_NAME.search(text):
            return Unread("no_place")
        place = Place(text, 0, len(text), certainty=Certainty.LIKELY)
    return Answer("place", place, place.start, place.end, place.certainty)


def _phone(text: str, today: date) -> Answer | Unread:
    del today
    for contact in contacts_in(text):
        if contact.kind in (ContactKind.MOBILE, ContactKind.LANDLINE):
            return Answer("phone", contact.value, contact.start, contact.end)
    return Unread("not_a_phone")


def _area(text: str, today: date) -> Answer | Unread:
    del today
    areas = areas_in(text)
    if areas:
        return Answer("area", areas[0], areas[0].start, areas[0].end, areas[0].certainty)
    numbers = quantities_in(plain(text))
    if len(numbers) != 1 or text.strip(" 。.吧") != text[numbers[0].start : numbers[0].end]:
        return Unread("no_area")
    n = numbers[0]
    area = Area(n.low, n.high, n.start, n.end, approx=n.approx, certainty=Certainty.LIKELY)
    return Answer("area", area, n.start, n.end, Certainty.LIKELY)


def _choice(text: str, picked: Sequence[Choice]) -> Answer | Unread:
    if not picked:
        return Unread("no_choice")
    if len(picked) > 1:
        return Unread("several_choices")
    return Answer("choice", picked[0].id, 0, len(text))


_READERS: dict[str, Callable[[str, date], Answer | Unread]] = {
    "amount": _amount,
    "date": _date,
    "text": _text,
    "name": _name,
    "yes_no": _yes_no,
    "count": _count,
    "place": _place,
    "phone": _phone,
    "area": _area,
}
_FREE_KINDS = frozenset({"text", "name", "yes_no", "place"})
