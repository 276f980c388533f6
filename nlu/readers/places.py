"""Places of 云南, down to the village."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nlu.readers.certainty import Certainty
from nlu.readers.place_table import (
    COUNTY,
    TOWNSHIP,
    VILLAGE,
    Ids,
    PlaceTable,
    place_table,
)
from nlu.readers.place_words import (
    BEFORE_VILLAGE,
    FREE,
    LINK,
    NOT_AFTER,
    ORDINARY,
    ORDINARY_VILLAGES,
    PROVINCE,
    SEAT,
    SEATED,
    SUFFIX,
    TAIL,
    UNLISTED,
)


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One place of the table; a level not told is None."""

    prefecture: str | None = None
    county: str | None = None
    township: str | None = None
    village: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place told: what all its readings agree on, and the readings if there are several.

    A place that the table does not know has only its words.
    """

    as_written: str
    start: int
    end: int
    prefecture: str | None = None
    county: str | None = None
    township: str | None = None
    village: str | None = None
    candidates: tuple[PlaceName, ...] = ()
    certainty: Certainty = Certainty.SURE


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    places: Ids
    parts: int = 1


def find_place(text: str, asked: bool = False) -> Place | None:
    """The most exact place told in `text`: the longest address, and the first of its kind.

    With `asked` a name alone is enough (安宁, 兴街), as in a reply to "where?".
    """
    table = place_table()
    best = max(
        _addresses(table, text, asked), key=lambda m: (_depth(table, m), -m.start), default=None
    )
    if best is not None:
        return _place(table, text, best)
    free = FREE.search(text) if SUFFIX.search(text) else None
    if free is None:
        return None
    start, end = free.span("place")
    return Place(text[start:end], start, end, certainty=Certainty.LIKELY)


def _depth(table: PlaceTable, match: _Match) -> int:
    return max(table.levels[place] for place in match.places) + match.parts


def _addresses(table: PlaceTable, text: str, asked: bool) -> Iterator[_Match]:
    """Every address: names that follow each other from the large to the small."""
    address: _Match | None = None
    for at, lengths in _starts(table, text):
        if address is not None and at < address.end:
            continue
        if address is not None and LINK.fullmatch(text, address.end, at):
            longer = _inside(table, text, at, lengths, address)
            if longer is not None:
                address = longer
                continue
        alone = _alone(table, text, at, lengths, asked)
        if alone is not None:
            if address is not None:
                yield address
            address = alone
    if address is not None:
        yield address


def _starts(table: PlaceTable, text: str) -> Iterator[tuple[int, Ids]]:
    """Every position at which a written form can begin."""
    heads = table.lengths
    for at in range(len(text) - 1):
        lengths = heads.get(text[at : at + 2])
        if lengths is not None:
            yield at, lengths


def _inside(table: PlaceTable, text: str, at: int, lengths: Ids, address: _Match) -> _Match | None:
    """The name at `at` read as a place inside the address so far."""
    outer = set(address.places)
    for length in lengths:
        form = text[at : at + length]
        known = (*table.full.get(form, ()), *table.short.get(form, ()))
        inner = tuple(
            place
            for place in dict.fromkeys(known)
            if place not in outer and not outer.isdisjoint(table.line(place))
        )
        far = form not in table.full and _is_far(table, inner, outer)
        if inner and not far:
            return _Match(address.start, at + length, inner, address.parts + 1)
    return None


def _is_far(table: PlaceTable, inner: Ids, outer: set[int]) -> bool:
    """A village without 村 is too little to be read right after a prefecture."""
    return all(table.levels[p] == VILLAGE for p in inner) and all(
        table.levels[p] < COUNTY for p in outer
    )


def _alone(table: PlaceTable, text: str, at: int, lengths: Ids, asked: bool) -> _Match | None:
    """The name at `at`, if it can be read as a place without an address around it."""
    for length in lengths:
        form = text[at : at + length]
        if len(form) < length:
            continue
        places = table.full.get(form, ())
        if places and (asked or _stands(table, text, at, form, places)):
            return _Match(at, at + length, places)
        places = _largest(table, table.short.get(form, ()), asked)
        alone = asked and form == text
        if places and (alone or _is_named(table, text, at, form, places)):
            return _Match(at, at + length, places)
    return None


def _stands(table: PlaceTable, text: str, at: int, form: str, places: Ids) -> bool:
    """新村 and 大村 say too little; 和平村 and 云县 say enough."""
    if table.levels[places[0]] < VILLAGE:
        return len(form) > 2 or table.levels[places[0]] <= COUNTY
    if len(form) == 2 or form in ORDINARY_VILLAGES:
        return form != "全村" and _is_seated(text, at, form)
    return BEFORE_VILLAGE.search(text[max(0, at - 1) : at]) is not None


def _largest(table: PlaceTable, places: Ids, asked: bool) -> Ids:
    """A name without its level means a prefecture or county first, a village only if asked."""
    for lowest in (COUNTY, TOWNSHIP, VILLAGE if asked else TOWNSHIP):
        larger = tuple(place for place in places if table.levels[place] <= lowest)
        if larger:
            return larger
    return ()


def _is_seated(text: str, at: int, form: str) -> bool:
    """Tell whether the words around say that somebody is there: 在…, 住…街上."""
    before = SEAT.search(text[max(0, at - 3) : at])
    return before is not None and SEATED.match(text, at + len(form)) is not None


def _is_named(table: PlaceTable, text: str, at: int, form: str, places: Ids) -> bool:
    after = text[at + len(form) : at + len(form) + 1]
    if form in NOT_AFTER and after and after in NOT_AFTER[form]:
        return False
    large = any(table.levels[place] <= COUNTY for place in places)
    if form not in ORDINARY:
        return large or _is_seated(text, at, form)
    return large and _is_seated(text, at, form)


def _place(table: PlaceTable, text: str, match: _Match) -> Place:
    lines = [_named(table, place) for place in _outermost(table, match.places)]
    agreed = PlaceName(*(_agreed(lines, level) for level in _LEVELS))
    head = PROVINCE.search(text[max(0, match.start - 4) : match.start])
    start = match.start - len(head[0]) if head else match.start
    has_village = any(line.village for line in lines)
    tail = (TAIL if has_village else UNLISTED).match(text, match.end)
    end = tail.end() if tail else match.end
    several = len(lines) > 1
    sure = Certainty.SURE if has_village or tail is None else Certainty.LIKELY
    return Place(
        text[start:end],
        start,
        end,
        agreed.prefecture,
        agreed.county,
        agreed.township,
        agreed.village,
        candidates=tuple(lines) if several else (),
        certainty=Certainty.OPEN if several else sure,
    )


_LEVELS = ("prefecture", "county", "township", "village")


def _agreed(lines: Sequence[PlaceName], level: str) -> str | None:
    """What all the readings say of a level, if they say one thing."""
    told: set[str | None] = {getattr(line, level) for line in lines}
    return told.pop() if len(told) == 1 else None


def _outermost(table: PlaceTable, places: Ids) -> list[int]:
    """文山 is a prefecture and a city in it: without more words, the larger is meant."""
    known = set(places)
    return [place for place in places if known.isdisjoint(table.line(place)[1:])]


def _named(table: PlaceTable, place: int) -> PlaceName:
    names: list[str | None] = [None] * 4
    for each in table.line(place):
        names[table.levels[each]] = table.names[each]
    return PlaceName(*names)
