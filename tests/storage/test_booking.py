from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from domain.case import Stage
from domain.errors import SlotTaken
from domain.follow_up import FollowUpState
from domain.services.booking import (
    BookSession,
    book_session,
    give_back_session,
    reschedule_session,
)
from domain.session import BookingStatus, SessionKind, occupied_quanta
from storage.roster import RosterMemory
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_session, keep

PEOPLE = 64
SLOTS = 40
TRIES = 12
TOMORROW = NOW.replace(day=24)  # 10:00 on a Tuesday
Try = Callable[[BookSession], None]

pytestmark = pytest.mark.usefixtures("roster")


def a_wish(case_number: int = 1, starts_at: datetime = TOMORROW) -> BookSession:
    return BookSession(case_number, "xichou-1", SessionKind.WALK_IN, starts_at)


def all_quanta(work: OpenWork) -> frozenset[int]:
    with work() as kept:
        return kept.sessions.taken(["xichou-1"], 0, 2**31 - 1).get("xichou-1", frozenset())


def test_a_session_comes_back_as_it_was_booked(work: OpenWork) -> None:
    keep(work, a_case())
    with work() as kept:
        booked = kept.sessions.add(a_session())
        kept.commit()

    with work() as kept:
        assert booked == replace(a_session(), id=booked.id)
        assert kept.sessions.get(booked.id) == booked
        assert kept.sessions.of_case(1) == [booked]
        assert kept.sessions.coming(1, NOW) == booked
        assert kept.sessions.coming(1, booked.starts_at) is None
        assert kept.sessions.get(booked.id + 1) is None


def test_the_way_to_a_visit_takes_time_of_the_mediator_too(work: OpenWork) -> None:
    keep(work, a_case())
    visit = a_session(kind=SessionKind.VISIT, minutes=90)
    with work() as kept:
        kept.sessions.add(visit)
        kept.commit()

    assert all_quanta(work) == frozenset(occupied_quanta(SessionKind.VISIT, TOMORROW, 90))
    assert len(all_quanta(work)) == 12


def test_sessions_that_overlap_are_refused_and_leave_nothing_behind(work: OpenWork) -> None:
    keep(work, a_case(1), a_case(2))
    half_an_hour_later = TOMORROW + timedelta(minutes=30)
    with work() as kept:
        kept.sessions.add(a_session(1))
        with pytest.raises(SlotTaken):
            kept.sessions.add(a_session(2, starts_at=half_an_hour_later))
        kept.sessions.add(a_session(2, starts_at=half_an_hour_later, mediator_id="xichou-3"))
        kept.commit()

    with work() as kept:
        assert [each.mediator_id for each in kept.sessions.of_case(2)] == ["xichou-3"]
    assert len(all_quanta(work)) == 4


def test_a_case_that_loses_the_slot_stays_where_it_was(work: OpenWork) -> None:
    keep(work, a_case(1), a_case(2))
    with work() as kept:
        book_session(kept, a_wish(1), NOW)
        kept.commit()

    with work() as kept, pytest.raises(SlotTaken):
        book_session(kept, a_wish(2), NOW)

    with work() as kept:
        assert kept.cases.get(1).stage is Stage.SESSION_BOOKED
        assert kept.cases.get(2) == a_case(2)


def test_a_session_given_back_frees_its_time_and_silences_its_reminders(work: OpenWork) -> None:
    keep(work, a_case(1), a_case(2))
    with work() as kept:
        booked = book_session(kept, a_wish(1), NOW)
        give_back_session(kept, 1, NOW)
        book_session(kept, a_wish(2), NOW)
        kept.commit()

    with work() as kept:
        ended = kept.sessions.get(booked.id)
        assert ended is not None
        assert ended.status is BookingStatus.CANCELLED
        assert {row.state for row in kept.follow_ups.of_case(1)} == {FollowUpState.CANCELLED}
        assert {row.state for row in kept.follow_ups.of_case(2)} == {FollowUpState.PENDING}


def test_rescheduling_frees_the_old_time_and_takes_the_new_one(work: OpenWork) -> None:
    keep(work, a_case())
    later = TOMORROW + timedelta(hours=2)
    with work() as kept:
        book_session(kept, a_wish(), NOW)
        moved = reschedule_session(kept, a_wish(starts_at=later), NOW)
        kept.commit()

    assert all_quanta(work) == frozenset(occupied_quanta(moved.kind, later, 60))


def test_rescheduling_to_a_time_that_is_taken_leaves_the_old_one(
    work: OpenWork, writer: Writer
) -> None:
    keep(work, a_case(1), a_case(2))
    later = TOMORROW + timedelta(hours=2)
    writer.submit(lambda kept: book_session(kept, a_wish(1), NOW)).result()
    writer.submit(lambda kept: book_session(kept, a_wish(2, later), NOW)).result()

    moving = writer.submit(lambda kept: reschedule_session(kept, a_wish(1, later), NOW))

    assert isinstance(moving.exception(), SlotTaken)
    with work() as kept:
        coming = kept.sessions.coming(1, NOW)
    assert coming is not None
    assert coming.starts_at == TOMORROW


def through_the_writer(engine: Engine) -> Iterator[Try]:
    writer = Writer(engine)
    yield lambda wish: writer.submit(lambda work: _book(work, wish)).result()
    writer.close()


def each_on_its_own(engine: Engine) -> Iterator[Try]:
    memory = RosterMemory()

    def attempt(wish: BookSession) -> None:
        with SqlUnitOfWork(engine, memory) as work:
            _book(work, wish)
            work.commit()

    yield attempt


def _book(work: SqlUnitOfWork, wish: BookSession) -> None:
    book_session(work, wish, NOW)


def slots() -> list[datetime]:
    hours = range(8, 18)
    days = (24, 25, 26, 27)
    return [NOW.replace(day=day, hour=hour) for day in days for hour in hours][:SLOTS]


@pytest.mark.parametrize("way", [through_the_writer, each_on_its_own])
def test_64_people_who_run_for_40_slots_get_each_exactly_once(
    engine: Engine, work: OpenWork, way: Callable[[Engine], Iterator[Try]]
) -> None:
    keep(work, *(a_case(number) for number in range(1, PEOPLE + 1)))
    start = Barrier(PEOPLE)
    ways = way(engine)
    book = next(ways)

    def want_a_slot(number: int) -> str:
        start.wait()
        wishes = slots()[number % 8 * 5 :] + slots()[: number % 8 * 5]
        for starts_at in wishes[:TRIES]:
            try:
                book(a_wish(number, starts_at))
            except SlotTaken:
                continue
            return "booked"
        return "nothing free"

    with ThreadPoolExecutor(PEOPLE) as people:
        outcomes = Counter(people.map(want_a_slot, range(1, PEOPLE + 1)))
    assert next(ways, None) is None

    assert outcomes == {"booked": SLOTS, "nothing free": PEOPLE - SLOTS}
    with work() as kept:
        booked = [b for n in range(1, PEOPLE + 1) for b in kept.sessions.of_case(n)]
    assert sorted(each.starts_at for each in booked) == sorted(slots())
    assert len(all_quanta(work)) == SLOTS * 4
