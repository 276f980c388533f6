"""The side that was invited may refuse with one tap, and tells its own view before any claim."""

import pytest

from bot.dialogue.effects import (
    AllowContact,
    ChangeCase,
    EndCase,
    GiveBack,
    GiveConsent,
    Hold,
    TakeInvitation,
)
from bot.dialogue.events import InvitationRefused, Started
from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from domain.case import Role
from tests.bot.dialogue.people import (
    FIRST_NUMBER,
    GOOD_CODE,
    Person,
    agreed,
    applicant,
    booked,
    invited,
    lender,
    newcomer,
)

VIEW_TOLD = "我上个月已经给过他一部分了，他没有给我写收条"


def at_the_notice() -> Person:
    return newcomer().takes(Started(f"i{GOOD_CODE}"))


def heard_out() -> Person:
    """A person who has told the own view and passed over all else."""
    person = invited().says(VIEW_TOLD, "loan")
    for _ in range(4):
        person.taps("own:skip")
    return person


def test_who_comes_with_a_code_hears_who_asks_before_the_notice():
    person = at_the_notice()

    assert person.templates == ["invited", "notice"]
    assert person.choices == ("consent:yes", "consent:no", "do:decline")
    assert person.state.side == Role.RESPONDENT
    assert from_data(to_data(person.state)) == person.state


def test_own_words_come_before_every_question_and_every_question_may_be_passed_over():
    person = invited()
    assert person.templates == ["consent_thanks", "ask_side"]
    assert person.said[-1].data == {"what": "account"}

    asked = []
    person.says(VIEW_TOLD, "loan")
    while person.templates == ["ask_side"]:
        asked.append(person.said[0].data["what"])
        person.taps("own:skip")

    assert asked == ["amount", "date", "wish", "times"]
    assert person.templates == ["side_noted", "case_status"]
    assert person.state.stage is Stage.RESTING
    assert [each.words for each in person.did(ChangeCase)] == [VIEW_TOLD]


def test_the_answers_are_kept_as_this_side_sees_it():
    person = invited().says(VIEW_TOLD, "loan")
    for reply in ("一万五", "前年", "慢慢还，一个月五百", "周末下午都可以"):
        person.says(reply, intent="reschedule" if "周末" in reply else None)

    told = {name: f.value for each in person.did(ChangeCase) for name, f in each.facts.items()}
    assert told["principal"] == [1_500_000, 1_500_000]
    assert (told["lent_on"], told["wish"]) == ("2024", "慢慢还，一个月五百")
    assert told["times"] == "周末下午都可以"
    assert person.state.wish


def test_what_was_written_before_agreeing_is_the_own_view():
    person = at_the_notice().says(VIEW_TOLD, "loan")
    assert person.templates == ["notice"]

    person.taps("consent:yes")

    assert [each.words for each in person.did(ChangeCase)] == [VIEW_TOLD]
    assert person.templates == ["consent_thanks", "ask_side"]


@pytest.mark.parametrize("reply", ["二十来", "哪个晓得呢这些"])
def test_a_sum_that_cannot_be_read_is_asked_once_more_and_then_left(reply):
    person = invited().says(VIEW_TOLD, "loan")
    person.says(reply, "loan", confidence=0.1)
    if person.templates == ["not_read", "ask_side"]:
        person.says(reply, "loan", confidence=0.1)

    assert person.said[-1].data == {"what": "date"}


@pytest.mark.parametrize(
    "person", [at_the_notice, invited, heard_out, lambda: heard_out().says("改时间")]
)
def test_one_tap_ends_it_at_any_time(person):
    person = person().taps("do:decline")

    assert person.did(EndCase) == [EndCase(FIRST_NUMBER, other_side=True)]
    assert person.templates == ["declined"]
    assert person.state.case_number is None


@pytest.mark.parametrize("person", [at_the_notice, invited, heard_out])
def test_a_plain_no_in_words_ends_it_too(person):
    person = person().says("我不想调解", intent="refuse_mediation")

    assert person.did(EndCase)
    assert person.templates == ["declined"]


def test_who_refused_before_agreeing_is_asked_to_agree_before_anything_else():
    person = at_the_notice().taps("do:decline")

    assert person.state.stage is Stage.NOTICE
    assert not person.did(GiveConsent)


def test_a_doubtful_no_is_asked_about_once():
    person = heard_out().says("这样谈没得意思", intent="refuse_mediation")
    assert person.templates == ["confirm_decline"]

    assert person.says("不想谈").did(EndCase)


def test_who_only_cannot_come_gives_the_time_back_and_stays():
    person = heard_out().says("取消预约")
    assert person.templates == ["confirm_session"]

    person.says("这次")

    assert person.did(GiveBack)
    assert not person.did(EndCase)
    assert person.choices == ("do:book", "do:decline")


@pytest.mark.parametrize("choice", ["do:withdraw", "do:other_side_refuses"])
def test_no_button_lets_the_other_side_withdraw_what_it_has_not_asked_for(choice):
    person = heard_out().taps(choice)

    assert all(each.other_side for each in person.did(EndCase))


def test_the_buttons_of_the_invited_side_do_nothing_for_an_applicant():
    for choice in ("do:decline", "do:retell", "own:skip"):
        person = booked().taps(choice)
        assert person.templates[0] == "choice_over"
        assert not person.did(EndCase)


def test_more_can_be_told_later_and_is_added():
    person = heard_out().taps("do:retell")
    assert person.said[0].data == {"what": "account"}

    person.says("还有一张收条在我表弟那里，忘了说", "loan")

    assert len(person.did(ChangeCase)) == 2


def test_a_danger_that_the_invited_side_tells_of_holds_everything():
    person = invited().says("他喝了酒就打我", "marriage", flags=("dv",))

    assert person.templates[0] == "help_dv"
    assert person.did(Hold) == [Hold(("dv",), FIRST_NUMBER)]
    assert person.state.stage is Stage.HELD
    assert person.taps("do:decline").did(EndCase)
    assert person.state.stage is Stage.HELD


def test_a_person_can_be_asked_to_a_matter_while_telling_one_of_the_own():
    person = lender().takes(Started(f"i{GOOD_CODE}"))
    assert person.templates == ["invited", "ask_side"]
    person.says(VIEW_TOLD, "loan")
    for _ in range(4):
        person.taps("own:skip")

    assert person.templates[:1] == ["side_noted"]
    assert person.templates[-2:] == ["welcome_back", "ask_fact"]
    assert person.state.side == Role.APPLICANT


def test_an_applicant_keeps_the_own_case_beside_the_one_he_is_asked_to():
    person = booked()
    own = person.state.case_number
    person.number += 7
    person.takes(Started(f"i{GOOD_CODE}"))

    assert person.state.is_respondent
    assert [each.case_number for each in person.state.parked] == [own]
    assert not person.state.parked[0].is_respondent


@pytest.mark.parametrize("why", ["over", "own", "not_now", "too_many"])
def test_a_code_that_opens_nothing_is_answered_and_the_talk_goes_on(why):
    assert newcomer().takes(InvitationRefused(why)).templates == ["code_not_taken", "notice"]
    assert lender().takes(InvitationRefused(why)).templates == ["code_not_taken", "ask_fact"]
    assert agreed().takes(Started("iNOTHING")).did(TakeInvitation) == [TakeInvitation("NOTHING")]


def test_a_question_in_between_is_answered_and_the_own_view_is_asked_again():
    person = invited().asks_between("要钱吗")

    assert person.templates == ["about_fee", "ask_side"]


def test_the_sheets_own_questions_come_only_with_a_booking():
    person = heard_out().says("改时间").taps("kind:phone")
    assert person.taps(person.choices[0]).asks == "name"


# may the other side be asked


@pytest.mark.parametrize(("text", "allowed"), [("可以", True), ("不要", False)])
def test_the_applicant_says_in_words_whether_the_other_side_is_asked(text, allowed):
    person = booked().says(text)

    assert person.did(AllowContact) == [AllowContact(FIRST_NUMBER, allowed)]
    assert person.templates == ["contact_agreed" if allowed else "contact_refused"]


def test_the_applicant_is_asked_once_and_may_change_his_mind():
    person = applicant().taps("do:no_session")
    assert person.templates[-1] == "ask_contact"
    person.taps("contact:no").says("改时间").taps("kind:phone")
    person.taps(person.choices[0])
    for reply in ("王师傅", "13800001234"):
        person.says(reply)
    assert person.templates == ["session_booked", "what_to_bring"]

    assert person.taps("contact:yes").did(AllowContact)[-1].allowed


def test_nobody_else_can_allow_it():
    assert heard_out().taps("contact:yes").did(AllowContact) == []
    assert Person(Dialogue(Stage.TELLING)).taps("contact:yes").did(AllowContact) == []
