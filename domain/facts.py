"""What is known of one fact (要素) of a dispute, in a form that survives to data and back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FactKind(StrEnum):
    """How a fact is asked for and what its value looks like (see `FactValue.value`)."""

    AMOUNT = "amount"  # [low, high] in fen, equal when one sum was named
    DATE = "date"  # "2026-10-15", "2026-10" or "2026": as precise as it was told
    TEXT = "text"  # the words themselves
    NAME = "name"  # how a person wants to be called
    CHOICE = "choice"  # the id of one of the fact's choices
    YES_NO = "yes_no"  # "yes" or "no"
    COUNT = "count"  # a whole number
    PLACE = "place"  # {"prefecture", "county", "township", "village"}, each a name or None
    PHONE = "phone"  # digits only
    AREA = "area"  # mu


class AgeBand(StrEnum):
    """How old a child is, as far as the law asks (民法典 17, 19, 20, 1084, 1199, 1200)."""

    UNDER_2 = "<2"
    FROM_2_TO_7 = "2-7"
    FROM_8_TO_13 = "8-13"
    FROM_14_TO_17 = "14-17"
    GROWN = "18+"


class BareNumber(StrEnum):
    """What a reply of a number alone (3) means where a question with choices asks for one."""

    AGE = "age"  # how old a child is, in years: see `Choice.ages`
    COUNT = "count"  # how many there are: see `Choice.least`
    UNCLEAR = "unclear"  # it may mean several things, so the question is asked again


@dataclass(frozen=True, slots=True)
class FactValue:
    """One told fact: its value (shape by kind), the words it was read from, how vague."""

    kind: FactKind
    value: Any
    words: str = ""
    approx: bool = False

    def to_data(self) -> dict[str, Any]:
        """Return a JSON-ready form."""
        return {
            "kind": self.kind.value,
            "value": self.value,
            "words": self.words,
            "approx": self.approx,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> FactValue:
        """Read what `to_data` wrote."""
        return cls(FactKind(data["kind"]), data["value"], data["words"], data["approx"])
