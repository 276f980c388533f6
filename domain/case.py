"""The mediation case (调解案件) and the stages it may pass through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.errors import MediationLocked, OneSidedDispute, StageNotReachable
from domain.facts import FactValue


class Stage(StrEnum):
    """Where a case stands; the order follows the procedure of 人民调解法 arts. 17-33."""

    APPLIED = "applied"  # 申请
    SESSION_BOOKED = "session_booked"
    AGREED = "agreed"  # 达成协议, 履行中
    BREACHED = "breached"  # 没有履行
    PERFORMED = "performed"  # 履行完毕
    NO_AGREEMENT = "no_agreement"  # 调解不成
    OTHER_SIDE_REFUSED = "other_side_refused"  # 对方不愿调解
    WITHDRAWN = "withdrawn"  # 申请人撤回
    SAFETY_HOLD = "safety_hold"  # 因安全暂停
    ARCHIVED = "archived"


NEXT_STAGES: Mapping[Stage, frozenset[Stage]] = {
    Stage.APPLIED: frozenset(
        {
            Stage.SESSION_BOOKED,
            Stage.AGREED,
            Stage.NO_AGREEMENT,
            Stage.OTHER_SIDE_REFUSED,
            Stage.WITHDRAWN,
        }
    ),
    Stage.SESSION_BOOKED: frozenset(
        {
            Stage.APPLIED,
            Stage.AGREED,
            Stage.NO_AGREEMENT,
            Stage.OTHER_SIDE_REFUSED,
            Stage.WITHDRAWN,
        }
    ),
    Stage.AGREED: frozenset({Stage.BREACHED, Stage.PERFORMED}),
    Stage.BREACHED: frozenset({Stage.AGREED, Stage.PERFORMED, Stage.NO_AGREEMENT}),
    Stage.PERFORMED: frozenset({Stage.ARCHIVED}),
    Stage.NO_AGREEMENT: frozenset({Stage.ARCHIVED}),
    Stage.OTHER_SIDE_REFUSED: frozenset({Stage.ARCHIVED}),
    Stage.WITHDRAWN: frozenset({Stage.ARCHIVED}),
    Stage.SAFETY_HOLD: frozenset(),
    Stage.ARCHIVED: frozenset(),
}
OVER = frozenset(
    {
        Stage.PERFORMED,
        Stage.NO_AGREEMENT,
        Stage.OTHER_SIDE_REFUSED,
        Stage.WITHDRAWN,
        Stage.ARCHIVED,
    }
)


LOCKING_FLAGS = ("now", "self_harm", "dv", "child", "neglect", "harm_others")  # most urgent first


class Role(StrEnum):
    """The side a party stands on."""

    APPLICANT = "applicant"  # 申请人
    RESPONDENT = "respondent"  # 被申请人

    @property
    def other(self) -> Role:
        """The side across the table."""
        return Role.RESPONDENT if self is Role.APPLICANT else Role.APPLICANT


@dataclass(frozen=True, slots=True)
class Party:
    """A person or body on one side; `conversation_id` names the chat that speaks for it, if any.

    `account` and `facts` are the respondent's own view, told before seeing any claim; what the
    applicant told stands in the case itself. `lets_contact` is whether the applicant agreed that
    we get in touch with the other side; None where nobody asked.
    """

    role: Role
    name: str
    phone: str = ""
    conversation_id: str | None = None
    account: str = ""
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    lets_contact: bool | None = None

    def to_data(self) -> dict[str, Any]:
        """Return a JSON-ready form; what is at its default is left out."""
        data: dict[str, Any] = {
            "role": self.role.value,
            "name": self.name,
            "phone": self.phone,
            "conversation_id": self.conversation_id,
        }
        if self.account:
            data["account"] = self.account
        if self.facts:
            data["facts"] = {name: fact.to_data() for name, fact in self.facts.items()}
        if self.lets_contact is not None:
            data["lets_contact"] = self.lets_contact
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Party:
        """Read what `to_data` wrote."""
        facts = {name: FactValue.from_data(fact) for name, fact in data.get("facts", {}).items()}
        return cls(
            Role(data["role"]),
            data["name"],
            data["phone"],
            data["conversation_id"],
            data.get("account", ""),
            facts,
            data.get("lets_contact"),
        )


@dataclass(frozen=True)
class MediationCase:
    """A dispute that somebody asked to have mediated. Has at least one party on each side."""

    number: int
    dispute_type: str
    parties: tuple[Party, ...]
    summary: str
    opened_at: datetime
    county: str = ""
    township: str = ""
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    stage: Stage = Stage.APPLIED
    held_from: Stage | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if {party.role for party in self.parties} != set(Role):
            raise OneSidedDispute(self.number)

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done; a case on safety hold is open."""
        return self.stage not in OVER

    @property
    def is_held(self) -> bool:
        """Whether a safety flag keeps everything automatic away from the case."""
        return self.stage is Stage.SAFETY_HOLD

    @property
    def applicant(self) -> Party:
        """The party who asked for mediation."""
        return self.party(Role.APPLICANT)

    @property
    def respondent(self) -> Party:
        """The first party on the other side."""
        return self.party(Role.RESPONDENT)

    def party(self, role: Role) -> Party:
        """Return the first party on a side."""
        return next(party for party in self.parties if party.role is role)

    def side_of(self, conversation_id: str) -> Role | None:
        """Return the side that a chat speaks for; None where it is no chat of this case."""
        sides = (each.role for each in self.parties if each.conversation_id == conversation_id)
        return next(sides, None)

    def change_party(self, changed: Party) -> MediationCase:
        """Return this case with the first party of that side replaced."""
        known = self.party(changed.role)
        return replace(
            self, parties=tuple(changed if each is known else each for each in self.parties)
        )

    def advance(self, to: Stage) -> MediationCase:
        """Return this case at stage `to`, or refuse with `StageNotReachable` or `MediationLocked`.

        A case on safety hold goes nowhere until `release`.
        """
        if self.is_held:
            raise MediationLocked(self.number)
        if to not in NEXT_STAGES[self.stage]:
            raise StageNotReachable(self.number, self.stage, to)
        return replace(self, stage=to)

    def hold(self, flags: frozenset[str]) -> MediationCase:
        """Return this case on safety hold, remembering the stage it was at."""
        flags = self.flags | flags
        if self.is_held:
            return replace(self, flags=flags)
        return replace(self, stage=Stage.SAFETY_HOLD, held_from=self.stage, flags=flags)

    def release(self) -> MediationCase:
        """Return this case at the stage it was held from; for a trained person to decide."""
        if self.held_from is None:
            raise StageNotReachable(self.number, self.stage, "release")
        return replace(self, stage=self.held_from, held_from=None)

    def withdraw(self) -> MediationCase:
        """Return this case withdrawn; possible from a safety hold too (人民调解法 art. 17)."""
        return self._leave(Stage.WITHDRAWN)

    def refuse(self) -> MediationCase:
        """Return this case ended by the other side's no; possible from a safety hold too."""
        return self._leave(Stage.OTHER_SIDE_REFUSED)

    def _leave(self, to: Stage) -> MediationCase:
        return replace(self, stage=to, held_from=None) if self.is_held else self.advance(to)

    def change_facts(self, facts: Mapping[str, FactValue]) -> MediationCase:
        """Return this case with corrected facts."""
        return replace(self, facts={**self.facts, **facts})


def case_number(year: int, sequence: int) -> int:
    """Return the case number (一案一码): year, sequence of five digits or more, and a check digit.

    The check digit is ISO 7064 mod 11,10 over the first nine digits, so that one wrong or two
    swapped digits, as when a number is read out over the phone, do not lead to another case.

    >>> case_number(2026, 1)
    2026000018
    """
    digits = f"{year:04d}{sequence:05d}"
    return int(f"{digits}{_check_digit(digits)}")


def is_case_number(number: int) -> bool:
    """Whether the check digit fits.

    >>> is_case_number(2026000018), is_case_number(2026000019)
    (True, False)
    """
    text = str(number)
    return len(text) >= 10 and _check_digit(text[:-1]) == int(text[-1])


def _check_digit(digits: str) -> int:
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10
