"""What the dialogue remembers of one conversation, and its form as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bot.dialogue.marks import Offered
from domain.case import Role
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
    which answers came, for undoing; `offered` are the choices last shown.
    `told_at` is when the story began (ISO), for its 昨天; `rejected` are types that it is not.
    `follow_up` is the follow-up question that was asked last; `wish` is a wished time as data
    (`times.wish_data`); `moving` says that the slot to be chosen replaces a booked one.
    `near` is a place by level that the person is likely at, until it is confirmed or denied.
    `side` is the person's side in the matter (`Role`); `contact` is what the applicant said to our
    getting in touch with the other side: "" not asked yet, else asked, yes or no.
    `permitted` and `declined` are the kinds of sensitive facts that may and may not be asked.
    `flags` are the dangers that were heard, `doubted` those that we only asked about.
    `parked` are the person's other matters, the latest first; they have no `parked` themselves.
    """

    stage: Stage = Stage.NOTICE
    story: str = ""
    told_at: str | None = None
    dispute_type: str | None = None
    proposed: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    known: Mapping[str, FactValue] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    asked: str | None = None
    tries: int = 0
    questions: int = 0
    trail: tuple[str, ...] = ()
    offered: tuple[Offered, ...] = ()
    case_number: int | None = None
    session_kind: str | None = None
    slot: str | None = None
    wish: Mapping[str, Any] = field(default_factory=dict)
    moving: bool = False
    not_mediators: tuple[str, ...] = ()
    confirming: str | None = None
    back_to: Stage | None = None
    flags: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    follow_up: int | None = None
    retold: int = 0
    near: Mapping[str, str | None] = field(default_factory=dict)
    side: str = Role.APPLICANT
    contact: str = ""
    permitted: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    parked: tuple[Dialogue, ...] = ()

    @property
    def is_respondent(self) -> bool:
        """Whether the person was asked to the matter in hand by somebody else."""
        return self.side == Role.RESPONDENT

    @property
    def is_mid_intake(self) -> bool:
        """Whether something was begun and is not finished."""
        return self.stage in MID_INTAKE

    @property
    def case_numbers(self) -> tuple[int, ...]:
        """The numbers of all cases of this person, the one in hand first."""
        matters = (self, *self.parked)
        return tuple(each.case_number for each in matters if each.case_number is not None)

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
        return replace(
            self,
            stage=Stage.RESTING if self.case_number else Stage.TELLING,
            asked=None,
            tries=0,
            trail=() if self.case_number else self.trail,
            offered=(),
            slot=None,
            confirming=None,
            back_to=None,
            moving=False,
            wish={},
        )

    def begin_anew(self) -> Dialogue:
        """Return an empty matter; one that has a case is parked behind it."""
        own = (replace(self.rest(), parked=()),) if self.case_number else ()
        return Dialogue(Stage.TELLING, flags=self.flags, parked=(*own, *self.parked))

    def come_invited(self, number: int, dispute_type: str) -> Dialogue:
        """Return the matter that somebody else asked this person to; own ones are parked."""
        is_new = self.stage is Stage.NOTICE
        own = self.rest() if self.case_number is not None else self._begun()
        begun = (replace(own, parked=()),) if own.story or own.case_number is not None else ()
        return Dialogue(
            Stage.NOTICE if is_new else Stage.TELLING,
            side=Role.RESPONDENT,
            case_number=number,
            dispute_type=dispute_type,
            flags=self.flags,
            parked=(*begun, *self.parked),
        )

    def _begun(self) -> Dialogue:
        """Return this matter where it was before the question whether to stop it."""
        return replace(self, stage=self.back_to or self.stage, back_to=None, confirming=None)

    def turn_to_case(self) -> Dialogue:
        """Return the matter that has a case, what was begun parked; itself where none has."""
        other = next((each for each in self.parked if each.case_number), None)
        if self.case_number is not None or other is None:
            return self
        own = self._begun()
        begun = (replace(own, parked=()),) if own.is_mid_intake or own.story else ()
        rest = tuple(each for each in self.parked if each is not other)
        return replace(other, flags=self.flags, parked=(*begun, *rest))

    def turn_to_next(self) -> Dialogue:
        """Return the person's next matter now that this one is over; an empty one where none is."""
        if not self.parked:
            return Dialogue(Stage.TELLING, flags=self.flags)
        following, *rest = self.parked
        return replace(following, flags=self.flags, parked=tuple(rest))


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
    if state.parked:
        data["parked"] = [to_data(each) for each in state.parked]
    return data


def from_data(data: Mapping[str, Any]) -> Dialogue:
    """Read what `to_data` wrote; unknown fields of an older format are left out."""
    if not data:
        return Dialogue()
    plain = {name: data[name] for name in PLAIN if name in data}
    for name in TUPLES & plain.keys():
        plain[name] = tuple(plain[name])
    if "offered" in plain:
        plain["offered"] = tuple(Offered(*each) for each in plain["offered"])
    known = {name: FactValue.from_data(fact) for name, fact in data.get("known", {}).items()}
    back_to = Stage(data["back_to"]) if "back_to" in data else None
    parked = tuple(from_data(each) for each in data.get("parked", ()))
    return Dialogue(
        stage=Stage(data["stage"]), known=known, back_to=back_to, parked=parked, **plain
    )


EMPTY = Dialogue()
TUPLES = {
    *("proposed", "rejected", "unknown", "trail", "not_mediators", "flags"),
    *("doubted", "permitted", "declined"),
}
PLAIN = (
    "story",
    "told_at",
    "dispute_type",
    "proposed",
    "rejected",
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
    "doubted",
    "follow_up",
    "retold",
    "near",
    "side",
    "contact",
    "permitted",
    "declined",
)
