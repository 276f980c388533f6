"""Health, children and the like are asked about only of who has said that they may be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from tests.bot.dialogue.people import CATALOGUE, Person


@pytest.fixture
def person() -> Person:
    """Somebody with a traffic matter of whom the injury is asked next."""
    person = Person(Dialogue(Stage.TELLING))
    sheet = CATALOGUE.sheet("traffic")
    before = [fact.name for fact in sheet.facts[: sheet.facts.index(sheet.fact("hurt"))]]
    person.state = replace(person.state, story="车祸", unknown=tuple(before))
    person.taps("type:traffic")
    return person


def test_before_the_first_such_question_comes_one_sentence(person):
    assert person.templates == ["may_ask"]
    assert person.choices == ("may:health:yes", "may:health:no")


@pytest.mark.parametrize("words", ["可以", "可以问", "问吧", "好的"])
def test_who_says_that_it_may_be_asked_is_asked(person, words):
    person.says(words, intent="smalltalk")

    assert person.templates == ["ask_fact"]
    assert person.state.asked == "hurt"
    assert person.state.permitted == ("health",)


@pytest.mark.parametrize("words", ["不想说", "我不想说", "不方便说", "别问了", "不"])
def test_who_does_not_want_to_say_is_asked_the_next_and_none_of_the_kind(person, words):
    person.says(words, intent="smalltalk")

    assert person.templates == ["ask_fact"]
    assert person.state.asked not in (None, "hurt")
    assert "hurt" in person.state.unknown
    assert person.state.declined == ("health",)


def test_a_no_holds_for_every_fact_of_the_kind_also_in_another_type(person):
    person.taps("may:health:no")
    person.state = replace(person.state, stage=Stage.PROPOSING)
    person.taps("type:injury_tort")
    asked = [person.state.asked]
    while person.state.stage is Stage.ASKING:
        person.taps(f"fact:{person.state.asked}:unknown")
        asked.append(person.state.asked)

    assert "harm_degree" not in asked
    assert "may_ask" not in person.templates


def test_who_tells_it_straight_away_has_told_it_freely(person):
    choice = CATALOGUE.sheet("traffic").fact("hurt").choices[0]
    person.says(choice.label)

    assert person.state.known["hurt"].value == choice.id
    assert person.state.permitted == ()


def test_a_question_in_between_leads_back_to_whether_it_may_be_asked(person):
    person.says("为什么问这个")

    assert person.templates == ["may_ask"]
    assert person.said[-1].data["why"]


def test_the_yes_of_before_is_no_yes_to_what_is_asked_now(person):
    person.taps("may:child:yes")

    assert person.templates == ["choice_over", "may_ask"]
    assert person.state.permitted == ()


def test_who_declined_and_wants_to_tell_after_all_is_asked(person):
    person.taps("may:health:no")
    person.taps("change:hurt")

    assert person.templates == ["ask_fact"]
    assert person.state.asked == "hurt"


def test_another_matter_is_asked_anew(person):
    person.taps("may:health:yes")

    assert from_data(to_data(person.state)).permitted == ("health",)
    assert person.state.begin_anew().permitted == ()


@pytest.mark.parametrize(("number", "permitted"), [("1", ("health",)), ("2", ())])
def test_a_number_answers_the_sentence_and_not_the_question_behind_it(person, number, permitted):
    person.says(number)

    assert person.state.permitted == permitted
    assert "hurt" not in person.state.known
