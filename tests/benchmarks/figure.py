"""One measured figure, and what it is held against."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A value and, where there is one, the value it is held against (same unit)."""

    name: str
    value: float
    unit: str
    against: str = ""
    against_value: float | None = None

    def to_wire(self) -> dict[str, Any]:
        ratio = self.value / self.against_value if self.against_value else None
        against = f"{self.against}: {_short(self.against_value)}" if self.against_value else None
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "against": against,
            "ratio": _short(ratio) if ratio is not None else None,
        }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def seconds_each(job: Callable[[], object], times: int, rounds: int = 5) -> float:
    """Return the median over rounds of the mean seconds of one call."""
    job()
    means = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(times):
            job()
        means.append((time.perf_counter() - began) / times)
    return median(means)
