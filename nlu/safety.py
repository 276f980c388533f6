"""Red flags that words alone decide: deterministic rules beside the model's score."""

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
BEFORE = 8  # so many characters before a sign may deny it
_CUT = "＃"


class SafetyFaults(Exception):
    """The rules of `safety.yml` cannot be used; one line a fault."""


@dataclass(frozen=True, slots=True)
class Flag:
    """How one red flag is raised.

    A probability of `threshold` raises it, of `guarded` also where the text takes it back.
    """

    name: str
    threshold: float
    plain: re.Pattern[str]
    signs: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class SafetyPanel:
    """Everything in `safety.yml`, compiled. Immutable, safe in several threads."""

    harmless: re.Pattern[str]
    aloof: re.Pattern[str]
    denial: re.Pattern[str]
    hinted: float
    guarded: float
    rules: tuple[Flag, ...]

    def flags(self, text: str, probabilities: Sequence[float]) -> frozenset[str]:
        """Return the red flags of a message; `probabilities` come in the order of FLAGS."""
        cut = self._readable(text)
        up = (
            self._is_up(rule, cut, float(p))
            for rule, p in zip(self.rules, probabilities, strict=True)
        )
        return frozenset(flag for flag, raised in zip(FLAGS, up, strict=True) if raised)

    def _is_up(self, rule: Flag, cut: str, p: float) -> bool:
        if p >= self.guarded:
            return True
        raised = (
            p >= rule.threshold
            or self._stands(rule.plain, cut)
            or (p >= self.hinted and any(self._stands(sign, cut) for sign in rule.signs))
        )
        return raised and cut != "" and not rule.unless.search(cut)

    def _readable(self, text: str) -> str:
        """Return the text without what is harmless; empty where the writer only tells of things."""
        cut = self.harmless.sub(_CUT, fold(text))
        return "" if self.aloof.search(cut) else cut

    def _stands(self, sign: re.Pattern[str], folded: str) -> bool:
        return any(
            not self.denial.search(folded[max(0, found.start() - BEFORE) : found.start()])
            for found in sign.finditer(folded)
        )


@cache
def panel(path: Path = RULES) -> SafetyPanel:
    """Read and compile the rules, once; raises SafetyFaults with every fault."""
    told = yaml.safe_load(path.read_text("utf-8"))
    flags = told["flags"]
    faults = [f"no rules for the flag {flag}" for flag in FLAGS if flag not in flags]
    faults += [f"{flag}: is no red flag" for flag in flags if flag not in FLAGS]
    compiled = _Compiler(told["words"], faults)
    made = SafetyPanel(
        compiled.any_of("harmless", told["harmless"]),
        compiled.any_of("aloof", told["aloof"]),
        compiled.any_of("denial", [told["denial"]]),
        told["hinted"],
        told["guarded"],
        tuple(_flag(flag, flags[flag], compiled) for flag in FLAGS if flag in flags),
    )
    if faults:
        raise SafetyFaults("\n".join(f"{path.name}: {fault}" for fault in faults))
    return made


def _flag(name: str, rule: Mapping[str, Any], compiled: _Compiler) -> Flag:
    signs = tuple(compiled.any_of(name, [sign]) for sign in rule["signs"])
    plain, unless = (compiled.any_of(name, rule[part]) for part in ("plain", "unless"))
    return Flag(name, rule["threshold"], plain, signs, unless)


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Puts the shared words into patterns, and collects what is no pattern."""

    words: Mapping[str, str]
    faults: list[str]

    def any_of(self, where: str, patterns: list[str]) -> re.Pattern[str]:
        """Return one pattern that matches where any of `patterns` does."""
        source = "|".join(re.sub("~([A-Z])~", lambda m: self.words[m[1]], p) for p in patterns)
        try:
            return re.compile(source)
        except re.error as fault:
            self.faults.append(f"{where}: {fault} in {source}")
            return re.compile("(?!)")
