"""The only door from the console to what people said: who is signed in, and who read what when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.admin.masking import Masking, masking_of
from bot.admin.sign_in import Visit
from bot.served import Door
from domain.case import MediationCase
from domain.conversation import Conversation, HeardMessage, OutWord, Task
from domain.errors import NoSuchCase
from domain.evidence import Evidence
from domain.mediator import Mediator
from domain.services.two_sides import Issued, issue_invitation
from domain.session import SessionBooking
from storage.audit import AuditLine
from storage.pages import CaseNote, ConversationFilter, ConversationPage
from storage.sealing import folded
from storage.unit_of_work import SqlUnitOfWork

PAGE_SIZE = 30
AUDIT_SHOWN = 200
LONGEST_WANTED = 40  # characters
DIGITS_OF_NUMBER = 18


class NotSignedIn(Exception):
    """Somebody without a session knocked."""


class NotThere(Exception):
    """There is no such conversation or case."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as the console may show it: every text is masked already."""

    conversation: Conversation
    case: MediationCase | None
    summary: str
    notes: Sequence[CaseNote]
    rows: Sequence[HeardMessage | OutWord]
    evidence: Mapping[str, Evidence]


@dataclass(frozen=True, slots=True)
class Day:
    """The sessions of a day, each mediator's in order."""

    sessions: Sequence[tuple[Mediator, Sequence[SessionBooking]]]


class Access:
    """Reads for somebody who is signed in; a transcript is never given without an audit row."""

    def __init__(self, door: Door, clock: Callable[[], datetime]) -> None:
        self._door = door
        self._clock = clock

    def note(self, who: str, what: str, subject: str = "") -> None:
        """Write an audit row of its own."""
        line = AuditLine(self._clock(), who, what, subject)
        self._door.submit(lambda work: work.audit.add(line)).result()

    def conversations(
        self, visit: Visit | None, wanted: ConversationFilter, page: int
    ) -> ConversationPage:
        """Return a page of the list; it shows no word that anybody wrote."""
        _check(visit)
        return self._door.read(lambda work: work.pages.conversations(wanted, page, PAGE_SIZE))

    def transcript(self, visit: Visit | None, conversation_id: str) -> Transcript:
        """Return a transcript and keep, in the same transaction, who read it when."""
        who = _check(visit)

        def job(work: SqlUnitOfWork) -> Transcript:
            found = _transcript(work, conversation_id)
            work.audit.add(AuditLine(self._clock(), who, "transcript", conversation_id))
            return found

        return self._door.submit(job).result()

    def evidence(self, visit: Visit | None, evidence_id: str) -> tuple[Evidence, str]:
        """Return the row of a file and a name for it that tells of nobody; keep who took it."""
        who = _check(visit)

        def job(work: SqlUnitOfWork) -> tuple[Evidence, str]:
            row = work.evidence.get(evidence_id)
            if row is None:
                raise NotThere
            work.audit.add(AuditLine(self._clock(), who, "evidence", row.conversation_id))
            place = [each.id for each in work.evidence.of_conversation(row.conversation_id)]
            return row, f"{row.case_number or row.conversation_id[:8]}-{place.index(row.id) + 1}"

        return self._door.submit(job).result()

    def find(self, visit: Visit | None, wanted: str) -> Sequence[int]:
        """Return the cases of this number, or of a party with this phone; who looked is kept."""
        who = _check(visit)
        digits = folded(wanted[:LONGEST_WANTED])
        now = self._clock()

        def job(work: SqlUnitOfWork) -> Sequence[int]:
            found = _cases_of(work, digits) if digits else []
            for number in found:
                work.audit.add(AuditLine(now, who, "found", str(number)))
            return found

        return self._door.submit(job).result()

    def conversation_of_case(self, visit: Visit | None, number: int) -> str:
        """Return the conversation of the side that asked for mediation."""
        _check(visit)
        case = self._door.read(lambda work: work.cases.get(number))
        if case.applicant.conversation_id is None:
            raise NotThere
        return case.applicant.conversation_id

    def day(self, visit: Visit | None, day: date) -> Day:
        """Return the sessions of a day by mediator, the order of the roster kept."""
        _check(visit)

        def job(work: SqlUnitOfWork) -> Day:
            found = work.pages.sessions_of_day(day)
            return Day([(m, found[m.id]) for m in work.roster.all() if m.id in found])

        return self._door.read(job)

    def open_tasks(self, visit: Visit | None) -> Sequence[Task]:
        """Return what people have to do, the most urgent first."""
        _check(visit)
        return self._door.read(lambda work: work.tasks.still_open())

    def close_task(self, visit: Visit | None, task_id: int) -> None:
        """Mark a task as done and keep who did it."""
        who = _check(visit)
        now = self._clock()

        def job(work: SqlUnitOfWork) -> None:
            work.tasks.close(task_id, now)
            work.audit.add(AuditLine(now, who, "task_done", str(task_id)))

        self._door.submit(job).result()

    def invite(self, visit: Visit | None, number: int) -> Issued:
        """Make an invitation for the other side of a case and keep who did it."""
        who = _check(visit)
        now = self._clock()

        def job(work: SqlUnitOfWork) -> Issued:
            issued = issue_invitation(work, number, now, "mediator")
            work.audit.add(AuditLine(now, who, "invited", str(number)))
            return issued

        return self._door.submit(job).result()

    def audit(self, visit: Visit | None) -> Sequence[AuditLine]:
        """Return the latest audit rows."""
        _check(visit)
        return self._door.read(lambda work: work.audit.latest(AUDIT_SHOWN))


def _cases_of(work: SqlUnitOfWork, digits: str) -> Sequence[int]:
    if len(digits) <= DIGITS_OF_NUMBER:
        try:
            return [work.cases.get(int(digits)).number]
        except NoSuchCase:
            pass
    return work.pages.cases_of_phone(digits)


def _check(visit: Visit | None) -> str:
    if visit is None or not visit.is_signed_in:
        raise NotSignedIn
    return visit.who


def _transcript(work: SqlUnitOfWork, conversation_id: str) -> Transcript:
    conversation = work.conversations.by_id(conversation_id)
    if conversation is None:
        raise NotThere
    number = conversation.case_number
    case = work.cases.get(number) if number is not None else None
    notes = work.pages.notes_of_case(number) if number is not None else []
    rows = work.pages.transcript(conversation_id)
    masking = masking_of(conversation, case, rows)
    return Transcript(
        conversation,
        case,
        masking(case.summary) if case else "",
        [replace(note, reason=masking(note.reason)) for note in notes],
        [_masked(row, masking) for row in rows],
        {each.message_id: each for each in work.evidence.of_conversation(conversation_id)},
    )


def _masked(row: HeardMessage | OutWord, masking: Masking) -> HeardMessage | OutWord:
    if isinstance(row, OutWord):
        return replace(row, text=masking(row.text))
    return replace(row, text=masking(row.text) if row.text is not None else None)
