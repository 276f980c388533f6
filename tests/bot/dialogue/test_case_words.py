"""Words about a case, from every state."""

import pytest

from bot.dialogue.effects import CallPerson, EndCase, GiveBack, TakeAnswer
from bot.dialogue.events import CaseEnded, Refused
from bot.dialogue.state import Dialogue, Stage
from domain.errors import NoSuchBooking, NothingAsked, OneSidedDispute
from tests.bot.dialogue.people import (
    EVERY_STAGE,
    FIRST_NUMBER,
    NOW,
    Person,
    agreed,
    applicant,
    booked,
    choosing_time,
    lender,
    reader,
)

BEGUN = [Stage.PROPOSING, Stage.ASKING, Stage.READING_BACK]
OPEN_AGAIN = {
    Stage.PROPOSING: "type_choices",
    Stage.ASKING: "ask_fact",
    Stage.READING_BACK: "read_back",
    Stage.CHOOSING_KIND: "choose_above",
    Stage.CHOOSING_SLOT: "choose_above",
    Stage.CONFIRMING: "confirm_cancel",
}
WORDS = {
    "查进度": "case_status",
    "改时间": "reschedule",
    "换个调解员": "change_mediator",
    "取消预约": "cancel",
    "不调了": "refuse_mediation",
    "转人工": "human_agent",
}


@pytest.mark.parametrize("stage", [s for s in EVERY_STAGE if s is not Stage.NOTICE])
@pytest.mark.parametrize("word", list(WORDS))
def test_the_words_that_always_work_are_answered_in_every_stage(stage, word):
    by_form = EVERY_STAGE[stage]().says(word)
    by_model = EVERY_STAGE[stage]().says(f"那个，{word}，麻烦你们了", intent=WORDS[word])

    assert by_form.said or by_form.did(EndCase)
    assert by_model.said


@pytest.mark.parametrize("stage", BEGUN)
@pytest.mark.parametrize("word", ["查进度", "改时间", "换个调解员"])
def test_who_has_no_case_yet_is_told_so_and_led_back_once(stage, word):
    person = EVERY_STAGE[stage]().says(word)

    assert person.templates == ["no_case_yet", OPEN_AGAIN[stage]]


@pytest.mark.parametrize("stage", list(OPEN_AGAIN))
def test_a_person_is_called_from_anywhere_and_what_was_open_returns_once(stage):
    person = EVERY_STAGE[stage]().says("转人工")

    assert person.templates == ["person_called", OPEN_AGAIN[stage]]
    assert person.did(CallPerson)


@pytest.mark.parametrize("stage", BEGUN)
def test_who_wants_to_stop_is_asked_once_and_may_go_on(stage):
    person = EVERY_STAGE[stage]().says("取消")
    assert person.templates == ["confirm_stop"]

    person.taps("do:continue")

    assert person.templates == ["welcome_back", OPEN_AGAIN[stage]]
    assert person.state.stage is stage


@pytest.mark.parametrize("text", ["停下", "是的", "取消", "不弄了", "不想说了"])
def test_who_stops_is_let_go(text):
    person = lender().says("取消").says(text, intent="cancel", confidence=0.5)

    assert person.templates == ["stopped"]
    assert not person.state.known


def test_a_case_word_before_anything_was_told():
    assert agreed().says("查进度").templates == ["no_case_yet", "tell_story"]
    assert agreed().says("取消").templates == ["nothing_to_cancel", "tell_story"]
    assert agreed().says("给了", intent="followup_answer").templates == ["tell_story"]


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        ("取消预约", "只取消时间", GiveBack),
        ("取消预约", "申请也撤回", EndCase),
        ("不调了", "是对方不愿意", EndCase),
        ("不调了", "我想撤回", EndCase),
        ("不调了", "不调了", EndCase),
        ("对方说不来调解了", "确定", EndCase),
        ("撤回申请", "撤回申请", EndCase),
    ],
)
def test_an_ending_is_asked_about_once_and_done(first, then, ends):
    person = booked().says(first, intent="refuse_mediation")
    assert person.state.stage is Stage.CONFIRMING

    person.says(then, intent="refuse_mediation", confidence=0.5)

    assert person.did(ends)


def test_the_other_side_is_the_one_who_refuses():
    person = booked().says("对方不愿意来", intent="refuse_mediation")
    assert person.templates == ["confirm_other_side"]

    person.says("不调了，他不肯", intent="refuse_mediation")

    assert person.did(EndCase)[0].other_side
    assert person.templates == ["other_side_refused", "remedies"]
    assert person.said[1].data["type"] == "loan"
    assert person.state == Dialogue(Stage.TELLING, offered=person.state.offered)


@pytest.mark.parametrize("text", ["不取消", "先不", "继续", "不停，接着办"])
def test_who_does_not_want_to_end_goes_on(text):
    person = booked().says("取消预约").says(text)

    assert person.templates == ["at_rest"]
    assert not person.did(EndCase) + person.did(GiveBack)


def test_a_bare_yes_to_an_either_or_question_is_asked_again():
    assert booked().says("取消预约").says("好的").templates == ["confirm_cancel"]
    assert booked().says("取消预约").says("就是取消", intent="cancel").templates == [
        "confirm_cancel"
    ]


def test_a_question_at_the_end_is_answered_and_the_question_returns():
    person = booked().says("取消预约").asks_between("还能再申请吗", topic="process")

    assert person.templates == ["about_process", "confirm_cancel"]


def test_other_words_at_the_end_end_nothing():
    person = booked().says("取消预约").says("今天赶街", "other_civil")

    assert person.templates == ["at_rest"]


def test_a_wrong_word_at_the_end_is_no_correction():
    person = booked().says("取消预约").says("不对，是三千", "loan")

    assert person.known("principal") == [2300000, 2300000]


def test_a_cancelled_time_leaves_the_case():
    person = booked().says("取消预约").taps("do:give_back")

    assert person.templates == ["session_given_back"]
    assert person.state.case_number == FIRST_NUMBER
    person.taps("do:withdraw")
    assert person.did(EndCase)


def test_an_older_button_to_withdraw_asks_first():
    assert booked().taps("do:withdraw").templates == ["confirm_cancel"]
    assert booked().taps("do:other_side_refuses").templates == ["confirm_refusal"]


def test_the_menu_cancels_and_looks_up():
    person = booked().says("继续")
    assert person.templates == ["at_rest"]

    assert person.taps("do:cancel").templates == ["confirm_cancel"]
    assert booked().taps("do:status").templates == ["case_status"]
    assert booked().taps("do:reschedule").templates == ["slots_offered"]


def test_nothing_to_cancel_is_said_and_not_called_impossible():
    person = applicant().takes(Refused(NoSuchBooking(FIRST_NUMBER)))

    assert person.templates == ["nothing_to_cancel", "at_rest"]


def test_what_is_not_possible_keeps_an_unregistered_matter():
    person = reader().takes(Refused(OneSidedDispute(0)))
    assert person.templates == ["not_possible", "read_back"]

    assert booked().takes(Refused(OneSidedDispute(0))).templates == ["not_possible"]


def test_a_case_that_ends_after_its_sheet_is_gone_still_names_the_remedies():
    person = Person(Dialogue(Stage.RESTING, case_number=7)).takes(CaseEnded(7, False))

    assert person.templates == ["case_withdrawn", "remedies"]


def test_who_comes_back_with_are_you_there_finds_what_was_open():
    person = lender().says("以后再说吧")
    assert person.templates == ["left"]

    person.comes_back_after(days=4).says("在吗")

    assert person.templates == ["welcome_back", "ask_fact"]
    assert person.asks == "lent_on"


def test_a_greeting_is_answered_wherever_it_comes():
    assert agreed().says("你好").templates == ["tell_story"]
    assert booked().says("在吗").templates == ["greet"]
    assert agreed().says("老师你好呀", intent="greet").templates == ["tell_story"]
    assert booked().says("取消预约").says("在吗").templates == ["welcome_back", "confirm_cancel"]


def test_who_goes_on_before_a_story_is_asked_for_it():
    assert agreed().says("继续").templates == ["tell_story"]


def test_booking_is_wished_for_in_the_middle_of_the_intake():
    person = lender().says("帮我约下周三下午三点", intent="book")

    assert person.templates == ["welcome_back", "ask_fact"]
    assert person.state.wish["day"] == "2026-12-02"
    assert booked().says("我要约调解员", intent="book").templates == ["slots_offered"]


@pytest.mark.parametrize(
    ("text", "answer"), [("还没给", "not_kept"), ("给了一半", "partly"), ("都还清了", "kept")]
)
def test_a_follow_up_is_answered_in_words(text, answer):
    person = booked().says(text, intent="followup_answer")

    assert person.did(TakeAnswer)[0].answer == answer
    assert person.templates == [f"answer_{answer}"]


def test_an_open_follow_up_takes_words_that_the_model_did_not_understand():
    person = booked()
    person.state = Dialogue(Stage.RESTING, case_number=7, follow_up=3)

    person.says("还没给", "loan")

    assert person.did(TakeAnswer)[0].follow_up_id == 3
    assert person.state.follow_up is None


def test_words_beside_an_open_follow_up_are_words():
    person = Person(Dialogue(Stage.RESTING, case_number=7, follow_up=3))

    assert person.says("今天赶街", "loan").templates == ["more_or_new"]


def test_an_answer_that_is_not_clear_is_asked_for_with_choices():
    person = booked().says("就那个样子", intent="followup_answer")

    assert person.templates == ["which_answer"]
    assert person.choices[0] == "answer:0:kept"
    person.taps("answer:0:partly")
    assert person.did(TakeAnswer)[0].follow_up_id is None


def test_an_answer_by_button_names_its_question():
    person = booked().taps("answer:12:disputed")

    assert person.did(TakeAnswer)[0].follow_up_id == 12


def test_an_answer_to_nothing_is_thanked_for():
    person = lender().takes(Refused(NothingAsked("c")))

    assert person.templates == ["nothing_asked", "ask_fact"]


def test_a_changed_fact_leads_out_of_the_question_whether_to_stop():
    person = lender().says("取消").taps("fact:loan_side:borrower")

    assert person.asks == "lent_on"
    assert person.state.stage is Stage.ASKING


def test_a_case_word_while_times_are_offered():
    assert choosing_time().says("查进度").templates == ["case_status", "choose_above"]
    assert NOW.weekday() == 0
