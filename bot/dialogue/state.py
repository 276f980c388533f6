"""What the dialogue remembers of one conversation, and its form as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from domain.facts import FactValue

FORMAT = 1


class Stage(StrEnum):
    """What the conversation is waiting for."""

    NOTICE = "notice"  # consent
    TELLING = "telling"  # the story
    PROPOSING = "proposing"  # which dispute type it is
    ASKING = "asking"  # one fact
    READING_BACK = "reading_back"  # whether everything is right
    CHOOSING_KIND = "choosing_kind"  # how to meet
    CHOOSING_SLOT = "choosing_slot"  # when to meet
    CONFIRMING = "confirming"  # whether to end something
    RESTING = "resting"  # nothing; a case is open
    HELD = "held"  # a person, because of a safety flag


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The state of one conversation.

    `known` holds what was told, `unknown` what the person does not know; `trail` is the order in
    which answers came, for undoing; `offered` are the choices last shown, as (id, label).
    `wish` is a wished time as data (see `Wish` in `times.py`); `moving` says that the slot to be
    chosen replaces a booked one.
    """

    stage: Stage = Stage.NOTICE
    story: str = ""
    dispute_type: str | None = None
    proposed: tuple[str, ...] = ()
    known: Mapping[str, FactValue] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    asked: str | None = None
    tries: int = 0
    questions: int = 0
    trail: tuple[str, ...] = ()
    offered: tuple[tuple[str, str], ...] = ()
    case_number: int | None = None
    session_kind: str | None = None
    slot: str | None = None
    wish: Mapping[str, Any] = field(default_factory=dict)
    moving: bool = False
    not_mediators: tuple[str, ...] = ()
    confirming: str | None = None
    back_to: Stage | None = None
    flags: tuple[str, ...] = ()
    retold: int = 0

    @property
    def is_mid_intake(self) -> bool:
        """Whether something was begun and is not finished."""
        return self.stage in MID_INTAKE

    def learn(self, facts: Mapping[str, FactValue]) -> Dialogue:
        """Return this state knowing these facts too; a later word replaces an earlier one."""
        unknown = tuple(name for name in self.unknown if name not in facts)
        return replace(self, known={**self.known, **facts}, unknown=unknown)

    def forget(self, name: str) -> Dialogue:
        """Return this state without one fact."""
        known = {key: value for key, value in self.known.items() if key != name}
        return replace(self, known=known, unknown=tuple(n for n in self.unknown if n != name))

    def rest(self) -> Dialogue:
        """Return this state with nothing open; the case, if there is one, stays."""
        if self.stage is Stage.HELD:
            return self
        stage = Stage.RESTING if self.case_number else Stage.TELLING
        return replace(
            self,
            stage=stage,
            asked=None,
            tries=0,
            slot=None,
            confirming=None,
            back_to=None,
            moving=False,
            wish={},
        )


MID_INTAKE = frozenset(
    {
        Stage.PROPOSING,
        Stage.ASKING,
        Stage.READING_BACK,
        Stage.CHOOSING_KIND,
        Stage.CHOOSING_SLOT,
    }
)


def to_data(state: Dialogue) -> dict[str, Any]:
    """Return the state as JSON-ready data; fields at their default are left out."""
    data: dict[str, Any] = {"format": FORMAT, "stage": state.stage.value}
    for name in PLAIN:
        value = getattr(state, name)
        if value != getattr(EMPTY, name):
            data[name] = value
    if state.known:
        data["known"] = {name: fact.to_data() for name, fact in state.known.items()}
    if state.back_to is not None:
        data["back_to"] = state.back_to.value
    return data


def from_data(data: Mapping[str, Any]) -> Dialogue:
    """Read what `to_data` wrote; unknown fields of an older format are left out."""
    if not data:
        return Dialogue()
    plain = {name: data[name] for name in PLAIN if name in data}
    for name in TUPLES & plain.keys():
        plain[name] = tuple(plain[name])
    if "offered" in plain:
        plain["offered"] = tuple((each[0], each[1]) for each in plain["offered"])
    known = {name: FactValue.from_data(fact) for name, fact in data.get("known", {}).items()}
    back_to = Stage(data["back_to"]) if "back_to" in data else None
    return Dialogue(stage=Stage(data["stage"]), known=known, back_to=back_to, **plain)


EMPTY = Dialogue()
TUPLES = {"proposed", "unknown", "trail", "not_mediators", "flags"}
PLAIN = (
    "story",
    "dispute_type",
    "proposed",
    "unknown",
    "asked",
    "tries",
    "questions",
    "trail",
    "offered",
    "case_number",
    "session_kind",
    "slot",
    "wish",
    "moving",
    "not_mediators",
    "confirming",
    "flags",
    "retold",
)
