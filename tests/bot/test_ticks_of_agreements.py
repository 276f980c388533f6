"""What is asked and done about an agreement until the home re-check, and never in danger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from domain.agreement import Instalment, SettlementAgreement
from domain.calendar import local
from domain.case import Stage
from domain.conversation import TaskKind
from domain.ports import UnitOfWork
from domain.services import follow_up
from domain.session import BookingStatus, SessionBooking, SessionKind
from storage.writer import Writer
from tests.bot.due import BOTH, DAY, book, do, fired, keep_people, tasks
from tests.conftest import NOW
from tests.storage.samples import OpenWork


@pytest.fixture
def people(work: OpenWork, roster: object) -> None:
    keep_people(work)


def agree(writer: Writer, *due: date) -> None:
    """Record an agreement of today with money due on these days."""

    def job(work: UnitOfWork) -> None:
        parts = tuple(Instalment(day, 500_000) for day in due)
        agreement = SettlementAgreement(1, NOW.date(), "分期付清", parts)
        follow_up.record_agreement(work, agreement, NOW, "mediator")

    book(writer)
    do(writer, job)


def at_nine(day: date) -> datetime:
    return local(day, time(9))


DUE = date(2026, 12, 3)


def test_after_two_unanswered_questions_a_person_phones_a_day_later(
    people: None, writer: Writer
) -> None:
    agree(writer, DUE)

    assert fired(writer, at_nine(date(2026, 11, 30))) == [
        "due_in_three_days>yang",
        "due_in_three_days>bao",
        "check_week>yang",
        "check_week>bao",
    ]
    assert fired(writer, at_nine(DUE)) == ["due_today>yang", "due_today>bao"]
    answer = follow_up.Answer("bao", 1, "kept")
    do(writer, lambda work: follow_up.take_answer(work, answer, at_nine(DUE)))
    assert fired(writer, at_nine(DUE) + DAY - timedelta(minutes=1)) == []
    assert fired(writer, at_nine(DUE) + DAY) == [
        "due_yesterday>yang",
        "due_yesterday>bao",
        "called phone",
    ]
    assert tasks(writer) == [TaskKind.PHONE]


def test_each_side_answers_for_itself_whether_what_is_due_was_done(
    people: None, writer: Writer
) -> None:
    agree(writer, DUE)
    fired(writer, at_nine(DUE))

    for person, said in (("yang", "kept"), ("bao", "disputed")):
        answer = follow_up.Answer(person, 1, said)
        do(writer, lambda work, answer=answer: follow_up.take_answer(work, answer, at_nine(DUE)))

    (task,) = writer.read(lambda work: work.tasks.still_open())
    assert (task.kind, task.details["side"]) == (TaskKind.PHONE, "respondent")
    assert writer.read(lambda work: work.cases.get(1)).stage is Stage.AGREED


def in_the_house_alone(work: UnitOfWork) -> None:
    case = work.cases.get(1)
    work.cases.save(case.change_party(replace(case.respondent, conversation_id=None)))


def not_agreed_to_the_notice(work: UnitOfWork) -> None:
    found = work.conversations.by_id("bao")
    assert found is not None
    work.conversations.save(replace(found, consented_at=None))


def violence_told_of_and_released(work: UnitOfWork) -> None:
    work.cases.save(work.cases.get(1).hold(frozenset({"dv"})))
    work.cases.save(work.cases.get(1).release())


def danger_in_the_applicants_chat(work: UnitOfWork) -> None:
    found = work.conversations.by_id("yang")
    assert found is not None
    work.conversations.save(replace(found, is_held=True))


@pytest.mark.parametrize(
    ("happened", "asked"),
    [
        (in_the_house_alone, ["due_today>yang"]),
        (not_agreed_to_the_notice, ["due_today>yang"]),
        (violence_told_of_and_released, ["due_today>yang"]),
        (danger_in_the_applicants_chat, []),
    ],
)
def test_the_other_side_is_asked_what_is_due_in_its_chat_alone_and_never_in_danger(
    people: None, writer: Writer, happened: Callable[[UnitOfWork], None], asked: list[str]
) -> None:
    agree(writer, DUE)
    fired(writer, at_nine(DUE) - DAY)
    do(writer, happened)

    assert fired(writer, at_nine(DUE)) == asked


def test_once_a_case_is_over_nobody_is_asked_what_is_due(people: None, writer: Writer) -> None:
    agree(writer, DUE)
    breached = do(writer, lambda work: work.cases.get(1)).advance(Stage.BREACHED)
    do(writer, lambda work: work.cases.save(breached.advance(Stage.NO_AGREEMENT)))

    assert fired(writer, at_nine(DUE)) == []


def test_nobody_is_phoned_who_answers_within_the_day(people: None, writer: Writer) -> None:
    agree(writer)
    asked_at = at_nine(NOW.date() + 90 * DAY)
    fired(writer, at_nine(NOW.date() + 7 * DAY))
    assert "check_quarter>yang" in fired(writer, asked_at)
    for person in BOTH.values():
        answer = follow_up.Answer(person, 1, "kept")
        do(writer, lambda work, answer=answer: follow_up.take_answer(work, answer, asked_at))

    assert "called phone" not in fired(writer, asked_at + DAY)
    assert TaskKind.PHONE not in tasks(writer)


def visits(writer: Writer) -> list[SessionBooking]:
    sessions = writer.read(lambda work: work.sessions.of_case(1))
    return [each for each in sessions if each.kind is SessionKind.HOME_RECHECK]


def test_after_thirty_days_a_visit_is_booked_and_told(people: None, writer: Writer) -> None:
    agree(writer)
    fired(writer, at_nine(NOW.date() + 29 * DAY))

    assert fired(writer, at_nine(NOW.date() + 30 * DAY)) == ["home_recheck>yang"]
    assert [visit.status for visit in visits(writer)] == [BookingStatus.BOOKED]


def test_a_visit_missed_twice_is_escalated(people: None, writer: Writer) -> None:
    agree(writer)
    fired(writer, at_nine(NOW.date() + 30 * DAY))

    missed_at = visits(writer)[-1].ends_at + DAY
    assert fired(writer, missed_at) == []
    assert fired(writer, missed_at + 7 * DAY) == ["home_recheck>yang"]
    assert fired(writer, visits(writer)[-1].ends_at + DAY) == ["called escalation"]
    assert [visit.status for visit in visits(writer)] == [BookingStatus.MISSED] * 2
    assert tasks(writer) == [TaskKind.ESCALATION]
