"""Areas of land and floor."""

from __future__ import annotations

from dataclasses import dataclass

from nlu.readers.certainty import Certainty


@dataclass(frozen=True, slots=True)
class Area:
    """An area in 亩 (1 亩 = 10 分 = 100 厘) or in square metres, never converted."""

    low: float
    high: float
    start: int
    end: int
    is_mu: bool = True
    approx: bool = False
    certainty: Certainty = Certainty.SURE


def areas_in(text: str) -> tuple[Area, ...]:
    """Every area told in `text`; the unit of a rate (一亩八百) is none."""
    raise NotImplementedError
