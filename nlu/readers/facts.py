"""Everything that a message tells, in one reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nlu.readers.ages import MinorAge, minors_of
from nlu.readers.amounts import Amount, amounts_of, main_amount
from nlu.readers.areas import Area, areas_of, main_area
from nlu.readers.contacts import Contact, ContactKind, contacts_in
from nlu.readers.dates import When, expressions_in, when_of
from nlu.readers.moments import warm_up as warm_up_moments
from nlu.readers.numerals import quantities_in
from nlu.readers.occurrence import main_date
from nlu.readers.people import PeopleCount, people_of
from nlu.readers.place_table import place_table
from nlu.readers.places import Place, find_place
from nlu.readers.plain import plain
from nlu.readers.wishes import SessionWish, wishes_of


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells: all findings of a kind, and the one that the matter is about."""

    amounts: tuple[Amount, ...] = ()
    dates: tuple[When, ...] = ()
    wishes: tuple[SessionWish, ...] = ()
    contacts: tuple[Contact, ...] = ()
    areas: tuple[Area, ...] = ()
    minors: tuple[MinorAge, ...] = ()
    amount: Amount | None = None
    occurred: When | None = None
    area: Area | None = None
    place: Place | None = None
    people: PeopleCount | None = None

    @property
    def phone(self) -> str | None:
        """The first mobile phone told, else the first landline."""
        told = {contact.kind: contact.value for contact in reversed(self.contacts)}
        return told.get(ContactKind.MOBILE) or told.get(ContactKind.LANDLINE)

    @property
    def session_at(self) -> datetime | None:
        """The first local time told that a session could be held at."""
        return next((wish.at for wish in self.wishes if wish.at is not None), None)

    def to_wire(self) -> dict[str, object]:
        """The `facts` object of the classify interface, without what is not told.

        A range of areas is left out: the interface has one number, and none would be true.
        """
        at, area = self.session_at, self.area
        wire: dict[str, object | None] = {
            "occurred_on": self.occurred.to_wire() if self.occurred else None,
            "session_at": at.isoformat(timespec="minutes") if at else None,
            "phone": self.phone,
            "place": self.place.as_written if self.place else None,
            "people_count": self.people.count if self.people else None,
            "area_mu": area.low if area is not None and area.low == area.high else None,
        }
        told = {name: value for name, value in wire.items() if value is not None}
        return (self.amount.to_wire() if self.amount else {}) | told


def read_facts(text: str, now: datetime) -> Facts:
    """Read everything that `text` tells, seen from `now` (local time)."""
    flat = plain(text)
    today = now.date()
    contacts = contacts_in(text)
    expressions = [(match, when_of(match, today)) for match in expressions_in(flat)]
    numbers = quantities_in(flat)
    times = tuple(when for _, when in expressions if when is not None)
    taken = [match.span() for match, _ in expressions]
    taken += [(contact.start, contact.end) for contact in contacts]
    amounts = amounts_of(flat, numbers, taken)
    taken += [(a.rate_start, a.rate_end) for a in amounts if a.per is not None]
    taken += [(amount.start, amount.end) for amount in amounts]
    areas = areas_of(flat, numbers, taken)
    return Facts(
        amounts=amounts,
        dates=times,
        wishes=wishes_of(flat, expressions, now),
        contacts=contacts,
        areas=areas,
        minors=minors_of(flat, numbers),
        amount=main_amount(amounts),
        occurred=main_date(flat, times, today),
        area=main_area(flat, areas),
        place=find_place(text),
        people=people_of(flat, numbers, taken),
    )


def warm_up() -> None:
    """Load jionlp and the table of places now, so that no citizen waits for them."""
    warm_up_moments()
    place_table()
