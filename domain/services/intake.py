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


def complete_applicant(
    work: UnitOfWork, number: int, name: str | None, phone: str | None
) -> MediationCase:
    """Put the applicant's name and phone, told when booking, into the case."""
    case = work.cases.get(number)
    applicant = replace(
        case.applicant, name=name or case.applicant.name, phone=phone or case.applicant.phone
    )
    parties = tuple(applicant if party.role is Role.APPLICANT else party for party in case.parties)
    changed = replace(case, parties=parties)
    work.cases.save(changed)
    return replace(changed, version=case.version + 1)


def change_case(
    work: UnitOfWork, number: int, facts: Mapping[str, FactValue], words: str, now: datetime
) -> MediationCase:
    """Put corrected facts, or further words of the applicant, into an open case."""
    case = work.cases.get(number).change_facts(facts)
    case = replace(case, parties=tuple(_corrected(party, facts) for party in case.parties))
    if words:
        case = replace(case, summary=f"{case.summary}\n{words}"[:SUMMARY_LIMIT])
    work.cases.save(case)
    work.cases.note(number, now, "citizen", "changed", ",".join(facts) or "words")
    return case


def _corrected(party: Party, facts: Mapping[str, FactValue]) -> Party:
    if party.role is Role.RESPONDENT:
        return replace(party, name=_said(facts, "respondent", party.name))
    name, phone = _said(facts, "name", party.name), _said(facts, "phone", party.phone)
    return replace(party, name=name, phone=phone)


def _said(facts: Mapping[str, FactValue], name: str, otherwise: str) -> str:
    fact = facts.get(name)
    return str(fact.value) if fact and fact.value else otherwise
