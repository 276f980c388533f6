from collections import Counter
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.agreement import Instalment, SettlementAgreement
from domain.calendar import LOCAL, local
from domain.case import Role
from domain.errors import AgreementNotPossible
from domain.follow_up import FollowUpKind, plan_agreement, plan_session
from domain.session import SessionBooking, SessionKind

SIGNED = date(2026, 12, 1)


def booking(starts_at: datetime) -> SessionBooking:
    return SessionBooking(7, 2026000015, "m1", SessionKind.WALK_IN, starts_at, 60, "司法所")


def agreement(*due: date) -> SettlementAgreement:
    return SettlementAgreement(
        2026000015, SIGNED, "分期付清", tuple(Instalment(day, 500_00) for day in due)
    )


def test_both_sides_are_reminded_the_day_before_and_two_hours_before():
    session = booking(local(date(2026, 12, 3), time(14)))

    rows = list(plan_session(session, local(SIGNED, time(9))))

    assert {(row.kind, row.recipient, row.due_at) for row in rows} == {
        (kind, role, local(day, at))
        for kind, day, at in (
            (FollowUpKind.SESSION_TOMORROW, date(2026, 12, 2), time(14)),
            (FollowUpKind.SESSION_SOON, date(2026, 12, 3), time(12)),
        )
        for role in Role
    }


def test_a_reminder_before_an_early_session_comes_the_evening_before():
    session = booking(local(date(2026, 12, 3), time(8)))

    soon = [r for r in plan_session(session, local(SIGNED, time(9))) if "soon" in r.kind]

    assert {row.due_at for row in soon} == {local(date(2026, 12, 2), time(20))}


def test_a_reminder_whose_moment_has_passed_is_left_out():
    session = booking(local(date(2026, 12, 3), time(14)))

    rows = list(plan_session(session, local(date(2026, 12, 3), time(9))))

    assert {row.kind for row in rows} == {FollowUpKind.SESSION_SOON}


def test_an_agreement_is_followed_for_ninety_days():
    rows = list(plan_agreement(agreement(date(2026, 12, 20))))

    days = {(row.kind, (row.due_at.date() - SIGNED).days) for row in rows}
    assert days == {
        (FollowUpKind.DUE_IN_THREE_DAYS, 16),
        (FollowUpKind.DUE_TODAY, 19),
        (FollowUpKind.DUE_YESTERDAY, 20),
        (FollowUpKind.CHECK_WEEK, 7),
        (FollowUpKind.HOME_RECHECK, 30),
        (FollowUpKind.CHECK_QUARTER, 90),
        (FollowUpKind.CONFIRM_DAY_20, 20),
        (FollowUpKind.CONFIRM_DAY_27, 27),
    }


@pytest.mark.parametrize("kind", [FollowUpKind.DUE_TODAY, FollowUpKind.DUE_YESTERDAY])
def test_each_side_is_asked_about_every_instalment(kind):
    rows = plan_agreement(agreement(date(2026, 12, 20), date(2027, 1, 20)))

    asked = Counter((row.recipient, row.details["instalment"]) for row in rows if row.kind is kind)
    assert asked == {(role, number): 1 for role in Role for number in (1, 2)}


@given(st.lists(st.dates(SIGNED, date(2028, 1, 1)), max_size=6, unique=True))
def test_no_two_rows_of_a_plan_share_a_key(due):
    keys = [row.key for row in plan_agreement(agreement(*due))]

    assert len(keys) == len(set(keys))


@given(st.datetimes(datetime(2026, 12, 1), datetime(2027, 12, 1)))  # noqa: DTZ001
def test_no_reminder_comes_at_night_or_after_the_session(starts):
    session = booking(starts.replace(tzinfo=LOCAL))
    for row in plan_session(session, session.starts_at - timedelta(days=10)):
        assert time(8) <= row.due_at.time() < time(21)
        assert row.due_at <= session.starts_at


def test_an_agreement_without_words_or_with_a_past_due_date_is_none():
    with pytest.raises(AgreementNotPossible):
        SettlementAgreement(1, SIGNED, "  ", ())
    with pytest.raises(AgreementNotPossible):
        agreement(SIGNED - timedelta(days=1))
