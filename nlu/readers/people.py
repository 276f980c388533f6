"""How many people have the matter."""

from __future__ import annotations

from dataclasses import dataclass

from nlu.readers.certainty import Certainty


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """Size of the group that has the matter, in people or in households."""

    count: int
    start: int
    end: int
    approx: bool = False
    households: bool = False
    certainty: Certainty = Certainty.SURE


def people_in(text: str) -> PeopleCount | None:
    """The size of the group that has the matter, the writer included when he says so."""
    raise NotImplementedError
