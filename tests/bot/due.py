"""Two people with a case whose follow-ups fall due, and what a tick makes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.ticks import tick
from domain.calendar import local
from domain.case import MediationCase, Party, Role
from domain.conversation import TaskKind
from domain.services import booking
from domain.services.booking import BookSession
from domain.session import SessionBooking, SessionKind
from storage.writer import Writer
from tests.bot.webhouse import renderer
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, keep

WEDNESDAY = date(2026, 11, 25)
SESSION_AT = local(WEDNESDAY, time(15))
DAY = timedelta(days=1)
RENDERER = renderer()
BOTH = {Role.APPLICANT: "yang", Role.RESPONDENT: "bao"}


def a_case_of(number: int, chats: dict[Role, str | None]) -> MediationCase:
    parties = tuple(
        Party(role, name, conversation_id=chats.get(role))
        for role, name in ((Role.APPLICANT, "杨某"), (Role.RESPONDENT, "包工头"))
    )
    return a_case(number, parties=parties)


def keep_people(work: OpenWork) -> None:
    keep(
        work,
        a_conversation("yang", channel="telegram", sender="yang", consented_at=NOW),
        a_conversation("bao", channel="webchat", sender="bao", consented_at=NOW),
        a_case_of(1, dict(BOTH)),
    )


def do(writer: Writer, job: Callable[[Any], Any]) -> Any:
    return writer.submit(job).result()


def book(writer: Writer, number: int = 1, at: datetime = SESSION_AT) -> SessionBooking:
    wish = BookSession(number, "xichou-1", SessionKind.PHONE, at)
    booked: SessionBooking = do(writer, lambda work: booking.book_session(work, wish, NOW))
    return booked


def fired(writer: Writer, at: datetime) -> list[str]:
    """Tick once; return what was done as `word>person` or `called kind`."""
    return [
        f"{record['word']}>{record['to']}" if "word" in record else f"called {record['called']}"
        for record in tick(writer, RENDERER, at)
    ]


def tasks(writer: Writer) -> list[TaskKind]:
    return [task.kind for task in writer.read(lambda work: work.tasks.still_open())]
