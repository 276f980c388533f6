"""Red flags: words beside the classifier's scores, so that neither alone decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import and_
from pathlib import Path
from typing import Any

import yaml

from nlu.interpreter import FLAGS
from nlu.needles import MOST, alternatives, needles
from nlu.ngrams import fold

RULES = Path(__file__).parent / "safety.yml"
CUT = "\x00"  # stands where harmless words were; no gap reaches across it
GAP = r"[^。!?;\x00]{0,8}"
# Up to WORDLESS characters the classifier guesses, and words alone decide; up to SHORT it must be
# fairly sure, and the second stage must have read them: docs/decisions/0002.
WORDLESS, SHORT, FAIRLY_SURE = 4, 6, 0.5
DENIED = 0.01  # below, it is so sure of the opposite that plain words do not count either
BOUNDS = ("threshold", "guarded")
PARTS = ("harmless", "signs")
ELSEWHERE = "elsewhere"
Needles = tuple[frozenset[str], ...]


class SafetyFaults(Exception):
    """The rules cannot be used; one line a fault."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The probabilities from which the classifier raises a flag; see the head of `safety.yml`."""

    threshold: float
    guarded: float


@dataclass(frozen=True, slots=True)
class SafetyPanel:
    """All rules. Immutable, safe in several threads.

    `allowed` holds for each character a number a slot: bit n is set where the character serves
    the needle in that slot of pattern n. `free` are the bits of patterns without such a slot.
    """

    patterns: tuple[re.Pattern[str], ...]
    places: tuple[tuple[str, str], ...]
    allowed: Mapping[str, tuple[int, ...]]
    free: tuple[int, ...]
    bounds: Mapping[str, Bounds]

    def flags(self, text: str, probabilities: Sequence[float]) -> frozenset[str]:
        """Return the red flags of a message; `probabilities` come in the order of FLAGS."""
        folded = fold(text)
        candidates = self._candidates(folded)
        left = _cut(folded, candidates.get((ELSEWHERE, ELSEWHERE), ()))
        return frozenset(
            flag
            for flag, p in zip(FLAGS, probabilities, strict=True)
            if self._is_up(flag, folded, left, candidates, float(p))
        )

    def _is_up(
        self,
        flag: str,
        folded: str,
        left: str,
        candidates: Mapping[tuple[str, str], Sequence[re.Pattern[str]]],
        p: float,
    ) -> bool:
        bounds, counts = self.bounds[flag], _counts(p, len(folded))
        if counts and p >= bounds.guarded:
            return True
        left = _cut(left, candidates.get((flag, "harmless"), ()))
        if counts and left == folded and p >= bounds.threshold:
            return True
        if p < DENIED and len(folded) > SHORT:
            return False
        return any(sign.search(left) for sign in candidates.get((flag, "signs"), ()))

    def _candidates(self, folded: str) -> Mapping[tuple[str, str], list[re.Pattern[str]]]:
        """Return by flag and part the patterns that the characters of a text allow."""
        slots = list(self.free)
        for character in set(folded):
            if more_of := self.allowed.get(character):
                slots = [have | more for have, more in zip(slots, more_of, strict=True)]
        left = reduce(and_, slots)
        candidates: dict[tuple[str, str], list[re.Pattern[str]]] = {}
        while left:
            place = left.bit_length() - 1
            left ^= 1 << place
            candidates.setdefault(self.places[place], []).append(self.patterns[place])
        return candidates


def _counts(p: float, length: int) -> bool:
    """Tell whether a score for a text of so many characters is more than a guess."""
    return length > SHORT or (length > WORDLESS and p >= FAIRLY_SURE)


def _cut(text: str, harmless: Sequence[re.Pattern[str]]) -> str:
    for pattern in harmless:
        text = pattern.sub(CUT, text)
    return text


def load_panel(path: Path = RULES) -> SafetyPanel:
    """Read and compile the rules; raises SafetyFaults with every fault."""
    faults: list[str] = []
    try:
        told = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as fault:
        raise SafetyFaults(f"{path.name}: cannot be read: {fault}") from fault
    page = _mapping(told, "the file", ("words", ELSEWHERE, "flags"), faults)
    flags = _mapping(page.get("flags"), "flags", FLAGS, faults)
    words = _mapping(page.get("words"), "words", None, faults)
    rules = {flag: _mapping(flags.get(flag), flag, (*BOUNDS, *PARTS), faults) for flag in FLAGS}
    bounds = {flag: _bounds(flag, rule, faults) for flag, rule in rules.items()}
    sources = [(ELSEWHERE, ELSEWHERE, page.get(ELSEWHERE))]
    sources += [(flag, part, rule.get(part)) for flag, rule in rules.items() for part in PARTS]
    compiled = [
        ((flag, part), pattern, sought)
        for flag, part, listed in sources
        for pattern, sought in _patterns(f"{flag}: {part}", listed, words, faults)
    ]
    if faults:
        raise SafetyFaults("\n".join(f"{path.name}: {fault}" for fault in faults))
    places = tuple(place for place, _, _ in compiled)
    patterns = tuple(pattern for _, pattern, _ in compiled)
    return SafetyPanel(patterns, places, *_slots([sought for _, _, sought in compiled]), bounds)


@cache
def panel() -> SafetyPanel:
    """Return the rules of this program, read once."""
    return load_panel()


def _mapping(
    told: Any, where: str, keys: Sequence[str] | None, faults: list[str]
) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        faults.append(f"{where}: is no mapping")
        return {}
    if keys is not None:
        faults += [f"{where}: {key} is missing" for key in keys if key not in told]
        faults += [f"{where}: {key} is unknown" for key in told if key not in keys]
    return told


def _bounds(flag: str, rule: Mapping[str, Any], faults: list[str]) -> Bounds:
    told = [rule.get(name) for name in BOUNDS if name in rule]
    numbers = [each for each in told if isinstance(each, float) and 0 < each < 1]
    if len(numbers) < len(told) or numbers != sorted(numbers):
        faults.append(f"{flag}: {' <= '.join(BOUNDS)} must be numbers between 0 and 1")
    return Bounds(*numbers) if len(numbers) == len(BOUNDS) else Bounds(1.0, 1.0)


def _patterns(
    where: str, listed: Any, words: Mapping[str, Any], faults: list[str]
) -> Iterator[tuple[re.Pattern[str], Needles]]:
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        faults.append(f"{where}: must be a list of patterns")
        return
    for told in listed:
        for source in alternatives(told):
            try:
                yield _compile(source, words)
            except (re.error, ValueError) as fault:
                faults.append(f"{where}: {source}: {fault}")


def _compile(source: str, words: Mapping[str, Any]) -> tuple[re.Pattern[str], Needles]:
    """Compile one alternative, and find what it cannot match without.

    Every repetition is bounded, so a search takes time in proportion to the text.
    """

    def spelled(name: re.Match[str]) -> str:
        if name[1] not in words:
            raise ValueError(f"{name[0]} is no word list")
        return f"(?:{words[name[1]]})"

    whole = re.sub(r"\{([a-z_]+)\}", spelled, source).replace("…", GAP)
    if re.search(r"[*+]|,\}", whole):
        raise ValueError("may repeat without an end")
    pattern, sought = re.compile(whole), needles(whole)
    if not sought:
        raise ValueError("may match where no character of its own stands")
    return pattern, sought


def _slots(
    all_needles: Sequence[Needles],
) -> tuple[Mapping[str, tuple[int, ...]], tuple[int, ...]]:
    """Return for each character, and for the lack of a needle, the bits of patterns by slot."""
    allowed: dict[str, list[int]] = {}
    free = [0] * MOST
    for place, sought in enumerate(all_needles):
        for slot, needle in enumerate(sought):
            for character in needle:
                allowed.setdefault(character, [0] * MOST)[slot] |= 1 << place
        for slot in range(len(sought), MOST):
            free[slot] |= 1 << place
    return {character: tuple(bits) for character, bits in allowed.items()}, tuple(free)
