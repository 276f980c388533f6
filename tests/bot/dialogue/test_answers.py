"""Questions and remarks in between."""

import pytest

from bot.dialogue.answers import REMARKS, TOPICS
from tests.bot.dialogue.people import agreed, booked, lender


@pytest.mark.parametrize("topic", TOPICS)
def test_every_question_about_the_service_has_its_answer(topic):
    person = lender().asks_between("问一下", topic=topic)

    assert person.templates == [f"about_{topic}", "ask_fact"]


def test_a_question_of_no_topic_is_answered_with_how_it_goes():
    assert agreed().says("咋个弄", intent="service_question").templates == ["about_process"]


@pytest.mark.parametrize("intent", sorted({*REMARKS} - {"greet", "proxy_speaker"}))
def test_a_remark_is_answered_and_the_open_fact_returns(intent):
    assert lender().says("哎呀呀", intent=intent).templates == [intent, "ask_fact"]


def test_a_question_about_the_law_is_information_and_offers_mediation():
    person = agreed().says("借钱不还几年就要不回来了", "loan", intent="legal_question")

    assert person.templates == ["law_answer", "want_mediation"]
    assert person.said[0].data["deadlines"]
    assert person.choices == ("type:loan", "do:lawyer")
    assert person.taps("type:loan").asks == "principal"


def test_a_question_about_the_law_keeps_the_story_that_was_told():
    person = agreed().says("表哥跟我借两万三", "loan", "contract").says("都不是")
    person.says("那法律咋个规定", "loan", intent="legal_question")

    assert person.state.story.startswith("表哥")


def test_a_question_about_no_known_matter_offers_a_lawyer():
    person = agreed().says("法律管不管", intent="legal_question")

    assert person.choices == ("do:lawyer",)
    assert person.said[0].data["deadlines"] == []


def test_a_question_about_the_law_in_between_leads_back():
    person = lender().says("没借条法律咋说", "loan", intent="legal_question")

    assert person.templates == ["law_answer", "ask_fact"]
    assert booked().says("能执行吗", intent="legal_question").templates == ["law_answer"]


@pytest.mark.parametrize("intent", ["admin_petition", "crime_fraud"])
def test_what_is_not_for_mediation_is_told_where_it_belongs(intent):
    person = agreed().says("有人骗我", intent=intent)

    assert person.templates == [intent]
    assert person.choices == ("do:lawyer", "do:person")


def test_a_wish_about_ones_own_data_is_answered_and_then_the_question_stands_again():
    assert lender().says("把我说的删掉", intent="privacy_request").templates == ["confirm_erase"]
    seen = lender().says("我说的那些能看一下吗", intent="privacy_request")

    assert seen.templates == ["my_info", "ask_fact"]
