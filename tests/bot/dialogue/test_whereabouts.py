"""A shared position or a scanned code proposes a place; only the person makes it a fact."""

from __future__ import annotations

import pytest

from bot.dialogue.effects import ChangeCase
from bot.dialogue.events import Located, Started
from tests.bot.dialogue.people import agreed, booked, lender, newcomer

XICHOU = {"prefecture": "文山壮族苗族自治州", "county": "西畴县", "township": None, "village": None}
HERE = Located(XICHOU)
LOAN_WITHOUT_PLACE = "我表哥跟我借了两万三，打了借条，到现在不还"


def asked_where():
    """A person in an intake who is asked where it happened."""
    person = agreed().says(LOAN_WITHOUT_PLACE, "loan")
    for _ in range(12):
        if person.asks == "place":
            return person
        person.says("不晓得")
    raise AssertionError("nobody asks where")


@pytest.mark.parametrize("yes", ["是这里", "对", "是的"])
def test_a_position_is_proposed_and_a_yes_makes_it_the_answer(yes):
    person = asked_where().takes(HERE)
    assert person.templates == ["confirm_place"]
    assert person.known("place") is None

    person.says(yes) if yes != "是这里" else person.taps("place:yes")

    assert person.known("place") == XICHOU
    assert person.asks not in {None, "place"}


@pytest.mark.parametrize("no", ["不是", "不在这里", "不对"])
def test_a_no_asks_for_the_place_in_words(no):
    person = asked_where().takes(HERE).says(no)

    assert person.known("place") is None
    assert person.templates == ["ask_fact"]
    assert person.asks == "place"


def test_another_place_told_in_words_is_taken_instead():
    person = asked_where().takes(HERE).says("会泽县")

    assert person.known("place")["county"] == "会泽县"
    assert person.asks not in {None, "place"}


def test_a_position_shared_between_other_questions_waits_for_its_answer():
    person = lender().takes(HERE)
    assert person.templates == ["confirm_place"]

    person.taps("place:yes")

    assert person.templates == ["place_noted", "ask_fact"]
    assert person.known("place") == XICHOU


def test_a_place_that_nobody_answered_for_is_proposed_when_it_is_asked_for():
    person = agreed().takes(HERE).says(LOAN_WITHOUT_PLACE, "loan")
    for _ in range(12):
        if person.asks == "place":
            break
        person.says("不晓得")

    assert person.templates[-1] == "confirm_place"
    assert person.known("place") is None


def test_a_position_that_says_less_than_was_told_changes_nothing():
    person = lender()
    told = person.known("place")
    person.takes(Located({**XICHOU, "prefecture": told["prefecture"], "county": told["county"]}))

    assert person.templates == ["place_noted", "ask_fact"]
    assert person.known("place") == told


def test_a_no_between_other_questions_goes_on_with_what_is_open():
    person = lender().takes(HERE).taps("place:no")

    assert person.templates == ["place_later", "ask_fact"]
    assert not person.state.near


def test_a_place_confirmed_for_an_open_case_goes_into_it():
    person = booked().takes(HERE).taps("place:yes")

    assert person.did(ChangeCase)[-1].facts["place"].value == XICHOU
    assert person.templates == ["case_changed"]


@pytest.mark.parametrize(
    ("event", "said"),
    [(Located(None), "place_not_found"), (Located(None, is_outside=True), "place_outside")],
)
def test_an_unknown_position_asks_for_the_place_in_words(event, said):
    assert asked_where().takes(event).templates == [said]
    assert lender().takes(event).templates == [said, "ask_fact"]


def test_a_button_of_a_place_that_was_answered_is_told_to_be_over():
    person = lender().takes(HERE).taps("place:no").taps("place:yes")

    assert person.templates == ["choice_over", "ask_fact"]
    assert person.known("place") == lender().known("place")


# before the notice is agreed to


def test_a_scanned_place_is_held_in_memory_alone_until_the_person_agrees():
    person = newcomer().takes(Started("pcode", XICHOU))
    assert person.templates == ["notice"]
    assert not person.state.near

    person.taps("consent:yes")

    assert person.state.near == XICHOU
    assert person.known("place") is None


def test_a_code_that_nobody_knows_gets_one_sentence_and_the_notice():
    assert newcomer().takes(Started("iABC")).templates == ["code_not_known", "notice"]
    assert lender().takes(Started("iABC")).templates == ["code_not_known", "ask_fact"]
