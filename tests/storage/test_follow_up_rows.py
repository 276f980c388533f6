from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from domain.case import Role
from domain.errors import FollowUpMovedOn
from domain.follow_up import FollowUp, FollowUpKind, FollowUpState
from storage.follow_ups import LEASE
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_follow_up, a_session, keep

SECOND = timedelta(seconds=1)
Plan = Callable[..., None]


@pytest.fixture(autouse=True)
def one_case(work: OpenWork) -> None:
    keep(work, a_case())


@pytest.fixture
def plan(work: OpenWork) -> Plan:
    def add(*rows: FollowUp) -> None:
        with work() as kept:
            kept.follow_ups.add(rows)
            kept.commit()

    return add


def claimed(
    work: OpenWork, after: timedelta = timedelta(0), limit: int = 100
) -> Sequence[FollowUp]:
    with work() as kept:
        rows = kept.follow_ups.claim(NOW + after, limit)
        kept.commit()
    return rows


def test_a_row_comes_back_as_it_was_planned(work: OpenWork, plan: Plan) -> None:
    planned = a_follow_up(details={"due_on": "2026-12-31", "amount_fen": 500_000})
    plan(planned)

    with work() as kept:
        (row,) = kept.follow_ups.of_case(1)
        assert row == replace(planned, id=row.id)
        assert kept.follow_ups.get(row.id) == row
        assert kept.follow_ups.get(row.id + 1) is None


def test_a_plan_that_is_made_twice_is_kept_once(work: OpenWork, plan: Plan) -> None:
    plan(a_follow_up("a"), a_follow_up("b"))
    plan(a_follow_up("b", details={"again": True}), a_follow_up("c"))

    with work() as kept:
        kept.follow_ups.add([])
        rows = kept.follow_ups.of_case(1)
    assert [(row.key, row.details) for row in rows] == [("a", {}), ("b", {}), ("c", {})]


def test_only_what_is_due_is_handed_out_the_oldest_first(work: OpenWork, plan: Plan) -> None:
    plan(
        a_follow_up("now"),
        a_follow_up("in a second", NOW + SECOND),
        a_follow_up("an hour ago", NOW - timedelta(hours=1)),
    )

    assert [row.key for row in claimed(work, limit=1)] == ["an hour ago"]
    assert [row.key for row in claimed(work)] == ["now"]
    assert claimed(work) == []
    assert [row.key for row in claimed(work, SECOND)] == ["in a second"]


def test_four_who_claim_at_once_get_no_row_twice(work: OpenWork, plan: Plan) -> None:
    plan(*(a_follow_up(f"k{number}") for number in range(400)))

    def take_all(_: int) -> list[str]:
        taken: list[str] = []
        while rows := claimed(work, limit=15):
            taken += [row.key for row in rows]
        return taken

    with ThreadPoolExecutor(4) as threads:
        taken = [key for each in threads.map(take_all, range(4)) for key in each]

    assert len(taken) == 400
    assert len(set(taken)) == 400


def test_a_row_whose_claimer_died_is_handed_out_again_after_the_lease(
    work: OpenWork, plan: Plan
) -> None:
    plan(a_follow_up())
    claimed(work)

    assert claimed(work, LEASE - SECOND) == []
    assert [row.key for row in claimed(work, LEASE)] == ["k1"]
    assert claimed(work, LEASE + SECOND) == []


def test_a_row_that_two_were_given_is_carried_out_by_one(work: OpenWork, plan: Plan) -> None:
    plan(a_follow_up())
    (slow,) = claimed(work)
    (quick,) = claimed(work, LEASE)
    with work() as kept:
        kept.follow_ups.mark(quick, FollowUpState.SENT, NOW)
        kept.commit()

    with work() as kept:
        with pytest.raises(FollowUpMovedOn):
            kept.follow_ups.mark(slow, FollowUpState.SENT, NOW)
        with pytest.raises(FollowUpMovedOn):
            kept.follow_ups.postpone(slow, NOW)


def test_a_row_that_is_settled_is_not_handed_out_again(work: OpenWork, plan: Plan) -> None:
    plan(a_follow_up())
    (row,) = claimed(work)
    with work() as kept:
        kept.follow_ups.mark(row, FollowUpState.SENT, NOW)
        kept.commit()

    assert claimed(work, 2 * LEASE) == []


def test_a_row_that_is_postponed_comes_at_its_new_time(work: OpenWork, plan: Plan) -> None:
    plan(a_follow_up())
    (row,) = claimed(work)
    with work() as kept:
        kept.follow_ups.postpone(row, NOW + timedelta(hours=12))
        kept.commit()

    assert claimed(work, timedelta(hours=11)) == []
    assert [row.key for row in claimed(work, timedelta(hours=12))] == ["k1"]


@pytest.mark.usefixtures("roster")
def test_a_cancelled_booking_silences_its_own_reminders_alone(work: OpenWork) -> None:
    with work() as kept:
        booked = kept.sessions.add(a_session())
        rows = [a_follow_up("its", booking_id=booked.id), a_follow_up("other")]
        kept.follow_ups.add(rows)
        kept.follow_ups.cancel_of_booking(booked.id)
        kept.commit()

    assert [row.key for row in claimed(work)] == ["other"]


def test_a_case_that_ends_silences_what_is_to_come_and_keeps_what_was(
    work: OpenWork, plan: Plan
) -> None:
    plan(a_follow_up("asked"))
    (row,) = claimed(work)
    with work() as kept:
        kept.follow_ups.mark(row, FollowUpState.SENT, NOW)
        kept.follow_ups.add([a_follow_up("to come")])
        kept.follow_ups.cancel_of_case(1)
        kept.commit()

    with work() as kept:
        states = {row.key: row.state for row in kept.follow_ups.of_case(1)}
    assert states == {"asked": FollowUpState.SENT, "to come": FollowUpState.CANCELLED}


def test_a_question_is_unanswered_from_its_sending_to_its_answer(
    work: OpenWork, plan: Plan
) -> None:
    plan(
        a_follow_up("younger", NOW + SECOND, kind=FollowUpKind.DUE_TODAY),
        a_follow_up("older"),
        a_follow_up("no question", kind=FollowUpKind.DUE_IN_THREE_DAYS),
        a_follow_up("other side", recipient=Role.RESPONDENT),
    )

    def waiting() -> list[FollowUp]:
        with work() as kept:
            return list(kept.follow_ups.unanswered(1, Role.APPLICANT))

    assert waiting() == []
    with work() as kept:
        for row in kept.follow_ups.claim(NOW + SECOND, 10):
            kept.follow_ups.mark(row, FollowUpState.SENT, NOW)
        kept.commit()
    assert [row.key for row in waiting()] == ["older", "younger"]
    with work() as kept:
        kept.follow_ups.mark(waiting()[0], FollowUpState.ANSWERED, NOW)
        kept.commit()
    assert [row.key for row in waiting()] == ["younger"]


def test_a_tick_does_not_read_the_rows_that_are_settled(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        look = "EXPLAIN SELECT id FROM follow_up WHERE {} AND due_at <= 1 ORDER BY due_at LIMIT 9"
        switch = "SET enable_seqscan = off"  # a table of no rows is else read as a whole
    else:
        look = "EXPLAIN QUERY PLAN SELECT id FROM follow_up WHERE {} AND due_at <= 1"
        switch = "SELECT 1"
    with engine.connect() as connection:
        connection.execute(text(switch))
        plan = connection.execute(text(look.format("state IN ('pending', 'claimed')")))
        assert "ix_follow_up_open" in str(plan.all())
