"""One transaction with every adapter on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from domain.mediator import Mediator
from domain.ports import (
    Agreements,
    Cases,
    Conversations,
    DeadLetters,
    EvidenceRows,
    FollowUps,
    Inbox,
    Invitations,
    Outbox,
    Privacy,
    ResumeCodes,
    Roster,
    Sessions,
    Tasks,
)
from storage.agreements import SqlAgreements
from storage.audit import SqlAudit
from storage.cases import SqlCases
from storage.conversations import SqlConversations
from storage.dead_letters import SqlDeadLetters
from storage.evidence import SqlEvidence
from storage.follow_ups import SqlFollowUps
from storage.inbox import SqlInbox
from storage.invitations import SqlInvitations
from storage.outbox import SqlOutbox
from storage.pages import SqlPages
from storage.privacy import SqlPrivacy
from storage.purging import SqlPurge, Terms
from storage.resume_codes import SqlResumeCodes
from storage.roster import RosterMemory, SqlRoster
from storage.sessions import SqlSessions
from storage.settings import SqlSettings
from storage.tasks import SqlTasks


class SqlUnitOfWork:
    """`domain.ports.UnitOfWork`: one transaction, rolled back unless committed.

    Beside the ports: `settings`, `audit`, `pages` (reading for people and channels) and
    `save_roster`.
    """

    conversations: Conversations
    inbox: Inbox
    outbox: Outbox
    dead_letters: DeadLetters
    cases: Cases
    roster: Roster
    sessions: Sessions
    follow_ups: FollowUps
    agreements: Agreements
    tasks: Tasks
    evidence: EvidenceRows
    invitations: Invitations
    resume_codes: ResumeCodes
    privacy: Privacy
    settings: SqlSettings
    audit: SqlAudit
    pages: SqlPages

    def __init__(self, engine: Engine, memory: RosterMemory | None = None) -> None:
        self._engine = engine
        self._memory = memory or RosterMemory()
        self._is_guest = False

    @classmethod
    def joining(cls, connection: Connection, memory: RosterMemory) -> Self:
        """Return a unit of work in a transaction that somebody else commits or rolls back."""
        work = cls(connection.engine, memory)
        work._is_guest = True
        work._use(connection)
        return work

    def __enter__(self) -> Self:
        if self._is_guest:
            raise RuntimeError("this unit of work is open already; just use it")
        self._use(self._engine.connect())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()  # which rolls back what is not committed

    def commit(self) -> None:
        """Keep all that was done; not for jobs of the writer, which commits for them."""
        if self._is_guest:
            raise RuntimeError("the writer commits when the job is done")
        self._connection.commit()

    def purge(self, terms: Terms, now: datetime) -> SqlPurge:
        """Return the rules of what is erased when its time is over."""
        return SqlPurge(self._connection, terms, now)

    def save_roster(self, mediators: Sequence[Mediator]) -> None:
        """Add these people to the roster, or change those who are known."""
        self._roster.save(mediators)

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        self._roster = SqlRoster(connection, self._memory)
        self.conversations = SqlConversations(connection)
        self.inbox = SqlInbox(connection)
        self.outbox = SqlOutbox(connection)
        self.dead_letters = SqlDeadLetters(connection)
        self.cases = SqlCases(connection)
        self.roster = self._roster
        self.sessions = SqlSessions(connection)
        self.follow_ups = SqlFollowUps(connection)
        self.agreements = SqlAgreements(connection)
        self.tasks = SqlTasks(connection)
        self.evidence = SqlEvidence(connection)
        self.invitations = SqlInvitations(connection)
        self.resume_codes = SqlResumeCodes(connection)
        self.privacy = SqlPrivacy(connection)
        self.settings = SqlSettings(connection)
        self.audit = SqlAudit(connection)
        self.pages = SqlPages(connection)
