"""Phones, ID cards, bank cards and plates: found so that they can be masked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nlu.readers.certainty import Certainty


class ContactKind(StrEnum):
    """What a private number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Contact:
    """A private number, in plain digits."""

    kind: ContactKind
    value: str
    start: int
    end: int
    certainty: Certainty = Certainty.SURE


def contacts_in(text: str) -> tuple[Contact, ...]:
    """Every private number in `text`."""
    raise NotImplementedError


def mask(text: str) -> str:
    """`text` with every private number masked."""
    raise NotImplementedError
