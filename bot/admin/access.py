"""The only door from the console to what people said: who is signed in, and who read what when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.admin.masking import Masking, masking_of
from bot.admin.sign_in import Visit
from bot.served import Door
from domain.case import MediationCase, Role
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
    """A conversation as the console may show it: every text is masked already.

    `story` is what this side told of the matter, never the other's: that is read, and the reading
    kept, in its own talk. `sides` are the talks of the case, by side, where there are any.
    """

    conversation: Conversation
    case: MediationCase | None
    side: Role | None
    sides: Mapping[Role, str]
    story: str
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

    def transcript(
        self, visit: Visit | None, conversation_id: str, number: int | None = None
    ) -> Transcript:
        """Return a transcript and keep, in the same transaction, who read it when.

        `number` names the case it is read for, where its person has more than one.
        """
        who = _check(visit)

        def job(work: SqlUnitOfWork) -> Transcript:
            found = _transcript(work, conversation_id, number)
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
        """Return the talk of the side that asked for mediation, or else of the other side."""
        _check(visit)
        talks = self._door.read(lambda work: _talks(work, work.cases.get(number)))
        if not talks:
            raise NotThere
        return next(iter(talks.values()))

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


def _transcript(work: SqlUnitOfWork, conversation_id: str, number: int | None) -> Transcript:
    conversation = work.conversations.by_id(conversation_id)
    if conversation is None:
        raise NotThere
    latest = conversation.case_number
    wanted = number if number is not None else latest
    cases = [work.cases.get(each) for each in {latest, wanted} if each is not None]
    case = next((each for each in cases if each.number == wanted), None)
    side = case.side_of(conversation_id) if case is not None else None
    if side is None and wanted != latest:
        raise NotThere
    rows = work.pages.transcript(conversation_id)
    masking = masking_of(conversation, cases, rows)
    notes = work.pages.notes_of_case(case.number) if case is not None else []
    return Transcript(
        conversation,
        case,
        side,
        _talks(work, case) if case is not None else {},
        masking(_story(case, side)),
        [replace(note, reason=masking(note.reason)) for note in notes],
        [_masked(row, masking) for row in rows],
        {each.message_id: each for each in work.evidence.of_conversation(conversation_id)},
    )


def _talks(work: SqlUnitOfWork, case: MediationCase) -> dict[Role, str]:
    """Return the talks of a case that are still there, by side, the applicant's first."""
    named = ((role, case.party(role).conversation_id) for role in Role)
    return {role: id_ for role, id_ in named if id_ and work.conversations.by_id(id_) is not None}


def _story(case: MediationCase | None, side: Role | None) -> str:
    if case is None or side is None:
        return ""
    return case.summary if side is Role.APPLICANT else case.respondent.account


def _masked(row: HeardMessage | OutWord, masking: Masking) -> HeardMessage | OutWord:
    if isinstance(row, OutWord):
        return replace(row, text=masking(row.text))
    return replace(row, text=masking(row.text) if row.text is not None else None)
