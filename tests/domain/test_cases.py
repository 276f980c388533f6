from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import LOCAL
from domain.case import (
    NEXT_STAGES,
    OVER,
    MediationCase,
    Party,
    Role,
    Stage,
    case_number,
    is_case_number,
)
from domain.errors import MediationLocked, OneSidedDispute, StageNotReachable

OPENED = datetime(2026, 11, 23, 10, tzinfo=LOCAL)
PARTIES = (Party(Role.APPLICANT, "李秀英"), Party(Role.RESPONDENT, "包工头"))


def a_case(stage: Stage = Stage.APPLIED) -> MediationCase:
    return MediationCase(2026000015, "labour_wage", PARTIES, "欠工钱", OPENED, stage=stage)


def test_a_dispute_has_two_sides():
    with pytest.raises(OneSidedDispute):
        replace(a_case(), parties=PARTIES[:1])


def test_each_side_can_be_named():
    assert (a_case().applicant, a_case().respondent) == PARTIES


@pytest.mark.parametrize("stage", Stage)
def test_a_case_goes_only_where_the_procedure_leads(stage):
    case = replace(a_case(stage), held_from=Stage.APPLIED if stage is Stage.SAFETY_HOLD else None)
    for wanted in Stage:
        if wanted in NEXT_STAGES[stage]:
            assert case.advance(wanted).stage is wanted
        else:
            with pytest.raises((StageNotReachable, MediationLocked)):
                case.advance(wanted)


@pytest.mark.parametrize("stage", sorted(OVER))
def test_a_case_that_is_over_is_not_open(stage):
    assert not a_case(stage).is_open


def test_a_held_case_goes_nowhere_until_it_is_released_and_then_stands_where_it_was():
    held = a_case(Stage.SESSION_BOOKED).hold(frozenset({"dv"}))

    assert held.is_held
    assert held.is_open
    with pytest.raises(MediationLocked):
        held.advance(Stage.AGREED)
    assert held.hold(frozenset({"now"})).flags == {"dv", "now"}
    assert held.release().stage is Stage.SESSION_BOOKED


def test_only_a_held_case_is_released():
    with pytest.raises(StageNotReachable):
        a_case().release()


def test_an_applicant_can_withdraw_even_from_a_safety_hold():
    assert a_case().hold(frozenset({"dv"})).withdraw().stage is Stage.WITHDRAWN
    assert a_case().withdraw().stage is Stage.WITHDRAWN


@given(st.integers(2000, 2099), st.integers(1, 99_999), st.integers(0, 9), st.integers(0, 9))
def test_one_wrong_digit_of_a_case_number_is_noticed(year, sequence, place, digit):
    number = case_number(year, sequence)
    text = str(number)

    assert is_case_number(number)
    wrong = text[:place] + str(digit) + text[place + 1 :]
    assert is_case_number(int(wrong)) == (wrong == text)
