"""Ages of minors, as bands only: the exact age is never kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nlu.readers.certainty import Certainty


class AgeBand(StrEnum):
    """The bands that the law treats differently."""

    UNDER_8 = "<8"
    FROM_8_TO_13 = "8-13"
    FROM_14_TO_17 = "14-17"


@dataclass(frozen=True, slots=True)
class MinorAge:
    """A minor is spoken of, of this band."""

    band: AgeBand
    start: int
    end: int
    certainty: Certainty = Certainty.SURE


def minors_in(text: str) -> tuple[MinorAge, ...]:
    """Every minor whose age is told in `text`."""
    raise NotImplementedError
