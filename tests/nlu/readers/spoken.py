"""Findings as the short words in which `cases.jsonl` expects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nlu.readers.ages import MinorAge
from nlu.readers.amounts import Amount, amounts_in
from nlu.readers.answers import Unknown, Unread, read_answer
from nlu.readers.areas import Area, areas_in
from nlu.readers.certainty import Certainty
from nlu.readers.contacts import contacts_in, mask
from nlu.readers.dates import Tense, When, dates_in
from nlu.readers.facts import read_facts
from nlu.readers.places import Place, find_place
from nlu.readers.wishes import SessionWish, wishes_in

NOW = datetime.fromisoformat("2026-11-23T10:00")


@dataclass(frozen=True)
class Option:
    """A choice as a dialogue would offer it."""

    id: str
    label: str
    cues: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    least: int | None = None


OPTIONS = (
    Option("wage", "拖欠工资", ("工钱", "工资")),
    Option("loan", "民间借贷", ("借钱", "欠条", "借条")),
    Option("other", "其他", ("都不是", "别的")),
)


def _yuan(fen: int) -> str:
    return f"{fen / 100:g}" if fen % 100 else str(fen // 100)


def amount(a: Amount) -> str:
    told = _yuan(a.low_fen) if a.fen is not None else f"{_yuan(a.low_fen)}-{_yuan(a.high_fen)}"
    return told + (f"/{a.per}" if a.per else "") + ("~" if a.approx else "")


def when(w: When) -> str:
    if w.lunar:
        return f"lunar {w.first}"
    wire = w.to_wire()
    if wire is None:
        return "?"
    told = wire if isinstance(wire, str) else "-".join(f"{part:02}" for part in wire.values())
    return (">" if w.tense is Tense.FUTURE else "") + told


def wish(w: SessionWish) -> str:
    days = str(w.first) if w.first == w.last else f"{w.first}..{w.last}"
    parts = [
        days if w.first else "",
        w.clock.isoformat("minutes") if w.clock else "",
        w.part.value if w.part else "",
        "market" if w.market_day else "",
        "" if w.certainty is Certainty.SURE else "?",
    ]
    return " ".join(part for part in parts if part)


def place(p: Place | None) -> str | None:
    if p is None:
        return None
    mark = {Certainty.SURE: "", Certainty.OPEN: "?", Certainty.LIKELY: "~"}[p.certainty]
    return "/".join(x or "" for x in (p.prefecture, p.county, p.township, p.village)) + mark


def area(a: Area) -> str:
    size = f"{a.low:g}" if a.low == a.high else f"{a.low:g}-{a.high:g}"
    return size + ("亩" if a.is_mu else "平") + ("~" if a.approx else "")


def age(a: MinorAge) -> str:
    return a.band.value + ("?" if a.certainty is Certainty.OPEN else "")


def people(text: str) -> str | None:
    found = read_facts(text, NOW).people
    if found is None:
        return None
    return f"{found.count}{'~' if found.approx else ''}{'户' if found.households else ''}"


def main_sum(text: str) -> str | None:
    found = read_facts(text, NOW).amount
    return amount(found) if found else None


SAY: dict[type, Callable[..., object]] = {Amount: amount, When: when, Place: place, Area: area}


def answer(kind: str, text: str) -> object:
    reply = read_answer(kind, text, NOW, OPTIONS)
    if isinstance(reply, Unknown):
        return "unknown"
    if isinstance(reply, Unread):
        return f"unread {reply.why}"
    if kind == "count" and reply.value and reply.certainty is Certainty.LIKELY:
        return f"{reply.value}~"
    return SAY.get(type(reply.value), lambda value: value)(reply.value)


READ: dict[str, Callable[[str], object]] = {
    "amounts": lambda text: [amount(a) for a in amounts_in(text)],
    "amount": main_sum,
    "dates": lambda text: [when(w) for w in dates_in(text, NOW.date())],
    "occurred": lambda text: read_facts(text, NOW).to_wire().get("occurred_on"),
    "wish": lambda text: [wish(w) for w in wishes_in(text, NOW)],
    "place": lambda text: place(find_place(text)),
    "contacts": lambda text: [f"{c.kind} {c.value}" for c in contacts_in(text)],
    "mask": mask,
    "people": people,
    "areas": lambda text: [area(a) for a in areas_in(text)],
    "ages": lambda text: [age(a) for a in read_facts(text, NOW).minors],
    "facts": lambda text: read_facts(text, NOW).to_wire(),
}


def read(reader: str, text: str) -> object:
    """What the named reader finds in `text`, in the words of the case file."""
    name, _, kind = reader.partition(":")
    return answer(kind, text) if name == "answer" else READ[name](text)
