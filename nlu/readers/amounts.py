"""Sums of money in colloquial Chinese, read by our own grammar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from nlu.readers.certainty import Certainty


class Role(IntEnum):
    """What a sum is said to be; the lower number speaks for the matter first."""

    TOTAL = 0
    OWED = 1
    PLAIN = 2
    PAID = 3
    RATE = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money in fen; `per` names the unit of a rate (天, 月, 亩, 斤 ...)."""

    low_fen: int
    high_fen: int
    start: int
    end: int
    approx: bool = False
    per: str | None = None
    role: Role = Role.PLAIN
    certainty: Certainty = Certainty.SURE

    @property
    def fen(self) -> int | None:
        """The sum where one is told, None where a range is."""
        return self.low_fen if self.low_fen == self.high_fen else None

    def to_wire(self) -> dict[str, object]:
        """The `amount_fen` or `amount_range_fen` part of the classify interface."""
        wire: dict[str, object] = (
            {"amount_fen": self.low_fen}
            if self.low_fen == self.high_fen
            else {"amount_range_fen": [self.low_fen, self.high_fen]}
        )
        return wire | {"approx": True} if self.approx else wire


def amounts_in(text: str, asked: bool = False) -> tuple[Amount, ...]:
    """Every sum of money told in `text`; with `asked` a bare number counts too."""
    raise NotImplementedError
