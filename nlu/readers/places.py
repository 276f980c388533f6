"""Places of 云南, down to the village."""

from __future__ import annotations

from dataclasses import dataclass

from nlu.readers.certainty import Certainty


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One place of the table; a level not told is None."""

    prefecture: str | None = None
    county: str | None = None
    township: str | None = None
    village: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place told: what all its readings agree on, and the readings if there are several."""

    as_written: str
    start: int
    end: int
    prefecture: str | None = None
    county: str | None = None
    township: str | None = None
    village: str | None = None
    candidates: tuple[PlaceName, ...] = ()
    certainty: Certainty = Certainty.SURE


def find_place(text: str) -> Place | None:
    """The most exact place told in `text`."""
    raise NotImplementedError
