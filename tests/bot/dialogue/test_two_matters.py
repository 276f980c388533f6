"""The matters of one person side by side: another is told while the first is a case."""

from bot.dialogue.effects import ChangeCase, Hold, KeepWaiting, LookUpStatus, TakeAnswer
from bot.dialogue.state import Stage
from tests.bot.dialogue.people import FIRST_NUMBER, answers_all, booked


def test_further_words_are_added_to_the_case_or_become_another_matter():
    person = booked().says("他昨天又来闹了一回", "loan")
    assert person.templates == ["more_or_new"]
    assert person.did(KeepWaiting)

    person.taps("do:add")

    assert person.did(ChangeCase)[-1].words == "他昨天又来闹了一回"
    assert person.templates == ["case_changed"]
    assert person.taps("do:add").templates == ["choice_over", "at_rest"]


def test_words_that_are_not_for_us_at_rest_show_what_can_be_done():
    assert booked().says("呜啦啦", ours=False).templates == ["at_rest"]


def second_matter():
    """A person with a case who begins another one."""
    return booked().says("隔壁的水沟堵到我家", "neighbour").taps("do:new_story")


def test_another_matter_begins_with_the_words_that_waited():
    person = second_matter()

    assert person.templates[:2] == ["new_matter", "type_taken"]
    assert person.state.dispute_type == "neighbour"
    assert person.state.case_numbers == (FIRST_NUMBER,)


def test_words_that_waited_too_long_are_asked_for_again():
    person = booked().says("隔壁的水沟堵到我家", "neighbour")
    person._waiting = None

    assert person.taps("do:new_story").templates == ["new_matter", "tell_story"]


def test_the_first_case_can_be_looked_up_while_the_second_is_told():
    person = second_matter().says("查进度")

    assert [effect.number for effect in person.did(LookUpStatus)] == [FIRST_NUMBER]
    assert person.templates == ["case_status", "ask_fact"]


def test_the_first_case_is_moved_while_the_second_is_told_and_then_it_goes_on():
    person = second_matter()
    open_fact = person.asks

    person.says("改时间")
    assert person.templates == ["slots_offered"]
    person.taps(person.choices[0])

    assert person.templates[:3] == ["session_moved", "what_to_bring", "welcome_back"]
    assert person.asks == open_fact
    assert person.state.dispute_type == "neighbour"


def test_the_second_matter_is_stopped_and_the_first_is_there():
    person = second_matter().says("取消").says("停下")

    assert person.templates == ["stopped"]
    assert person.state.case_number == FIRST_NUMBER


def test_a_follow_up_of_the_first_case_is_answered_while_the_second_is_told():
    person = second_matter()
    open_fact = person.asks
    person.taps("answer:3:kept")

    assert person.did(TakeAnswer)[0].number == FIRST_NUMBER
    assert person.asks == open_fact


def test_both_cases_are_looked_up_and_each_ending_leaves_the_other():
    person = answers_all(second_matter()).taps("back:right").taps("do:no_session")
    assert person.state.case_numbers == (FIRST_NUMBER + 1, FIRST_NUMBER)

    person.says("查进度")
    assert person.templates == ["case_status", "case_status"]

    person.says("不调了").taps("do:withdraw")
    assert person.state.case_numbers == (FIRST_NUMBER,)
    assert person.state.stage is Stage.RESTING


def test_the_first_case_is_cancelled_before_the_second_is_told():
    person = booked().says("重新开始")
    assert person.templates == ["new_matter", "tell_story"]

    assert person.says("取消预约").templates == ["confirm_cancel"]
    assert person.state.case_number == FIRST_NUMBER


def test_danger_in_the_second_matter_locks_both():
    person = answers_all(second_matter()).taps("back:right").says("他打我", flags=("dv",))

    assert {hold.number for hold in person.did(Hold)} == {FIRST_NUMBER, FIRST_NUMBER + 1}


def test_an_undecided_second_matter_waits_while_the_first_is_moved():
    person = booked().says("重新开始").says("还有一件事", "neighbour", "house_site").says("改时间")
    person.taps(person.choices[0])

    assert person.templates[-1] == "type_choices"


def test_the_intake_of_the_second_matter_can_be_told_anew():
    person = second_matter().says("重新开始")

    assert person.templates == ["restarted", "tell_story"]
    assert person.state.case_numbers == (FIRST_NUMBER,)
    assert person.taps("do:new").templates == ["choice_over", "tell_story"]
    assert booked().taps("do:new").templates == ["new_matter", "tell_story"]
