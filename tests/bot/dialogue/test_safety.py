"""Somebody in danger: help first, nothing of the form, and only an officer ends the hold."""

import pytest

from bot.dialogue.effects import CallPerson, EndCase, GiveBack, Hold, RegisterCase, TakeAnswer
from bot.dialogue.events import CaseOpened, Located, Refused, SessionBooked
from bot.dialogue.safety import LOCKING
from bot.dialogue.state import Dialogue, Stage
from domain.conversation import TaskKind
from domain.errors import MediationLocked, NothingAsked, SlotTaken
from tests.bot.dialogue.people import (
    EVERY_STAGE,
    FIRST_NUMBER,
    LOAN,
    NOW,
    Person,
    agreed,
    booked,
    endangered,
    lender,
    newcomer,
)


def held_with_case():
    """A person whose case was locked for safety."""
    return booked().says("他拿刀堵在门口", flags=("now",))


@pytest.mark.parametrize("flag", LOCKING)
@pytest.mark.parametrize("stage", list(EVERY_STAGE))
def test_danger_in_any_stage_is_answered_with_help_alone(stage, flag):
    person = EVERY_STAGE[stage]().says("出事了", "loan", flags=(flag,))

    assert person.templates[0] == f"help_{flag}"
    assert set(person.templates[1:]) <= {"person_is_told"}
    assert person.state.stage is Stage.HELD
    assert person.asks is None
    assert any(isinstance(e, Hold) and flag in e.flags for e in person.done)
    assert any(isinstance(e, CallPerson) and e.minutes == 15 for e in person.done)


def test_even_a_command_or_the_consent_does_not_hide_a_danger():
    assert lender().says("以后再说", flags=("self_harm",)).templates[0] == "help_self_harm"
    assert newcomer().says("同意", flags=("dv",)).templates[0] == "help_dv"


@pytest.mark.parametrize(
    ("flags", "card"),
    [
        (("now", "dv"), "help_dv"),
        (("now", "child"), "help_child"),
        (("now", "harm_others"), "help_now"),
        (("dv", "self_harm"), "help_self_harm"),
        (("mass", "neglect"), "help_neglect"),
    ],
)
def test_of_several_dangers_the_most_urgent_has_the_card(flags, card):
    assert agreed().says("出事了", flags=flags).templates[0] == card


def test_a_doubt_before_consent_is_asked_about_and_nobody_told_until_the_story_may_be_kept():
    person = newcomer().says("他把我的手机收了", "marriage", doubtful=("dv",))

    assert person.templates == ["in_danger", "notice"]
    assert not person.said[0].data["is_told"]
    assert not person.did(CallPerson)
    assert person.state.doubted == person.state.flags == ()

    person.says("同意")
    assert "in_danger" in person.templates
    assert [call.reason for call in person.did(CallPerson)] == ["dv"]


def test_a_doubtful_answer_is_asked_about_once_and_the_form_goes_on():
    person = lender().says("两万三千块", doubtful=("harm_others",))

    assert person.templates[0] == "in_danger"
    assert person.templates[1:]
    assert (person.state.stage, person.state.flags) == (Stage.ASKING, ())
    assert person.asks
    assert [(call.kind, call.reason) for call in person.did(CallPerson)] == [
        (TaskKind.ALERT, "harm_others")
    ]
    assert not person.did(Hold)

    person.says("没有", doubtful=("harm_others",))
    assert "in_danger" not in person.templates
    assert len(person.did(CallPerson)) == 1


@pytest.mark.parametrize("words", ["有危险", "真的有危险！", "家里有危险了"])
def test_who_says_that_there_is_danger_has_the_card_of_what_was_in_doubt(words):
    person = lender().says("他讲的", doubtful=("dv",)).says(words)

    assert person.templates == ["help_dv", "person_is_told"]
    assert person.state.stage is Stage.HELD
    assert [hold.flags for hold in person.did(Hold)] == [("now", "dv")]


def test_a_tap_says_so_too_and_without_a_doubt_it_is_danger_now():
    assert lender().says("他讲的", doubtful=("dv",)).taps("do:danger").templates[0] == "help_dv"
    assert lender().taps("do:danger").templates[0] == "help_now"
    assert newcomer().says("有危险").templates[0] == "help_now"


def test_under_a_hold_a_doubt_is_a_danger():
    person = endangered().says("他讲的", doubtful=("self_harm",))

    assert person.templates == ["help_self_harm", "person_is_told"]


def test_a_doubt_about_a_crowd_or_a_place_warns_as_ever():
    assert lender().says("墙裂得很宽", doubtful=("hazard",)).templates[0] == "help_hazard"


def test_the_case_is_locked_and_so_is_every_other_case_of_the_person():
    person = booked().says("重新开始").says("隔壁打我", "neighbour", flags=("dv",))

    assert [hold.number for hold in person.did(Hold)] == [FIRST_NUMBER]

    person = held_with_case()
    assert [hold.number for hold in person.did(Hold)] == [FIRST_NUMBER]


def test_the_same_danger_twice_shows_the_card_again_and_calls_once():
    person = endangered()
    called = len(person.did(CallPerson))

    assert person.says("他还在门口", flags=("now",)).templates == ["help_now"]
    assert len(person.did(CallPerson)) == called

    assert person.says("他打我", flags=("dv",)).templates == ["help_dv", "person_is_told"]
    assert len(person.did(CallPerson)) == called + 1


@pytest.mark.parametrize("text", ["1", "不方便", "不方便说"])
def test_who_cannot_speak_is_left_in_peace(text):
    assert endangered().says(text).templates == ["held_quiet"]


@pytest.mark.parametrize(
    "text",
    [
        "同意",
        "都对",
        "继续",
        "上一步",
        "重新开始",
        "类型不对",
        "你好",
        "两万三",
        "金额不对，是三千",
    ],
)
def test_no_word_of_the_form_works_under_a_hold(text):
    person = endangered().says(text, "loan")

    assert person.templates == ["held_listening"]
    assert person.state.stage is Stage.HELD


@pytest.mark.parametrize(
    "id_",
    [
        "consent:yes",
        "type:loan",
        "fact:prior:none",
        "back:right",
        "change:place",
        "kind:phone",
        "slot:m1:phone:2026-11-24T15:00+08:00",
        "answer:0:kept",
        "do:continue",
        "do:stop",
        "do:restart",
        "do:new",
        "do:new_story",
        "do:add",
        "do:book",
        "do:status",
        "do:cancel",
        "do:withdraw",
        "do:give_back",
        "do:reschedule",
    ],
)
def test_no_older_button_undoes_the_hold_of_who_has_no_case(id_):
    person = endangered().taps(id_)

    assert person.templates == ["held_listening"]
    assert person.state.stage is Stage.HELD


def test_who_is_safe_now_says_so_and_the_officer_still_calls():
    person = endangered().taps("do:safe")

    assert person.templates == ["held_safe"]
    assert person.state.stage is Stage.HELD


def test_the_button_of_the_safe_means_nothing_later():
    assert booked().taps("do:safe").templates == ["choice_over", "at_rest"]


def test_a_person_is_already_told_and_is_not_called_twice():
    person = endangered()
    called = len(person.did(CallPerson))

    assert person.says("转人工").templates == ["person_is_told"]
    assert person.taps("do:person").templates == ["person_is_told"]
    assert person.says("找个人来", intent="human_agent").templates == ["person_is_told"]
    assert len(person.did(CallPerson)) == called


def test_what_is_kept_can_be_asked_for_under_a_hold():
    person = endangered().says("把我的信息删掉", intent="privacy_request")

    assert person.templates == ["erase_held"]
    assert person.did(CallPerson)[-1].kind is TaskKind.PRIVACY


def test_under_a_hold_a_case_can_be_looked_up_but_not_moved():
    person = held_with_case()

    assert person.says("查进度").templates == ["case_status"]
    assert person.taps("do:status").templates == ["case_status"]
    assert person.says("我的案子咋样了", intent="case_status").templates == ["case_status"]
    assert person.says("改时间").templates == ["locked"]
    assert person.says("换个调解员").templates == ["locked"]
    assert person.state.stage is Stage.HELD


def test_under_a_hold_the_application_can_still_be_withdrawn():
    person = held_with_case().says("不调了")
    assert person.templates == ["confirm_refusal"]

    person.taps("do:withdraw")

    assert person.did(EndCase)
    assert person.templates == ["case_withdrawn", "remedies"]
    assert person.state.stage is Stage.HELD


def test_under_a_hold_a_plain_word_to_withdraw_is_enough():
    assert held_with_case().says("撤回申请").did(EndCase)


def test_under_a_hold_a_time_is_given_back():
    person = held_with_case().says("取消预约").taps("do:give_back")

    assert person.did(GiveBack)
    assert person.templates == ["session_given_back"]
    assert "do:book" not in person.choices


def test_a_follow_up_can_be_answered_under_a_hold():
    person = held_with_case().taps("answer:4:not_kept")

    assert person.did(TakeAnswer)[-1].follow_up_id == 4
    assert person.templates == ["answer_not_kept"]
    assert person.taps("answer:4:gone").templates == ["held_listening"]


def test_a_picture_under_a_hold_is_kept_and_the_duty_person_is_told():
    person = endangered().sends_picture()

    assert person.templates == ["evidence_held"]
    assert person.did(CallPerson)[-1] == CallPerson(TaskKind.SAFETY, 15, "evidence")


def test_a_position_under_a_hold_reaches_the_duty_person_and_asks_nothing():
    person = endangered().takes(Located(None))

    assert person.templates == ["location_held"]
    assert person.did(CallPerson)[-1] == CallPerson(TaskKind.SAFETY, 15, "location")


def test_events_that_come_late_do_not_undo_the_hold():
    for event in (
        CaseOpened(7),
        SessionBooked(None, "李四", "138"),
        Refused(SlotTaken("m1", NOW)),
        Refused(NothingAsked("c")),
    ):
        assert held_with_case().takes(event).state.stage is Stage.HELD


def test_a_lock_for_the_other_sides_safety_is_not_spoken_of():
    person = booked().takes(Refused(MediationLocked(FIRST_NUMBER)))

    assert person.templates == ["paused"]
    assert person.state.stage is Stage.RESTING


@pytest.mark.parametrize("flag", ["mass", "hazard"])
def test_a_crowd_or_a_dangerous_place_has_a_card_and_the_intake_goes_on(flag):
    person = agreed().says(LOAN, "loan", flags=(flag,))

    assert person.templates == [f"help_{flag}", "type_taken", "ask_fact"]
    assert person.did(CallPerson)[0].kind is TaskKind.ALERT
    assert person.says("前年", flags=(flag,)).templates == ["ask_fact"]


def test_a_dangerous_place_is_warned_of_even_before_consent():
    person = newcomer().says("房子裂了要倒了", "neighbour", flags=("hazard",))

    assert person.templates == ["help_hazard", "notice"]


def test_a_crowd_before_consent_waits_for_it():
    person = newcomer().says(LOAN, "loan", flags=("mass",))
    assert person.templates == ["notice"]

    assert person.says("同意").templates[1] == "help_mass"


def test_a_danger_under_a_hold_is_warned_of_too():
    assert endangered().says("墙要倒了", flags=("hazard",)).templates == [
        "help_hazard",
        "held_listening",
    ]


def test_what_was_told_is_there_when_the_officer_releases():
    person = endangered()

    assert person.known("principal") == [2300000, 2300000]
    assert not person.did(RegisterCase)
    assert isinstance(person.state, Dialogue)
    assert Person(person.state).state.flags == ("now",)


def test_a_short_answer_is_no_crowd_but_still_a_dangerous_place() -> None:
    person = lender()

    assert "help_mass" not in person.says("一三八零零零零", flags={"mass"}).templates
    assert "help_hazard" in person.says("煤气漏了", flags={"hazard"}).templates
