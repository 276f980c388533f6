"""A training sentence with everything that is known about it, out of Rasa's training data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.interpreter import DISPUTE, FLAGS

FLAG, LOOKALIKE = "flag_", "lookalike_"
# All that people want of us beside having a dispute settled. Any other block is a dispute type.
INTENTS = (
    "greet",
    "legal_question",
    "service_question",
    "case_status",
    "book",
    "reschedule",
    "cancel",
    "followup_answer",
    "human_agent",
    "privacy_request",
    "refuse_mediation",
    "change_mediator",
    "proxy_speaker",
    "thanks_bye",
    "smalltalk",
    "abuse",
    "out_of_scope",
    "admin_petition",
    "crime_fraud",
)
NONE = -1
Columns = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One sentence; `intent` is None where it teaches none (look-alikes without a type)."""

    text: str
    intent: str | None
    dispute_type: str | None
    flags: frozenset[str]
    topic: str | None = None
    register: str | None = None

    @classmethod
    def of(cls, text: str, label: str, metadata: Mapping[str, Any]) -> Labelled:
        """Read the label of a block: an intent, `flag_<flag>`, `lookalike_<flag>` or a leaf."""
        told, topic = metadata.get("dispute_type"), metadata.get("topic")
        intent: str | None = label
        if label.startswith((FLAG, LOOKALIKE)):
            intent = DISPUTE if told or label.startswith(FLAG) else None
        elif label not in INTENTS:
            intent, told = DISPUTE, label
        flags = frozenset(metadata.get("flags", ()))
        return cls(text, intent, told, flags, topic, metadata.get("register"))


@dataclass(frozen=True, slots=True)
class Labels:
    """The columns of every head, in the order in which models keep them."""

    intents: tuple[str, ...]
    types: tuple[str, ...]
    topics: tuple[str, ...]
    flags: tuple[str, ...] = FLAGS

    @classmethod
    def of(cls, sentences: Iterable[Labelled]) -> Labels:
        """Collect the labels that the sentences carry."""
        told = list(sentences)
        return cls(
            tuple(sorted({s.intent for s in told if s.intent})),
            tuple(sorted({s.dispute_type for s in told if s.dispute_type})),
            tuple(sorted({s.topic for s in told if s.topic})),
        )

    def columns(self, sentences: Sequence[Labelled]) -> tuple[Columns, Columns, Columns]:
        """Return the columns of intent, type and topic; NONE where a sentence has none."""
        return (
            _columns(self.intents, [s.intent for s in sentences]),
            _columns(self.types, [s.dispute_type for s in sentences]),
            _columns(self.topics, [s.topic for s in sentences]),
        )

    def flagged(self, sentences: Sequence[Labelled]) -> NDArray[np.bool_]:
        """Return which flag is true of which sentence."""
        return np.array([[flag in s.flags for flag in self.flags] for s in sentences])

    def goals(self, sentences: Sequence[Labelled]) -> NDArray[np.float32]:
        """Return +1 for the columns that are true of a sentence, -1 for all others."""
        parts = []
        names = (self.intents, self.types, self.topics)
        for columns, told in zip(self.columns(sentences), names, strict=True):
            goal = np.full((len(sentences), len(told)), -1, np.float32)
            taught = np.flatnonzero(columns != NONE)
            goal[taught, columns[taught]] = 1
            parts.append(goal)
        flagged = np.where(self.flagged(sentences), 1, -1).astype(np.float32)
        return np.concatenate([*parts, flagged], axis=1)


def _columns(names: Sequence[str], told: Sequence[str | None]) -> Columns:
    place = {name: column for column, name in enumerate(names)}
    return np.array([NONE if name is None else place[name] for name in told], np.intp)
