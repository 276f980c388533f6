"""One tick of the scheduler: sessions to come, what cannot fire, and processes side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import chain

import pytest

from bot import ticks
from bot.dialogue.marks import Offered
from bot.ticks import OVERDUE, tick
from domain.calendar import local
from domain.case import Role, Stage
from domain.conversation import OutboxState, TaskKind
from domain.follow_up import FollowUpKind, FollowUpState
from domain.ports import UnitOfWork
from domain.services import booking, follow_up
from domain.services.booking import BookSession
from domain.session import SessionKind
from storage.engine import open_engine
from storage.follow_ups import LEASE
from storage.writer import Writer
from tests.bot.due import (
    BOTH,
    DAY,
    RENDERER,
    SESSION_AT,
    a_case_of,
    book,
    do,
    fired,
    keep_people,
    tasks,
)
from tests.conftest import KEYRING, NOW
from tests.storage.samples import OpenWork, a_conversation, a_follow_up, keep


@pytest.fixture
def people(work: OpenWork, roster: object) -> None:
    keep_people(work)


# sessions


def test_both_sides_are_reminded_the_day_before_and_two_hours_before(
    people: None, writer: Writer
) -> None:
    book(writer)

    assert fired(writer, SESSION_AT - DAY - timedelta(minutes=1)) == []
    assert fired(writer, SESSION_AT - DAY) == ["session_tomorrow>yang", "session_tomorrow>bao"]
    assert fired(writer, SESSION_AT - DAY) == []
    assert fired(writer, SESSION_AT - timedelta(hours=2)) == [
        "session_soon>yang",
        "session_soon>bao",
    ]
    assert fired(writer, SESSION_AT + 9 * DAY) == []


def test_a_word_waits_in_the_outbox_where_it_is_sent_and_lies_ready_where_it_is_fetched(
    people: None, writer: Writer
) -> None:
    book(writer)

    fired(writer, SESSION_AT - DAY)

    sent, ready = (
        writer.read(lambda work, who=who: work.pages.out_words_after(who, 0)[0])
        for who in ("yang", "bao")
    )
    assert (sent.state, ready.state) == (OutboxState.QUEUED, OutboxState.SENT)
    assert sent.unasked
    assert "11月25日 星期三 15:00" in sent.text


def test_a_word_belongs_to_its_own_case_though_the_person_has_a_newer_one(
    people: None, work: OpenWork, writer: Writer
) -> None:
    book(writer)
    keep(work, a_case_of(2, dict(BOTH)))
    newer = a_conversation(
        "yang", channel="telegram", sender="yang", consented_at=NOW, case_number=2
    )
    do(writer, lambda work: work.conversations.save(newer))

    fired(writer, SESSION_AT - DAY)

    assert do(writer, lambda work: work.pages.out_words_after("yang", 0)[0].case_number) == 1


def test_what_falls_due_at_night_is_said_in_the_morning(people: None, writer: Writer) -> None:
    book(writer)
    night = local(date(2026, 11, 24), time(21))

    assert fired(writer, night) == []
    assert fired(writer, night + timedelta(hours=10, minutes=59)) == []
    assert fired(writer, night + timedelta(hours=11)) == [
        "session_tomorrow>yang",
        "session_tomorrow>bao",
    ]


def give_back(work: UnitOfWork) -> None:
    booking.give_back_session(work, 1, NOW)


def withdraw(work: UnitOfWork) -> None:
    booking.withdraw_case(work, 1, NOW, Stage.WITHDRAWN, "")


def hold(work: UnitOfWork) -> None:
    booking.hold_case(work, 1, frozenset({"dv"}), NOW)


@pytest.mark.parametrize("happens", [give_back, withdraw, hold])
def test_of_a_session_given_back_a_case_withdrawn_or_held_nothing_is_said(
    people: None, writer: Writer, happens: Callable[[UnitOfWork], None]
) -> None:
    book(writer)
    do(writer, happens)

    assert fired(writer, SESSION_AT - DAY) == []
    assert fired(writer, SESSION_AT - timedelta(hours=2)) == []


def test_nobody_under_a_safety_hold_is_written_to_while_the_other_side_is(
    people: None, writer: Writer
) -> None:
    book(writer)
    held = a_conversation("yang", channel="telegram", sender="yang", consented_at=NOW, is_held=True)
    do(writer, lambda work: work.conversations.save(held))

    assert fired(writer, SESSION_AT - DAY) == ["session_tomorrow>bao"]


def test_of_a_moved_session_only_the_new_time_is_said(people: None, writer: Writer) -> None:
    book(writer)
    wish = BookSession(1, "xichou-1", SessionKind.PHONE, SESSION_AT + DAY)
    do(writer, lambda work: booking.reschedule_session(work, wish, NOW))

    assert fired(writer, SESSION_AT - DAY) == []
    assert fired(writer, SESSION_AT) == ["session_tomorrow>yang", "session_tomorrow>bao"]


def test_a_side_without_a_chat_is_phoned(work: OpenWork, people: None, writer: Writer) -> None:
    keep(work, a_case_of(2, {Role.APPLICANT: "yang"}))
    book(writer, 2)

    assert fired(writer, SESSION_AT - DAY) == ["session_tomorrow>yang", "called phone"]
    assert fired(writer, SESSION_AT - DAY) == []
    assert tasks(writer) == [TaskKind.PHONE]


def test_a_side_out_of_reach_is_phoned(people: None, writer: Writer) -> None:
    book(writer, 1)

    def block(work: UnitOfWork) -> None:
        found = work.conversations.by_id("yang")
        assert found is not None
        work.conversations.save(replace(found, unreachable_since=NOW))

    writer.submit(block).result()

    assert fired(writer, SESSION_AT - DAY) == ["called phone", "session_tomorrow>bao"]


# what goes wrong


@pytest.fixture
def a_row_that_cannot_fire(people: None, work: OpenWork) -> None:
    """A row due at once whose words lack a day; and behind it one that can be fired."""
    keep(work, a_case_of(2, {Role.APPLICANT: "yang"}))
    broken = a_follow_up("bad", case_number=2, kind=FollowUpKind.CONFIRM_DAY_20)
    with work() as kept:
        kept.follow_ups.add([broken, a_follow_up("good")])
        kept.commit()


def test_a_row_that_cannot_fire_stops_no_other_and_says_nothing(
    a_row_that_cannot_fire: None, writer: Writer
) -> None:
    assert fired(writer, NOW) == ["check_week>yang"]
    assert fired(writer, NOW + LEASE) == []


def test_about_a_row_that_does_not_fire_for_an_hour_a_person_is_called_once(
    a_row_that_cannot_fire: None, writer: Writer
) -> None:
    fired(writer, NOW)

    assert fired(writer, NOW + OVERDUE) == ["called alert"]
    assert fired(writer, NOW + OVERDUE + LEASE) == []
    left = do(writer, lambda work: work.tasks.still_open())
    assert [(task.case_number, task.details["reason"]) for task in left] == [
        (2, "follow_up_not_fired")
    ]


def test_rows_of_a_process_that_died_are_fired_by_the_next(people: None, writer: Writer) -> None:
    do(writer, lambda work: work.follow_ups.add([a_follow_up()]))
    do(writer, lambda work: work.follow_ups.claim(NOW, 10))  # and it died

    assert fired(writer, NOW + LEASE - timedelta(seconds=1)) == []
    assert fired(writer, NOW + LEASE) == ["check_week>yang"]


def test_a_row_that_somebody_else_has_fired_meanwhile_is_not_fired_again(
    people: None, writer: Writer
) -> None:
    do(writer, lambda work: work.follow_ups.add([a_follow_up("k1"), a_follow_up("k2")]))
    slow = tick(writer, RENDERER, NOW)
    next(slow)

    assert fired(writer, NOW + LEASE) == ["check_week>yang"]
    assert [*slow] == []
    assert len(do(writer, lambda work: work.pages.out_words_after("yang", 0))) == 2


@pytest.fixture
def another_process(database_url: str) -> Iterator[Writer]:
    writer = Writer(open_engine(database_url, KEYRING))
    yield writer
    writer.close()


def test_two_processes_that_tick_at_once_say_everything_once(
    people: None,
    work: OpenWork,
    writer: Writer,
    another_process: Writer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticks, "BATCH", 7)
    count = 60
    with work() as kept:
        for number in range(2, 2 + count):
            chat = a_conversation(
                f"p{number}", channel="telegram", sender=f"p{number}", consented_at=NOW
            )
            kept.conversations.add(chat)
            kept.cases.add(a_case_of(number, {Role.APPLICANT: chat.id}))
        kept.follow_ups.add(
            a_follow_up(f"{role}{number}", case_number=number, recipient=role)
            for number in range(2, 2 + count)
            for role in Role
        )
        kept.commit()

    with ThreadPoolExecutor(4) as pool:
        processes = [writer, another_process] * 2
        done = [*pool.map(lambda process: fired(process, NOW), processes)]

    assert sum(bool(share) for share in done) > 1
    assert sorted(chain(*done)) == sorted(
        [f"check_week>p{number}" for number in range(2, 2 + count)] + ["called phone"] * count
    )
    assert len(tasks(writer)) == count
    rows = do(writer, lambda work: work.follow_ups.of_case(30))
    assert {row.state for row in rows} == {FollowUpState.SENT}


def test_a_question_knows_its_row_and_its_choices_can_be_typed(
    people: None, writer: Writer
) -> None:
    at_rest = a_conversation(
        "yang", channel="telegram", sender="yang", consented_at=NOW, state={"stage": "resting"}
    )
    do(writer, lambda work: work.conversations.save(at_rest))
    do(writer, lambda work: work.follow_ups.add([a_follow_up(kind=FollowUpKind.CHECK_QUARTER)]))
    row = do(writer, lambda work: work.follow_ups.of_case(1))[0]

    fired(writer, NOW)

    word = do(writer, lambda work: work.pages.out_words_after("yang", 0)[0])
    state = do(writer, lambda work: work.conversations.by_id("yang").state)
    ids = [f"answer:{row.id}:{answer}" for answer in follow_up.ANSWERS]
    assert [choice["id"] for choice in word.choices] == ids
    assert state["follow_up"] == row.id
    assert [Offered(*each).id for each in state["offered"]] == ids
    assert [Offered(*each).mark for each in state["offered"]] == ["1", "2", "3", "4"]
    assert [choice["mark"] for choice in word.choices] == ["1", "2", "3", "4"]


def test_a_question_that_comes_between_is_not_marked_since_a_number_means_what_is_open(
    people: None, writer: Writer
) -> None:
    asking = a_conversation(
        "yang", channel="wechat", sender="yang", consented_at=NOW, state={"stage": "asking"}
    )
    do(writer, lambda work: work.conversations.save(asking))
    do(writer, lambda work: work.follow_ups.add([a_follow_up(kind=FollowUpKind.CHECK_QUARTER)]))

    fired(writer, NOW)

    word = do(writer, lambda work: work.pages.out_words_after("yang", 0)[0])
    assert len(word.choices) == 4
    assert not any("mark" in choice for choice in word.choices)
