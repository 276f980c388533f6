"""When a person is to ask the other side, and in which way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.case import LOCKING_FLAGS, OVER
from domain.services.other_side import BY_PERSON, HAND_OVER, way_to_ask
from tests.storage.samples import a_case


def agreed(**others):
    case = a_case(**others)
    return case.change_party(replace(case.applicant, lets_contact=True))


def test_who_agreed_has_the_other_side_invited():
    assert way_to_ask(agreed(), is_under_hold=False) == HAND_OVER


@pytest.mark.parametrize("flag", LOCKING_FLAGS)
def test_after_a_danger_a_person_asks_and_no_invitation_does(flag):
    assert way_to_ask(agreed(flags=frozenset({flag})), is_under_hold=False) == BY_PERSON


@pytest.mark.parametrize("said", [None, False])
def test_nobody_is_asked_against_the_word_of_the_applicant(said):
    case = agreed()
    unwilling = case.change_party(replace(case.applicant, lets_contact=said))
    assert way_to_ask(unwilling, is_under_hold=False) is None


def test_nobody_is_asked_under_a_hold():
    assert way_to_ask(agreed(), is_under_hold=True) is None


@pytest.mark.parametrize("stage", sorted(OVER))
def test_nobody_is_asked_to_what_is_over(stage):
    assert way_to_ask(agreed(stage=stage), is_under_hold=False) is None


def test_who_has_come_in_need_not_be_asked():
    case = agreed()
    come_in = case.change_party(replace(case.respondent, conversation_id="c2"))
    assert way_to_ask(come_in, is_under_hold=False) is None
