"""Keeps consents, one-time links and locks; gives and erases what a person has said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from domain.privacy import Consent, Notice
from storage.audit import audit
from storage.dialects import in_both
from storage.evidence import evidence
from storage.resume_codes import resume_code
from storage.tables import (
    case_phone,
    consent,
    dead_letter,
    inbox,
    mediation_case,
    notice,
    outbox,
    privacy_link,
)

READ = ("transcript", "evidence")  # what an audit row calls the reading of a conversation
KEEP_NOTICE = in_both(lambda insert: insert(notice).on_conflict_do_nothing())
NOTE_CONSENT = insert(consent)
CONSENTS = (
    select(consent.c.at, consent.c.notice, consent.c.given)
    .where(consent.c.conversation_id == bindparam("of"))
    .order_by(consent.c.id)
)
ADD_LINK = insert(privacy_link)
USE_LINK = (
    update(privacy_link)
    .where(
        privacy_link.c.digest == bindparam("known_digest"),
        privacy_link.c.used_at.is_(None),
        privacy_link.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(privacy_link.c.conversation_id)
)
OWN_WORDS = (
    select(inbox.c.at, inbox.c.text)
    .where(inbox.c.conversation_id == bindparam("of"), inbox.c.text.is_not(None))
    .order_by(inbox.c.after_word, inbox.c.at)
)
READERS = (
    select(audit.c.at, audit.c.who)
    .where(audit.c.subject == bindparam("of"), audit.c.what.in_(READ))
    .order_by(audit.c.id.desc())
)
# The ids of messages stay for a while: by them a message that comes again is known.
ERASE_HEARD = (
    update(inbox)
    .where(inbox.c.conversation_id == bindparam("of"))
    .values(
        text=None,
        choice=None,
        intent=None,
        dispute_type=None,
        confidence=None,
        flags=(),
        model=None,
    )
)
ERASE_SAID = delete(outbox).where(outbox.c.conversation_id == bindparam("of"))
# Of a case it is part of its file. The files themselves go with the next purge.
ERASE_EVIDENCE = delete(evidence).where(
    evidence.c.conversation_id == bindparam("of"), evidence.c.case_number.is_(None)
)
DROP_LETTERS = delete(dead_letter).where(dead_letter.c.conversation_id == bindparam("of"))
DROP_LINKS = delete(privacy_link).where(privacy_link.c.conversation_id == bindparam("of"))
DROP_CODES = delete(resume_code).where(resume_code.c.conversation_id == bindparam("of"))
LOCK = (
    update(mediation_case)
    .where(mediation_case.c.number == bindparam("known_number"))
    .values(locked_at=bindparam("at"))
)
IS_LOCKED = select(mediation_case.c.locked_at.is_not(None)).where(
    mediation_case.c.number == bindparam("known_number")
)
FORGET_PHONES = delete(case_phone).where(case_phone.c.case_number == bindparam("known_number"))


class SqlPrivacy:
    """`domain.ports.Privacy` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note_consent(
        self, conversation_id: str, at: datetime, told: Notice | None, given: bool
    ) -> None:
        version = told.version if told is not None else ""
        if told is not None:
            row = {"version": version, "text": told.text, "at": at}
            self._connection.execute(KEEP_NOTICE[self._connection.dialect.name], row)
        row = {"conversation_id": conversation_id, "at": at, "notice": version, "given": given}
        self._connection.execute(NOTE_CONSENT, row)

    def consents(self, conversation_id: str) -> Sequence[Consent]:
        rows = self._connection.execute(CONSENTS, {"of": conversation_id})
        return [Consent(*row) for row in rows]

    def add_link(self, digest: bytes, conversation_id: str, expires_at: datetime) -> None:
        row = {"digest": digest, "conversation_id": conversation_id, "expires_at": expires_at}
        self._connection.execute(ADD_LINK, row)

    def use_link(self, digest: bytes, now: datetime) -> str | None:
        wanted = {"known_digest": digest, "now": now}
        return self._connection.execute(USE_LINK, wanted).scalar_one_or_none()

    def own_words(self, conversation_id: str) -> Sequence[tuple[datetime, str]]:
        rows = self._connection.execute(OWN_WORDS, {"of": conversation_id})
        return [(row.at, row.text) for row in rows]

    def readers(self, conversation_id: str) -> Sequence[tuple[datetime, str]]:
        rows = self._connection.execute(READERS, {"of": conversation_id})
        return [(row.at, row.who) for row in rows]

    def erase_words(self, conversation_id: str) -> None:
        own = (ERASE_HEARD, ERASE_SAID, ERASE_EVIDENCE, DROP_LETTERS, DROP_LINKS, DROP_CODES)
        for statement in own:
            self._connection.execute(statement, {"of": conversation_id})

    def lock_case(self, number: int, at: datetime) -> None:
        self._connection.execute(LOCK, {"known_number": number, "at": at})
        self._connection.execute(FORGET_PHONES, {"known_number": number})

    def is_locked(self, number: int) -> bool:
        return bool(self._connection.execute(IS_LOCKED, {"known_number": number}).scalar())
