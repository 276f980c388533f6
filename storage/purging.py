"""What is erased when its time is over: each rule says what, why, and how it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    union,
    update,
)

from domain.case import OVER
from storage.audit import audit
from storage.columns import Moment
from storage.resume_codes import resume_code
from storage.tables import (
    STILL_OPEN,
    case_note,
    consent,
    conversation,
    dead_letter,
    inbox,
    invitation,
    mediation_case,
    metadata,
    outbox,
    privacy_link,
    task,
    wrong_code,
)

BATCH = 200
LINKS_STAY = timedelta(days=1)  # wrong codes are counted as long


@dataclass(frozen=True, slots=True)
class Terms:
    """Days that each kind is kept: what was begun and left, chat after a case, who read what."""

    draft_days: int = 30
    chat_days: int = 180
    audit_days: int = 1095


@dataclass(frozen=True, slots=True)
class Purged:
    """What a rule erased, or would: rows by table."""

    rule: str
    rows: Mapping[str, int]


BEFORE = bindparam("before", type_=Moment)
HAS_OPEN_TASK = exists().where(task.c.conversation_id == conversation.c.id, text(STILL_OPEN))
CASES_OF_TALK = union(
    select(conversation.c.id.label("talk"), conversation.c.case_number.label("number")).where(
        conversation.c.case_number.is_not(None)
    ),
    select(outbox.c.conversation_id, outbox.c.case_number).where(outbox.c.case_number.is_not(None)),
).subquery()
HAS_CASE = exists().where(CASES_OF_TALK.c.talk == conversation.c.id)
LAST_NOTE = (
    select(func.max(case_note.c.at))
    .where(case_note.c.case_number == mediation_case.c.number)
    .scalar_subquery()
)
HAS_CASE_UNDER_WAY = exists().where(
    CASES_OF_TALK.c.talk == conversation.c.id,
    mediation_case.c.number == CASES_OF_TALK.c.number,
    or_(
        mediation_case.c.stage.not_in(sorted(OVER)),
        func.coalesce(LAST_NOTE, mediation_case.c.opened_at) >= BEFORE,
    ),
)
IS_QUIET = and_(conversation.c.updated_at < BEFORE, ~conversation.c.is_held, ~HAS_OPEN_TASK)
DRAFTS = select(conversation.c.id).where(IS_QUIET, ~HAS_CASE)
HAS_WORDS = or_(
    exists().where(inbox.c.conversation_id == conversation.c.id),
    exists().where(outbox.c.conversation_id == conversation.c.id),
)
CHATS = select(conversation.c.id).where(IS_QUIET, HAS_CASE, HAS_WORDS, ~HAS_CASE_UNDER_WAY)
OLD_READINGS = select(audit.c.id).where(audit.c.at < BEFORE)
OLD_CONSENTS = select(consent.c.id).where(
    consent.c.at < BEFORE, ~exists().where(conversation.c.id == consent.c.conversation_id)
)
SPENT_LINKS = select(privacy_link.c.digest).where(privacy_link.c.expires_at < BEFORE)
TASK_OF_LETTER = (
    literal("dead:") + dead_letter.c.channel + ":" + cast(dead_letter.c.message_id, Text)
)
IS_WAITED_FOR = exists().where(task.c.key == TASK_OF_LETTER, text(STILL_OPEN))
OLD_LETTERS = select(dead_letter.c.id).where(
    dead_letter.c.at < BEFORE, or_(dead_letter.c.settled_at.is_not(None), ~IS_WAITED_FOR)
)
ENDED_INVITATIONS = select(invitation.c.id).where(invitation.c.expires_at < BEFORE)
OLD_WRONG_CODES = select(wrong_code.c.id).where(wrong_code.c.at < BEFORE)
ENDED_CODES = select(resume_code.c.code_hash).where(resume_code.c.expires_at < BEFORE)
RULES: Mapping[str, Select[Any]] = {
    "drafts": DRAFTS,
    "chats": CHATS,
    "readings": OLD_READINGS,
    "consents": OLD_CONSENTS,
    "links": SPENT_LINKS,
    "letters": OLD_LETTERS,
    "invitations": ENDED_INVITATIONS,
    "wrong_codes": OLD_WRONG_CODES,
    "codes": ENDED_CODES,
}
ALONE: Mapping[str, tuple[Table, Column[Any]]] = {  # rules of one table that nothing refers to
    "readings": (audit, audit.c.id),
    "consents": (consent, consent.c.id),
    "links": (privacy_link, privacy_link.c.digest),
    "letters": (dead_letter, dead_letter.c.id),
    "invitations": (invitation, invitation.c.id),
    "wrong_codes": (wrong_code, wrong_code.c.id),
    "codes": (resume_code, resume_code.c.code_hash),
}
RESET = update(conversation).values(state={}, consented_at=None, consented_to=None)


class SqlPurge:
    """The rules on one connection. What is open, held or waited for by a person is never found."""

    def __init__(self, connection: Connection, terms: Terms, now: datetime) -> None:
        self._connection = connection
        drafts, chats, readings = (
            now - timedelta(days=days)
            for days in (terms.draft_days, terms.chat_days, terms.audit_days)
        )
        links = now - LINKS_STAY
        self._before = {
            "drafts": drafts,
            "chats": chats,
            "readings": readings,
            "consents": readings,
            "links": links,
            "letters": drafts,
            "invitations": drafts,
            "wrong_codes": links,
            "codes": links,
        }

    def count(self, rule: str) -> Purged:
        """Return what the rule would erase just now."""
        wanted = {"before": self._before[rule]}
        rows: dict[str, int] = {}
        for table, column in _tables(rule):
            query = select(func.count()).select_from(table).where(column.in_(RULES[rule]))
            rows[table.name] = self._connection.execute(query, wanted).scalar_one()
        return Purged(rule, {name: number for name, number in rows.items() if number})

    def erase(self, rule: str) -> Purged:
        """Erase one batch of what the rule finds; no rows mean that nothing is left to find."""
        wanted = {"before": self._before[rule]}
        found = RULES[rule].limit(BATCH)
        ids = list(self._connection.execute(found, wanted).scalars())
        if not ids:
            return Purged(rule, {})
        rows = {
            table.name: self._connection.execute(delete(table).where(column.in_(ids))).rowcount
            for table, column in _tables(rule)
        }
        if rule == "chats":
            self._connection.execute(RESET.where(conversation.c.id.in_(ids)))
        return Purged(rule, {name: number for name, number in rows.items() if number})


def _tables(rule: str) -> list[tuple[Table, Column[Any]]]:
    """Return the tables whose rows a rule erases, with the column that its ids stand in.

    With a conversation goes every row of every table that refers to it.
    """
    match rule:
        case "drafts":
            return [*_referring_to_conversations(), (conversation, conversation.c.id)]
        case "chats":
            return [(inbox, inbox.c.conversation_id), (outbox, outbox.c.conversation_id)]
    return [ALONE[rule]]


def _referring_to_conversations() -> list[tuple[Table, Column[Any]]]:
    return [
        (table, key.parent)
        for table in reversed(metadata.sorted_tables)
        for key in table.foreign_keys
        if key.column is conversation.c.id
    ]
