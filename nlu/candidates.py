"""Corrections from review: masked, checked, kept once, waiting to be learned from."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.catalogue import SHEETS
from nlu.corpus import Block
from nlu.interpreter import DISPUTE, FLAGS, LEGAL_QUESTION
from nlu.labelled import FLAG, INTENTS, LOOKALIKE
from nlu.readers.contacts import mask

FILE = Path("review") / "candidates.jsonl"
FIELDS = ("text", "intent", "dispute_type", "flags", "register")
REGISTERS = ("standard", "colloquial", "dialect", "voice", "typo")
LONGEST = 1000
TYPES = tuple(sorted(path.stem for path in SHEETS.glob("[!_]*.yaml")))


class ReviewFaults(Exception):
    """Corrections that cannot be learned from; one line a fault, each with its line number."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One correction. None means that this side of the reading was not corrected."""

    text: str
    intent: str | None = None
    dispute_type: str | None = None
    flags: frozenset[str] | None = None
    register: str | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Candidate:
        """Read a correction and mask its text; raises ReviewFaults without repeating the text."""
        faults = faults_of(told)
        if faults:
            raise ReviewFaults("; ".join(faults))
        flags = told.get("flags")
        return cls(
            mask(told["text"].strip()),
            told.get("intent") or (DISPUTE if told.get("dispute_type") else None),
            told.get("dispute_type"),
            None if flags is None else frozenset(flags),
            told.get("register"),
        )

    def to_data(self) -> dict[str, Any]:
        """Return what a line of the file holds."""
        told = {name: getattr(self, name) for name in FIELDS}
        told["flags"] = None if self.flags is None else sorted(self.flags)
        return {name: value for name, value in told.items() if value is not None}

    def block(self, path: Path, read_flags: frozenset[str]) -> Block:
        """Return it as a block of the corpus; flags left alone stay as they were read."""
        flags = sorted(read_flags if self.flags is None else self.flags)
        told = {"dispute_type": self.dispute_type, "flags": flags, "register": self.register}
        metadata = {name: value for name, value in told.items() if value}
        if self.intent is None:
            label = FLAG + flags[0] if flags else LOOKALIKE + "review"
        else:
            label = self.dispute_type or DISPUTE if self.intent == DISPUTE else self.intent
        return Block(path, label, metadata, (self.text,))


def add_candidate(data: Path, told: Mapping[str, Any]) -> bool:
    """Keep a correction, masked, in `review/candidates.jsonl`; False if it waits there already.

    `told` has "text" and what was corrected: "intent", "dispute_type", "flags", "register".
    A later correction of the same text replaces the earlier one when it is learned.
    Raises ReviewFaults.
    """
    line = json.dumps(Candidate.of(told).to_data(), ensure_ascii=False)
    path = data / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(opened, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the console and a channel may both be writing
        if line in file.read().splitlines():
            return False
        file.write(line + "\n")
    return True


def forget(path: Path, texts: Iterable[str]) -> None:
    """Take corrections out of a file, now that they are learned; what came meanwhile stays."""
    learned = set(texts)
    with path.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        left = [line for line in file.read().splitlines() if not _is_of(line, learned)]
        file.seek(0)
        file.writelines(line + "\n" for line in left)
        file.truncate()


def _is_of(line: str, texts: set[str]) -> bool:
    return bool(line.strip()) and mask(json.loads(line)["text"].strip()) in texts


def read_candidates(path: Path) -> list[Candidate]:
    """Read corrections, each text once, as it was corrected last.

    Raises ReviewFaults with all faults of the file.
    """
    faults: list[str] = []
    found: dict[str, Candidate] = {}
    if not path.is_file():
        raise ReviewFaults(f"{path}: there is no such file of corrections")
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            candidate = Candidate.of(json.loads(line))
        except ReviewFaults as fault:
            faults.append(f"{path.name}, line {number}: {fault}")
        except ValueError:
            faults.append(f"{path.name}, line {number}: is not JSON in UTF-8")
        else:
            found.pop(candidate.text, None)
            found[candidate.text] = candidate
    if faults:
        raise ReviewFaults("\n".join(faults))
    return list(found.values())


def faults_of(told: object) -> list[str]:
    """Return everything that is wrong with a correction."""
    if not isinstance(told, Mapping):
        return ["is no JSON object"]
    faults = [fault for fault, is_there in CHECKS.items() if is_there(told)]
    unknown = sorted(str(name) for name in told if name not in FIELDS)
    if unknown:
        faults.append(f"has unknown fields: {', '.join(unknown)}")
    return faults


def _is_no_text(told: Mapping[str, Any]) -> bool:
    text = told.get("text")
    return not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST


def _has_bad_flags(told: Mapping[str, Any]) -> bool:
    flags = told.get("flags")
    if flags is None:
        return False
    return not isinstance(flags, list) or any(flag not in FLAGS for flag in flags)


def _is_outside(name: str, known: tuple[str, ...]) -> Callable[..., bool]:
    return lambda told: told.get(name) is not None and told[name] not in known


def _contradicts(told: Mapping[str, Any]) -> bool:
    intent, has_type = told.get("intent"), told.get("dispute_type") is not None
    if intent == DISPUTE:
        return not has_type
    return has_type and intent not in (None, LEGAL_QUESTION)


CHECKS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    f"text is missing or not 1 to {LONGEST} characters long": _is_no_text,
    "intent is unknown": _is_outside("intent", (DISPUTE, *INTENTS)),
    "dispute_type is unknown": _is_outside("dispute_type", TYPES),
    f"flags is no list out of {', '.join(FLAGS)}": _has_bad_flags,
    f"register is none of {', '.join(REGISTERS)}": _is_outside("register", REGISTERS),
    "a dispute needs its dispute_type, and only a dispute or legal_question has one": _contradicts,
    "corrects nothing: name an intent, a dispute_type or flags": lambda told: all(
        told.get(name) is None for name in ("intent", "dispute_type", "flags")
    ),
}
