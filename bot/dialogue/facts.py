"""Which facts of a sheet a story has told already, and what a reply to a question means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from domain.catalogue import DisputeSheet, Fact
from domain.facts import FactKind, FactValue
from nlu.readers.amounts import Amount
from nlu.readers.answers import Answer, Unknown, Unread, read_answer
from nlu.readers.areas import Area
from nlu.readers.certainty import Certainty
from nlu.readers.dates import When
from nlu.readers.facts import Facts
from nlu.readers.places import Place

NUMBERED = 2  # from so many choices on, a bare number means the choice
NEAR = 12  # characters between a cue and the sum or day that it speaks of


def facts_told(sheet: DisputeSheet, text: str, facts: Facts) -> dict[str, FactValue]:
    """Return every fact of the sheet that the text tells, by fact name."""
    told = {}
    for fact in sheet.facts:
        value = _told(fact, text, facts)
        if value is not None:
            told[fact.name] = value
    return told


def _told(fact: Fact, text: str, facts: Facts) -> FactValue | None:
    match fact.kind:
        case FactKind.AMOUNT:
            return _amount_told(fact, text, facts)
        case FactKind.DATE:
            return _date_told(fact, text, facts)
        case FactKind.CHOICE | FactKind.YES_NO:
            return _choice_told(fact, text)
        case FactKind.TEXT | FactKind.NAME:
            return _words_told(fact, text)
    return _primary_told(fact, text, facts) if fact.primary else None


def _primary_told(fact: Fact, text: str, facts: Facts) -> FactValue | None:
    match fact.kind:
        case FactKind.PLACE:
            return place_value(facts.place) if facts.place else None
        case FactKind.COUNT:
            people = facts.people
            words = text[people.start : people.end] if people else ""
            return FactValue(fact.kind, people.count, words, people.approx) if people else None
        case FactKind.AREA:
            mu = next((area for area in facts.areas if area.is_mu), None)
            return _area_value(mu, text) if mu else None
    return FactValue(fact.kind, facts.phone, facts.phone) if facts.phone else None


def _amount_told(fact: Fact, text: str, facts: Facts) -> FactValue | None:
    near = [each for each in facts.amounts if _is_near(fact.cues, text, each.start, each.end)]
    if near:
        return _amount_value(near[0], text)
    if fact.primary and facts.amount is not None:
        return _amount_value(facts.amount, text)
    return None


def _date_told(fact: Fact, text: str, facts: Facts) -> FactValue | None:
    near = [each for each in facts.dates if _is_near(fact.cues, text, each.start, each.end)]
    chosen = near[0] if near else facts.occurred if fact.primary else None
    return date_value(chosen, text) if chosen is not None else None


def _is_near(cues: tuple[str, ...], text: str, start: int, end: int) -> bool:
    window = text[max(0, start - NEAR) : end + NEAR]
    return any(cue in window for cue in cues)


def _choice_told(fact: Fact, text: str) -> FactValue | None:
    """Take the choice with the longest cue in the text: 没签合同 says more than 签合同."""
    found = [
        (len(cue), choice.id, cue) for choice in fact.choices for cue in choice.cues if cue in text
    ]
    if not found:
        return None
    _, chosen, cue = max(found)
    return FactValue(fact.kind, chosen, cue)


def _words_told(fact: Fact, text: str) -> FactValue | None:
    first = min(
        ((text.index(cue), -len(cue), cue) for cue in fact.cues if cue in text), default=None
    )
    return FactValue(fact.kind, first[2], first[2]) if first else None


def _amount_value(amount: Amount, text: str) -> FactValue:
    words = text[amount.start : amount.end]
    return FactValue(FactKind.AMOUNT, [amount.low_fen, amount.high_fen], words, amount.approx)


def date_value(when: When, text: str) -> FactValue | None:
    """Return a date as precisely as it was told, or None where the words fix no date."""
    wire = when.to_wire()
    if wire is None:
        return None
    if isinstance(wire, Mapping):
        wire = "-".join(f"{part:02d}" for part in wire.values())
    return FactValue(
        FactKind.DATE, wire, text[when.start : when.end], when.certainty is not Certainty.SURE
    )


def place_value(place: Place) -> FactValue | None:
    """Return a place of the table; None while several places have the name."""
    if place.county is None:
        return None
    value = {
        "prefecture": place.prefecture,
        "county": place.county,
        "township": place.township,
        "village": place.village,
    }
    return FactValue(FactKind.PLACE, value, place.as_written)


def _area_value(area: Area, text: str) -> FactValue:
    return FactValue(FactKind.AREA, area.low, text[area.start : area.end], area.approx)


def reply_value(fact: Fact, text: str, now: datetime) -> FactValue | Unknown | Unread:
    """Read a reply to the fact's question."""
    answer = read_answer(fact.kind.value, text, now, fact.choices)
    if not isinstance(answer, Answer):
        return answer
    value = answer.value
    words = text[answer.start : answer.end]
    match value:
        case Amount():
            return _amount_value(value, text)
        case When():
            return date_value(value, text) or Unread("no_date")
        case Place():
            return place_value(value) or _place_doubt(value)
        case Area():
            return _area_value(value, text)
        case bool():
            return FactValue(fact.kind, "yes" if value else "no", words)
    return FactValue(fact.kind, value, words)


def _place_doubt(place: Place) -> Unread:
    return Unread("several_places" if place.candidates else "no_place")


def missing(
    sheet: DisputeSheet, known: Mapping[str, FactValue], unknown: tuple[str, ...], at_booking: bool
) -> Iterator[Fact]:
    """Yield the facts still to be asked, in the sheet's order; optional ones never are."""
    for fact in sheet.facts:
        wanted = fact.at_booking == at_booking and not fact.optional
        if wanted and fact.name not in known and fact.name not in unknown:
            yield fact
