"""Earlier answers taken back."""

import pytest

from bot.dialogue.effects import ChangeCase
from bot.dialogue.state import Dialogue, Stage
from tests.bot.dialogue.people import (
    Person,
    agreed,
    answers_all,
    booked,
    choosing_time,
    lender,
    reader,
)


@pytest.mark.parametrize(
    "text",
    [
        "金额不对，是三万五",
        "不对，是三万五",
        "说错了，三万五",
        "金额改成三万五",
        "不是两万三，是三万五",
        "本金应该是三万五",
        "金额不是两万三是三万五",
        "刚才写错了，一共三万五",
    ],
)
def test_a_sum_is_corrected_in_many_ways_and_the_open_question_returns_once(text):
    person = lender().says(text)

    assert person.templates == ["corrected", "ask_fact"]
    assert person.known("principal") == [3500000, 3500000]
    assert person.asks == "lent_on"


def test_several_values_are_corrected_in_one_sentence():
    person = reader().says("金额不对，是三千，借钱日期是去年三月，地点应该是西畴县")

    assert person.templates == ["corrected", "corrected", "corrected", "read_back"]
    assert person.known("principal") == [300000, 300000]
    assert person.known("lent_on") == "2025-03"
    assert person.known("place")["county"] == "西畴县"


def test_a_correction_may_answer_the_open_question_too():
    person = lender().says("金额不对，是三千，日期是去年三月")

    assert person.known("principal") == [300000, 300000]
    assert person.known("lent_on") == "2025-03"
    assert person.asks == "last_asked"


def test_an_open_choice_is_answered_by_a_correcting_word():
    person = lender().says("前年").says("上个月")
    assert person.asks == "prior"

    assert person.says("不对，是派出所").known("prior") == "police"


def test_an_earlier_choice_is_corrected_while_another_question_is_open():
    person = lender().says("前年").says("上个月").says("没有找过")
    assert person.asks == "wish"

    person.says("不对，是派出所处理过")

    assert person.known("prior") == "police"
    assert person.asks == "wish"


def test_a_yes_or_no_is_corrected_while_it_is_the_last_answer():
    person = agreed().says("公司差我三万块工钱，从去年三月开始", "labour_wage")
    assert person.asks == "still_working"
    person.says("还在干")

    assert person.says("不对，没干了").known("still_working") == "no"


@pytest.mark.parametrize(
    "text", ["他做得不对，要他赔我三千块", "他应该是认账的，喊他还三千", "不是钱的事，是面子的事"]
)
def test_a_wish_in_which_somebody_is_wrong_is_no_correction(text):
    person = lender().says("前年").says("上个月").says("没有找过").says(text)

    assert person.known("wish") == text
    assert person.known("principal") == [2300000, 2300000]
    assert person.templates == ["read_back"]


def test_an_answer_that_begins_with_it_should_be_is_an_answer():
    person = lender().says("前年").says("应该是上个月吧")

    assert person.known("last_asked") == "2026-10"
    assert person.known("lent_on") == "2024"


def test_the_other_side_is_corrected_only_where_it_is_named_anew():
    assert lender().says("对方说错了，是我堂哥").known("respondent") == "我堂哥"
    assert lender().says("说错了，对方还差我三万五").known("respondent") == "表哥"


def test_what_the_person_did_not_know_can_be_told_later():
    person = lender().says("不晓得").says("日期我说错了，是前年五月")

    assert person.known("lent_on") == "2024-05"
    assert not person.state.unknown


def test_who_says_only_that_something_is_wrong_is_asked_what():
    person = lender().says("刚才说错了")

    assert person.templates == ["which_change"]
    assert "change:principal" in person.choices
    person.taps("change:principal").says("三万")
    assert person.asks == "lent_on"


def test_a_correction_that_names_no_value_asks_what():
    assert reader().says("金额不对").templates == ["which_change"]


def test_a_people_count_and_an_area_are_corrected_by_their_units():
    person = agreed().says("公司差我们五个人工钱三万块", "labour_wage")
    assert person.says("不对，是七个人").known("people_count") == 7
    assert person.known("owed") == [3000000, 3000000]

    person = agreed().says("他占了我家两亩地，界线要砍树", "forest_land")
    assert person.says("说错了，三亩").known("area") == 3


def test_a_correction_that_closes_the_matter_says_where_it_goes():
    person = lender().says("前年").says("上个月").says("没有找过")

    person.says("不对，法院立案了")

    assert person.templates == ["corrected", "not_for_mediation"]


def test_the_case_hears_of_a_correction_wherever_the_talk_is():
    for person in (booked(), choosing_time()):
        person.says("金额不对，是三千")

        assert person.did(ChangeCase)[-1].facts["principal"].value == [300000, 300000]
        assert person.known("principal") == [300000, 300000]


def test_nothing_wrong_in_a_case_is_an_ordinary_message():
    person = booked().says("说错了", intent="smalltalk")

    assert person.templates == ["smalltalk"]


def test_undoing_goes_back_answer_by_answer_down_to_the_type():
    person = lender().says("前年").says("上个月")

    assert person.says("上一步").asks == "last_asked"
    assert person.known("last_asked") is None
    assert person.says("上一步").asks == "lent_on"
    assert person.says("上一步").templates == ["tell_more"]
    assert person.state.dispute_type is None
    assert person.says("上一步").templates == ["nothing_to_undo"]
    assert person.known("principal") == [2300000, 2300000]


def test_an_unknown_answer_is_undone_too():
    person = lender().says("不晓得").says("上一步")

    assert person.asks == "lent_on"
    assert not person.state.unknown


def test_an_answer_of_a_sheet_that_changed_is_undone_without_being_asked():
    state = Dialogue(Stage.READING_BACK, dispute_type="loan", trail=("gone",))

    assert Person(state).says("上一步").templates == ["nothing_to_undo", "read_back"]


def test_the_last_of_several_offered_types_is_taken_back_to_the_others():
    person = agreed().says("他不给钱", "loan", "contract").taps("type:loan").says("类型不对")

    assert person.templates == ["type_choices"]
    assert person.choices == ("type:contract", "type:none")


def test_an_open_case_keeps_its_type():
    assert booked().says("类型不对").templates == ["not_possible"]
    assert answers_all(booked()).taps("do:retype").templates == ["choice_over", "at_rest"]
