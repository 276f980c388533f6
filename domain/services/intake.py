"""Intake: from what a citizen told to a case with a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.calendar import LOCAL
from domain.case import MediationCase, Party, Role, case_number
from domain.facts import FactValue
from domain.ports import UnitOfWork

SUMMARY_LIMIT = 4000  # characters
UNNAMED_APPLICANT = "申请人"
UNNAMED_RESPONDENT = "对方"


@dataclass(frozen=True, slots=True)
class OpenCase:
    """All that an application (人民调解申请) holds; `facts` may lack what nobody knows."""

    conversation_id: str
    dispute_type: str
    story: str
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()


def open_case(work: UnitOfWork, wish: OpenCase, now: datetime) -> MediationCase:
    """Register the application and return the case with its number.

    The moment of registration matters in law: a request to a mediation committee interrupts the
    limitation period from the day it is made (民法典 195; 诉讼时效规定 12).
    """
    year = now.astimezone(LOCAL).year
    place = wish.facts["place"].value if "place" in wish.facts else {}
    case = MediationCase(
        number=case_number(year, work.cases.next_number(year)),
        dispute_type=wish.dispute_type,
        parties=(
            Party(
                Role.APPLICANT,
                _said(wish.facts, "name", UNNAMED_APPLICANT),
                _said(wish.facts, "phone", ""),
                wish.conversation_id,
            ),
            Party(Role.RESPONDENT, _said(wish.facts, "respondent", UNNAMED_RESPONDENT)),
        ),
        summary=wish.story,
        opened_at=now,
        county=place.get("county") or "",
        township=place.get("township") or "",
        facts=wish.facts,
        flags=wish.flags,
    )
    work.cases.add(case)
    work.cases.note(case.number, now, "citizen", "applied")
    return case


def complete_party(
    work: UnitOfWork, number: int, side: Role, name: str | None, phone: str | None
) -> MediationCase:
    """Put a side's own name and phone, told when booking, into the case."""
    case = work.cases.get(number)
    party = case.party(side)
    changed = case.change_party(replace(party, name=name or party.name, phone=phone or party.phone))
    work.cases.save(changed)
    return replace(changed, version=case.version + 1)


def change_case(
    work: UnitOfWork,
    number: int,
    side: Role,
    facts: Mapping[str, FactValue],
    words: str,
    now: datetime,
) -> MediationCase:
    """Put corrected facts, or further words, of one side into an open case.

    Each side's words stay its own: the applicant's are the case's, the respondent's his party's.
    """
    case = work.cases.get(number)
    told = _told_by_applicant if side is Role.APPLICANT else _told_by_respondent
    case = told(case, facts, words)
    work.cases.save(case)
    work.cases.note(number, now, side, "changed", ",".join(facts) or "words")
    return case


def _told_by_applicant(
    case: MediationCase, facts: Mapping[str, FactValue], words: str
) -> MediationCase:
    case = case.change_facts(facts)
    case = case.change_party(
        replace(case.respondent, name=_said(facts, "respondent", case.respondent.name))
    )
    return replace(
        case.change_party(_named(case.applicant, facts)), summary=_added(case.summary, words)
    )


def _told_by_respondent(
    case: MediationCase, facts: Mapping[str, FactValue], words: str
) -> MediationCase:
    party = _named(case.respondent, facts)
    facts = {**party.facts, **facts}
    return case.change_party(replace(party, facts=facts, account=_added(party.account, words)))


def _named(party: Party, facts: Mapping[str, FactValue]) -> Party:
    name, phone = _said(facts, "name", party.name), _said(facts, "phone", party.phone)
    return replace(party, name=name, phone=phone)


def _added(told: str, words: str) -> str:
    return f"{told}\n{words}".strip()[:SUMMARY_LIMIT] if words else told


def _said(facts: Mapping[str, FactValue], name: str, otherwise: str) -> str:
    fact = facts.get(name)
    return str(fact.value) if fact and fact.value else otherwise
