"""Red flags: deterministic rules beside the classifier, from `safety.yml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nlu.interpreter import FLAGS
from nlu.ngrams import fold

RULES = Path(__file__).parent / "safety.yml"
CUT = "\x00"  # stands where harmless words were; no sign reaches across it


@dataclass(frozen=True, slots=True)
class Rule:
    """How one flag is raised. Probabilities from `threshold` on raise it, signs always do.

    Where a message holds harmless words that look like signs, the probability must reach `guarded`.
    """

    threshold: float
    guarded: float
    signs: re.Pattern[str]
    harmless: re.Pattern[str] | None

    def is_up(self, folded: str, probability: float) -> bool:
        """Tell whether the flag is up for a folded text."""
        left = self.harmless.sub(CUT, folded) if self.harmless else folded
        needed = self.threshold if left == folded else self.guarded
        return probability >= needed or self.signs.search(left) is not None


@dataclass(frozen=True, slots=True)
class SafetyPanel:
    """The rules of every flag. Immutable, safe in several threads."""

    rules: Mapping[str, Rule]

    def flags(self, text: str, probabilities: Sequence[float]) -> frozenset[str]:
        """Return the red flags of a message; `probabilities` come in the order of FLAGS."""
        folded = fold(text)
        return frozenset(
            flag
            for flag, p in zip(FLAGS, probabilities, strict=True)
            if self.rules[flag].is_up(folded, p)
        )


def load_panel(path: Path = RULES) -> SafetyPanel:
    """Read the rules."""
    told: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["flags"]
    return SafetyPanel({flag: _rule(told[flag]) for flag in FLAGS})


def _rule(told: Mapping[str, Any]) -> Rule:
    harmless = re.compile("|".join(told["harmless"])) if told["harmless"] else None
    signs = re.compile("|".join(told["signs"]))
    return Rule(told["threshold"], told["guarded"], signs, harmless)


@cache
def panel() -> SafetyPanel:
    """Return the panel of this program; read once."""
    return load_panel()
