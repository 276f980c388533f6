"""The settlement agreement (调解协议) and what was promised in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from domain.errors import AgreementNotPossible

CONFIRMATION_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Instalment:
    """One promised performance: a day, and a sum in fen or None for a deed."""

    due_on: date
    amount_fen: int | None


@dataclass(frozen=True, slots=True)
class SettlementAgreement:
    """What both sides agreed, effective on the last signature's day (人民调解法 29, 30)."""

    case_number: int
    effective_on: date
    terms: str
    instalments: tuple[Instalment, ...]

    def __post_init__(self) -> None:
        if not self.terms.strip():
            raise AgreementNotPossible(self.case_number, "no_terms")
        if any(part.due_on < self.effective_on for part in self.instalments):
            raise AgreementNotPossible(self.case_number, "due_before_signature")


def last_day_to_confirm(effective_on: date) -> date:
    """Return the last day on which both parties may jointly ask for judicial confirmation.

    30 calendar days, counted from the day after the agreement takes effect; the day returned is
    still in time. Source: 人民调解法 art. 33; 民事诉讼法 art. 205.

    >>> last_day_to_confirm(date(2026, 3, 1))
    datetime.date(2026, 3, 31)
    """
    return effective_on + CONFIRMATION_WINDOW
