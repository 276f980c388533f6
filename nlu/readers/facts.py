"""Everything that a message tells, in one reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nlu.readers.ages import MinorAge
from nlu.readers.amounts import Amount
from nlu.readers.areas import Area
from nlu.readers.contacts import Contact
from nlu.readers.dates import When
from nlu.readers.people import PeopleCount
from nlu.readers.places import Place
from nlu.readers.wishes import SessionWish


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells; the first properties are all findings, the others choose one."""

    amounts: tuple[Amount, ...] = ()
    dates: tuple[When, ...] = ()
    wishes: tuple[SessionWish, ...] = ()
    contacts: tuple[Contact, ...] = ()
    areas: tuple[Area, ...] = ()
    minors: tuple[MinorAge, ...] = ()
    amount: Amount | None = None
    occurred: When | None = None
    place: Place | None = None
    people: PeopleCount | None = None

    @property
    def phone(self) -> str | None:
        """The first phone told."""
        raise NotImplementedError

    def to_wire(self) -> dict[str, object]:
        """The `facts` object of the classify interface, without what is not told."""
        raise NotImplementedError


def read_facts(text: str, now: datetime) -> Facts:
    """Read everything that `text` tells, seen from `now` (local time)."""
    raise NotImplementedError
