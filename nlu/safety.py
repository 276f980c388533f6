"""Red flags that words alone decide: deterministic rules beside the model's score."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
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
    """The signs of one red flag, and what takes them back."""

    name: str
    plain: re.Pattern[str]
    signs: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything in `safety.yml`, compiled."""

    harmless: re.Pattern[str]
    aloof: re.Pattern[str]
    denial: re.Pattern[str]
    flags: tuple[Flag, ...]

    def plainly(self, text: str) -> frozenset[str]:
        """Return the flags that the words raise by themselves, whatever the model says."""
        cut = self._readable(text)
        return frozenset(
            flag.name
            for flag in self.flags
            if cut and self._stands(flag.plain, cut) and not flag.unless.search(cut)
        )

    def hints(self, text: str, names: Collection[str]) -> frozenset[str]:
        """Return which of the flags `names` have a sign in the text."""
        cut = self._readable(text)
        return frozenset(
            flag.name
            for flag in self.flags
            if cut
            and flag.name in names
            and any(self._stands(sign, cut) for sign in flag.signs)
            and not flag.unless.search(cut)
        )

    def _readable(self, text: str) -> str:
        """Return the text without what is harmless; empty where the writer only tells of things."""
        cut = self.harmless.sub(_CUT, fold(text))
        return "" if self.aloof.search(cut) else cut

    def _stands(self, sign: re.Pattern[str], folded: str) -> bool:
        return any(
            not self.denial.search(folded[max(0, found.start() - BEFORE) : found.start()])
            for found in sign.finditer(folded)
        )


@lru_cache(maxsize=1)
def rules(path: Path = RULES) -> Rules:
    """Read and compile the rules; raises SafetyFaults with every fault."""
    told = yaml.safe_load(path.read_text("utf-8"))
    faults = [f"no rules for the flag {flag}" for flag in FLAGS if flag not in told["flags"]]
    faults += [f"{flag}: is no red flag" for flag in told["flags"] if flag not in FLAGS]
    compiled = _Compiler(told["words"], faults)
    made = Rules(
        compiled.any_of("harmless", told["harmless"]),
        compiled.any_of("aloof", told["aloof"]),
        compiled.any_of("denial", [told["denial"]]),
        tuple(_flags(told["flags"], compiled)),
    )
    if faults:
        raise SafetyFaults("\n".join(f"{path.name}: {fault}" for fault in faults))
    return made


def _flags(told: Mapping[str, Any], compiled: _Compiler) -> Iterator[Flag]:
    for name, rule in told.items():
        signs = tuple(compiled.any_of(name, [sign]) for sign in rule["signs"])
        plain, unless = (compiled.any_of(name, rule[part]) for part in ("plain", "unless"))
        yield Flag(name, plain, signs, unless)


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
