"""Replies to the open question, in the words people use."""

import pytest

from bot.dialogue.effects import Book, ChangeCase
from bot.dialogue.state import Stage
from tests.bot.dialogue.people import agreed, answers_all, applicant, booked, choosing_time, lender


def asked_for(fact):
    """Return a lender who is asked for this fact."""
    person = agreed().says("借钱的事", "loan")
    while person.asks != fact:
        person.says("不晓得")
    return person


@pytest.mark.parametrize(
    "text", ["不晓得", "不知道", "记不清了", "认不得", "不想说", "不方便说", "保密", "跳过"]
)
@pytest.mark.parametrize(
    "fact", ["principal", "loan_side", "lent_on", "respondent", "place", "prior", "wish"]
)
def test_not_to_know_or_not_to_say_is_an_answer_to_every_question(fact, text):
    person = asked_for(fact).says(text)

    assert fact in person.state.unknown
    assert person.asks != fact


@pytest.mark.parametrize("fact", ["principal", "lent_on", "respondent", "place", "wish"])
@pytest.mark.parametrize("text", ["没有", "没得", "不有"])
def test_a_bare_no_is_never_kept_as_words(fact, text):
    assert fact in asked_for(fact).says(text).state.unknown


def test_a_bare_no_answers_a_question_that_offers_one():
    assert asked_for("prior").says("没有").known("prior") == "none"


@pytest.mark.parametrize("text", ["1", "嗯", "好的", "？？", "123"])
def test_what_says_nothing_is_no_answer_to_a_question_for_words(text):
    person = asked_for("respondent").says(text)

    assert person.templates == ["not_read", "ask_fact"]
    assert person.asks == "respondent"


@pytest.mark.parametrize(
    ("asked", "text", "other"),
    [
        ("lent_on", "西畴县兴街镇龙坪村", "place"),
        ("lent_on", "西畴县兴街镇", "place"),
        ("place", "三万五", "principal"),
        ("place", "2025年3月5号借的", "lent_on"),
    ],
)
def test_what_answers_another_question_is_kept_and_never_asked_for(asked, text, other):
    person = asked_for(asked)
    person.state = person.state.forget(other)

    person.says(text, intent="out_of_scope")  # so a place alone may well be read

    assert other in person.state.known
    assert person.templates == ["noted", "ask_fact"]
    assert person.asks == asked
    while person.state.stage is Stage.ASKING:
        assert person.asks != other
        person.says("不晓得")


@pytest.mark.parametrize("text", ["三万五", "五百块", "两亩三"])
def test_a_number_said_once_more_is_taken_for_no_wish_whatever_the_model_makes_of_it(text):
    person = asked_for("lent_on").says("两万三", intent="out_of_scope")

    person.says(text, intent="crime_fraud")

    assert "crime_fraud" not in person.templates
    assert person.asks == "lent_on"


def test_a_word_that_only_mentions_a_place_is_heard_for_what_it_is():
    person = asked_for("lent_on").says("你们西畴县的人上班是几点钟", intent="service_question")

    assert "place" not in person.state.known


def test_after_two_replies_that_cannot_be_read_the_form_goes_on():
    person = asked_for("principal").says("哎")
    assert person.templates == ["not_read", "ask_fact"]

    person.says("哎哟")

    assert person.templates == ["left_open", "ask_fact"]
    assert "principal" in person.state.unknown
    assert person.asks != "principal"


def test_a_place_that_no_table_has_is_kept_in_the_persons_words():
    person = asked_for("place").says("我们岩脚寨")
    assert person.templates == ["not_read", "ask_fact"]

    person.says("河边的岩脚寨")

    assert person.known("place")["village"] == "河边的岩脚寨"
    assert person.known("place")["county"] is None
    assert person.state.known["place"].approx


def test_what_cannot_be_a_place_is_left_open():
    person = asked_for("place").says("哪样").says("什么意思")

    assert "place" in person.state.unknown


def test_an_answer_known_before_is_not_lost_by_two_unreadable_ones():
    person = lender().taps("change:principal").says("哎").says("哎哟")

    assert person.known("principal") == [2300000, 2300000]
    assert person.asks == "lent_on"


def test_a_reply_that_tells_more_than_was_asked_is_learnt_whole():
    person = agreed().says("老板不给工钱", "labour_wage")
    assert person.asks == "owed"

    person.says("差我们三万二，是给包工头干的，在会泽县，去年三月开始欠", "labour_wage")

    assert person.known("owed") == [3200000, 3200000]
    assert person.known("employer_kind") == "contractor"
    assert person.known("owed_since") == "2025-03"
    assert person.known("place")["county"] == "会泽县"
    assert person.asks == "still_working"


def test_a_long_story_while_a_fact_is_open_is_heard_even_without_the_answer():
    person = agreed().says("老板不给工钱", "labour_wage")

    person.says("我跟着包工头在会泽县的工地上干活，干完就找不到人了", "labour_wage")

    assert person.known("employer_kind") == "contractor"
    assert person.templates == ["not_read", "ask_fact"]
    assert person.asks == "owed"
    assert "找不到人" in person.state.story


def test_in_a_long_reply_the_person_meant_is_found():
    person = asked_for("respondent").says("就是那个老表，去年说要盖房子就来找我，我想着是亲戚")

    assert person.known("respondent") == "老表"


def test_the_wish_fills_no_other_fact():
    person = asked_for("wish").says("希望他先还我五千，剩下的三个月里面还清")

    assert person.known("wish") == "希望他先还我五千，剩下的三个月里面还清"
    assert person.known("principal") is None


def test_a_day_is_not_taken_for_two_facts():
    person = asked_for("last_asked").says("上个月十五号我还去他家里要过一回")

    assert person.known("last_asked") == "2026-10-15"
    assert person.known("lent_on") is None


def test_a_longer_reply_to_a_choice_is_read_by_its_words():
    person = agreed().says("借钱的事", "loan").says("两万").says("是我表哥来跟我借的，我借给他的")

    assert person.known("loan_side") == "lender"


def test_a_question_in_between_returns_to_the_same_fact_once():
    person = lender().asks_between("要收费吗")

    assert person.templates == ["about_fee", "ask_fact"]
    assert person.asks == "lent_on"


def test_why_a_question_is_asked_is_told():
    person = lender().says("为什么问这个")

    assert person.asks == "lent_on"
    assert person.said[0].data["why"]


def test_why_asked_when_nothing_is_asked_is_an_ordinary_message():
    assert agreed().says("为什么", intent="smalltalk").templates == ["smalltalk"]


def test_words_that_look_like_small_talk_answer_a_question_for_words():
    person = asked_for("respondent").says("老王家", intent="smalltalk")

    assert person.known("respondent") == "老王家"


def test_a_wish_for_a_person_is_heard_while_words_are_asked_for():
    assert asked_for("respondent").says("我要和人讲", intent="human_agent").templates == [
        "person_called",
        "ask_fact",
    ]


def test_a_picture_in_between_returns_to_the_fact():
    assert lender().sends_picture().templates == ["evidence_kept", "ask_fact"]


def test_a_tapped_answer_of_an_older_question_corrects_it():
    person = lender().taps("fact:loan_side:borrower")

    assert person.known("loan_side") == "borrower"
    assert person.asks == "lent_on"


def test_an_older_answer_can_be_taken_for_unknown():
    person = lender().taps("fact:loan_side:unknown")

    assert "loan_side" in person.state.unknown
    assert person.asks == "lent_on"


@pytest.mark.parametrize("id_", ["fact:loan_side:gone", "fact:gone:yes", "change:gone"])
def test_a_button_of_nothing_that_is_asked_here_leads_back(id_):
    assert lender().taps(id_).templates == ["choice_over", "ask_fact"]


def test_name_and_phone_are_asked_once_a_time_is_chosen():
    person = choosing_time()
    person.taps(person.choices[0])
    assert person.asks == "name"

    assert person.says("王师傅").asks == "phone"
    person.says("13800001234")

    assert person.templates == ["session_booked", "what_to_bring", "ask_contact"]
    (book,) = person.did(Book)
    assert (book.name, book.phone) == ("王师傅", "13800001234")


def test_a_phone_told_in_the_story_is_not_asked():
    person = answers_all(agreed().says("我表哥跟我借钱，我电话13800001234", "loan"))
    person.taps("back:right").taps("kind:phone")

    person.taps(person.choices[0]).says("王师傅")

    assert person.state.stage is Stage.RESTING


def test_who_has_no_phone_is_booked_all_the_same():
    person = choosing_time()
    person.taps(person.choices[0]).says("王师傅").says("没有手机")

    (book,) = person.did(Book)
    assert book.phone is None


def test_three_replies_are_heard_for_a_phone_before_it_is_left_open():
    person = choosing_time()
    person.taps(person.choices[0]).says("王师傅")
    seen = [person.says(text).templates[0] for text in ("138", "1380000", "12")]

    assert seen == ["not_read", "not_read", "left_open"]
    assert person.did(Book)


def test_an_older_answer_tapped_after_registration_goes_into_the_case():
    person = applicant().taps("fact:prior:village")

    assert person.templates == ["case_changed", "choose_above"]
    assert person.did(ChangeCase)[-1].facts["prior"].value == "village"
    assert person.state.stage is Stage.CHOOSING_KIND


def test_a_fact_changed_at_rest_goes_into_the_case_and_nothing_is_registered_twice():
    person = booked().taps("change:principal").says("三万")

    assert person.templates == ["case_changed"]
    assert person.did(ChangeCase)[-1].facts["principal"].value == [3000000, 3000000]
    assert person.state.stage is Stage.RESTING


def test_not_knowing_a_fact_at_rest_changes_nothing_in_the_case():
    person = booked().taps("change:principal").says("不晓得")

    assert person.templates == ["case_changed"]
    assert not person.did(ChangeCase)


def test_the_name_said_anew_at_booking_keeps_the_time():
    person = choosing_time()
    person.taps(person.choices[0]).says("王师傅").says("上一步")
    assert person.templates == ["undone", "ask_fact"]
    assert person.asks == "name"

    person.says("李师傅").says("13800001234")

    assert person.did(Book)[0].name == "李师傅"


def test_a_fact_told_beside_the_name_goes_into_the_case():
    person = choosing_time()
    person.taps(person.choices[0]).taps("change:principal").says("借了三万")

    assert person.did(ChangeCase)
    assert person.asks == "name"
