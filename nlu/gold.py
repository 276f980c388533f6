"""The gold set: messages that others labelled, to measure with and never to train on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOLD = Path(__file__).parent.parent / "tests" / "nlu" / "gold"
# `tuned` shaped the rules and bounds of the safety panel, so no figure counts it; the authors of
# rules and corpus have seen nothing of the others.
PARTS = ("disputes", "dialect", "intents", "safety", "tuned")


class NoGold(Exception):
    """There is nothing to measure with; the message says why."""


@dataclass(frozen=True, slots=True)
class GoldLine:
    """One message with its labels; `also_ok` are leaves or flags that are right as well.

    `intent` is None where any would do. `part` is the file of the gold set that holds it. `gpt4`
    are the leaves that an answer of GPT-4 stands for, where a file of real questions names them.
    """

    id: str
    text: str
    intent: str | None
    dispute_type: str | None
    also_ok: frozenset[str]
    flags: frozenset[str]
    register: str
    part: str
    gpt4: frozenset[str] | None = None

    @property
    def right_types(self) -> frozenset[str]:
        """The dispute types that a reasonable mediator would accept."""
        return self.also_ok | {self.dispute_type} if self.dispute_type else frozenset()


def read_gold(folder: Path = GOLD) -> tuple[GoldLine, ...]:
    """Read the gold set; raises NoGold."""
    missing = [part for part in PARTS if not (folder / f"{part}.jsonl").is_file()]
    if missing:
        raise NoGold(
            f"The gold set is not here ({folder / (missing[0] + '.jsonl')}): this copy came "
            "without its tests, so nothing can be measured."
        )
    return tuple(line for part in PARTS for line in read_lines(folder / f"{part}.jsonl"))


def read_lines(path: Path) -> Iterator[GoldLine]:
    """Read a file of messages with at least `id` and `text`; raises NoGold for a broken line."""
    if not path.is_file():
        raise NoGold(f"{path}: there is no such file")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            try:
                yield _line(json.loads(line), path.stem)
            except (ValueError, KeyError, TypeError):
                raise NoGold(
                    f"{path}, line {number}: is no "
                    '{"id": ..., "text": ..., "dispute_type": ...}; mend or remove it'
                ) from None


def _line(told: dict[str, Any], part: str) -> GoldLine:
    return GoldLine(
        str(told["id"]),
        told["text"],
        told.get("intent"),
        told.get("dispute_type"),
        frozenset(told.get("also_ok", ())),
        frozenset(told.get("flags", ())),
        told.get("register", ""),
        part,
        frozenset(told["gpt4"]) if "gpt4" in told else None,
    )
