"""Erases what has been kept long enough, in small steps, while everything else goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol, TypeVar

from bot.settings import Settings
from storage.purging import RULES, Purged, Terms
from storage.unit_of_work import SqlUnitOfWork

T = TypeVar("T")
WHY = {
    "drafts": "begun and left for more than {draft_days} days, no case, nobody waits",
    "chats": "chat of cases that ended more than {chat_days} days ago; the file of the case stays",
    "readings": "who read what, more than {audit_days} days ago",
    "consents": "of people of whom nothing is left, more than {audit_days} days ago",
    "letters": "messages laid aside more than {draft_days} days ago, nobody waits",
    "links": "one-time links, over for more than a day",
    "invitations": "codes for the other side, over for more than {draft_days} days",
    "wrong_codes": "wrong codes that were tried more than a day ago",
    "codes": "codes for another device, over for more than a day",
}


class Keeper(Protocol):
    """Where units of work come from: `storage.writer.Writer`."""

    def submit(self, job: Callable[[SqlUnitOfWork], T]) -> Future[T]:
        """Do the job in a transaction; the future resolves once it is committed."""
        ...


def terms_of(settings: Settings) -> Terms:
    """Return how long each kind is kept here."""
    return Terms(settings.draft_days, settings.chat_days, settings.audit_days)


def why(rule: str, settings: Settings) -> str:
    """Return in one line why a rule erases what it finds."""
    terms = terms_of(settings)
    return WHY[rule].format(
        draft_days=terms.draft_days, chat_days=terms.chat_days, audit_days=terms.audit_days
    )


def would_purge(keeper: Keeper, terms: Terms, now: datetime) -> list[Purged]:
    """Return what `purge` would erase now, and change nothing."""

    def job(work: SqlUnitOfWork) -> list[Purged]:
        return [work.purge(terms, now).count(rule) for rule in RULES]

    return keeper.submit(job).result()


def purge(keeper: Keeper, terms: Terms, now: datetime) -> Iterator[Purged]:
    """Erase all that is due, a batch a transaction; yields what each batch erased."""
    for rule in RULES:
        while (gone := keeper.submit(_step(rule, terms, now)).result()).rows:
            yield gone


def _step(rule: str, terms: Terms, now: datetime) -> Callable[[SqlUnitOfWork], Purged]:
    return lambda work: work.purge(terms, now).erase(rule)
