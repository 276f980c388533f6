"""Which facts of a sheet a story has told already, and what a reply to a question means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from domain.catalogue import DisputeSheet, Fact
from domain.facts import FactKind, FactValue
from nlu.readers.amounts import Amount
from nlu.readers.answers import Answer, Unknown, Unread, read_answer
from nlu.readers.areas import Area
from nlu.readers.certainty import Certainty
from nlu.readers.choices import by_age
from nlu.readers.dates import When
from nlu.readers.facts import Facts, read_facts
from nlu.readers.places import Place

Found = TypeVar("Found", Amount, When)
NEAR = 12  # characters between a cue and the sum or day that it speaks of
WISH = "wish"  # what is wished for is no fact yet: its sums and words fill nothing else
LONG = 12  # characters from which on a reply may tell more than was asked
LONG_NAME = 20  # a person is named in fewer; in more, the word that names him is looked for
# Nothing to say is an answer: the question is not asked again.
_DECLINED = re.compile(
    r"(?:我|就|还|也|都)*(?:不想|不愿意?|不方便|不能|不肯)(?:说|讲|告诉你?|透露|填|写)(?:了|的|嘛|吧)?"
    r"|(?:我|也|都|就|真)*(?:不晓得|不知道|晓不得|认不得|不清楚|记不(?:清|得|住))(?:了|的|呢|嘛|噶|啊)*"
    r"|(?:不告诉你?|保密|不说了?|跳过|略过?|下一个|下一题)"
)
_NOTHING = re.compile(
    r"(?:都|也|还|就|我)*(?:没有?|没得|不有|无)(?:了|呢|的|嘛|啊|电话|手机|号码)*"
)
_EMPTY = re.compile(r"[\W\d_]*|嗯+|哦+|啊+|额+|好的?|是的?|对的?|行|可以|ok", re.IGNORECASE)
_EDGE = re.compile(r"[\s,，。.!！?？~～、…]+")
# Sums beside the one that the matter is about: paid already, offered, asked of me, earned, insured.
_PARTLY = re.compile(
    r"(?:(?:才|只|就|先|已经?|愿意?|肯|答应|同意|最多|[要喊叫让]我)[^，。,]{0,4}[给赔付还出补结发][了掉我]{0,2}"
    r"|[挣赚][了着]?|收入)$"
)
_INSURED = re.compile(r"的?(?:三者|保额|保险)")
_NO = re.compile(r"(?:没|没有|没得|不有|不|未|无|不易|不会|不能)$")
_MYSELF = re.compile(r"(?:我们?|本人|作为)(?:就?是|当)[^，。,是]{1,4}|作为[^，。,]{1,4}")
_ANSWERED_BY_NO = frozenset({FactKind.CHOICE, FactKind.YES_NO, FactKind.COUNT})


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
            return _choice_told(fact, text, facts)
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
    near = _nearest(fact.cues, text, facts.amounts)
    if near is not None:
        return _amount_value(near, text)
    return _main_sum(text, facts) if fact.primary else None


def _main_sum(text: str, facts: Facts) -> FactValue | None:
    """Return the sum that the matter is about: not one paid already, offered, earned or insured."""
    first = () if facts.amount is None else (facts.amount,)
    others = (each for each in facts.amounts if each.per is None)
    whole = (each for each in (*first, *others) if not _is_beside(text, each))
    found = next(whole, None)
    return _amount_value(found, text) if found is not None else None


def _is_beside(text: str, amount: Amount) -> bool:
    before, after = text[max(0, amount.start - 8) : amount.start], text[amount.end : amount.end + 4]
    return _PARTLY.search(before) is not None or _INSURED.match(after) is not None


def _date_told(fact: Fact, text: str, facts: Facts) -> FactValue | None:
    near = _nearest(fact.cues, text, facts.dates)
    chosen = near or (facts.occurred if fact.primary else None)
    return date_value(chosen, text) if chosen is not None else None


def _nearest(cues: tuple[str, ...], text: str, found: Sequence[Found]) -> Found | None:
    """Return what stands nearest to one of the words, at most NEAR characters away."""
    places = [match.span() for cue in cues for match in re.finditer(re.escape(cue), text)]
    gaps = [
        (max(start - each.end, each.start - end), order)
        for order, each in enumerate(found)
        for start, end in places
    ]
    gap, order = min(gaps, default=(NEAR + 1, 0))
    return found[order] if gap <= NEAR else None


def _choice_told(fact: Fact, text: str, facts: Facts) -> FactValue | None:
    """Take the choice with the longest cue (没签合同 says more than 签合同), then the first.

    Ages of minors come before cues; of children in several bands it is asked which is meant.
    """
    aged = by_age(facts.minors, fact.choices) if facts.minors else []
    if aged:
        return FactValue(fact.kind, aged[0].id) if len(aged) == 1 else None
    found = [
        (-len(cue), text.index(cue), choice.id, cue)
        for choice in fact.choices
        for cue in choice.cues
        if cue in text and not (fact.kind is FactKind.YES_NO and _is_denied(text, cue))
    ]
    if not found:
        return None
    *_, chosen, cue = min(found)
    return FactValue(fact.kind, chosen, cue)


def _is_denied(text: str, cue: str) -> bool:
    """Whether the word stands behind a no (不易怀孕) that is not its own."""
    at = text.index(cue)
    return _NO.search(text[max(0, at - 3) : at]) is not None


def _words_told(fact: Fact, text: str) -> FactValue | None:
    others = _MYSELF.sub("", text)
    first = min(
        ((others.index(cue), -len(cue), cue) for cue in fact.cues if cue in others), default=None
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
    """Read a reply to the fact's question. Not to want to say is as good as not to know."""
    told = _EDGE.sub("", text)
    if _DECLINED.fullmatch(told):
        return Unknown()
    if fact.kind not in _ANSWERED_BY_NO and _NOTHING.fullmatch(told):
        return Unknown()
    if fact.kind is FactKind.TEXT and _EMPTY.fullmatch(told):
        return Unread("empty")
    answer = read_answer(fact.kind.value, text, now, fact.choices, fact.bare_number)
    if isinstance(answer, Answer):
        return _answer_value(fact, answer, text)
    return answer


def _answer_value(fact: Fact, answer: Answer, text: str) -> FactValue | Unread:
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
    return FactValue(fact.kind, value, "" if fact.is_age else words)


def reply_told(
    sheet: DisputeSheet, fact: Fact, text: str, now: datetime
) -> tuple[FactValue | Unknown | Unread, dict[str, FactValue]]:
    """Read a reply: the answer to the open question, and what else a longer one tells.

    Another sum or day in it is taken only beside its own cue, so that none is taken twice.
    """
    value = reply_value(fact, text, now)
    if len(text) < LONG or fact.name == WISH:
        return value, {}
    others = facts_told(sheet, text, read_facts(text, now))
    named = others.pop(fact.name, None)
    if named is not None and (isinstance(value, Unread) or _is_wordy(fact, text)):
        value = named
    if isinstance(value, FactValue):
        same = (value.kind, value.value)
        others = {k: each for k, each in others.items() if (each.kind, each.value) != same}
    return value, others


def _is_wordy(fact: Fact, text: str) -> bool:
    return fact.kind is FactKind.TEXT and len(text) > LONG_NAME


def rough_place(text: str, now: datetime) -> FactValue | None:
    """Return a place that no table has as the person named it, for somebody to look up."""
    answer = read_answer(FactKind.PLACE.value, text, now)
    if not isinstance(answer, Answer):
        return None
    value = {"prefecture": None, "county": None, "township": None, "village": text.strip()}
    return FactValue(FactKind.PLACE, value, text.strip(), approx=True)


def _place_doubt(place: Place) -> Unread:
    return Unread("several_places" if place.candidates else "no_place")


def is_told(fact: Fact, known: Mapping[str, FactValue]) -> bool:
    """Whether the fact is known, in the words of this sheet: another may offer other choices."""
    value = known.get(fact.name)
    if value is None:
        return False
    return not fact.choices or any(choice.id == value.value for choice in fact.choices)


def missing(
    sheet: DisputeSheet, known: Mapping[str, FactValue], unknown: tuple[str, ...], at_booking: bool
) -> Iterator[Fact]:
    """Yield the facts still to be asked, in the sheet's order; optional ones never are."""
    for fact in sheet.facts:
        wanted = fact.at_booking == at_booking and not fact.optional
        if wanted and not is_told(fact, known) and fact.name not in unknown:
            yield fact
