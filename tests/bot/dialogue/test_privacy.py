"""The words about a person's own info, in every state."""

from dataclasses import replace

import pytest

from bot.dialogue.effects import (
    CallPerson,
    EraseInfo,
    FindReaders,
    ForgetWaiting,
    GiveConsent,
    KeepWaiting,
    LapseConsent,
    OfferInfo,
    RevokeConsent,
)
from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from bot.dialogue.words import command_in
from domain.conversation import TaskKind
from tests.bot.dialogue.people import (
    LOAN,
    Person,
    agreed,
    applicant,
    booked,
    choosing_time,
    endangered,
    lender,
    newcomer,
    reader,
)


def stopping() -> Person:
    return lender().says("停下", intent="cancel")


ANYWHERE = [agreed, lender, reader, stopping, applicant, choosing_time, booked]
HELD = [endangered, lambda: booked().says("他拿刀堵在门口", "loan", flags=("now",))]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("撤回同意", "revoke"),
        ("我要撤回我的同意", "revoke"),
        ("不再同意", "revoke"),
        ("我的信息", "my_info"),
        ("看我的信息", "my_info"),
        ("导出我的资料", "my_info"),
        ("删除我的信息", "erase"),
        ("把我的信息删掉", "erase"),
        ("我要删除我的数据", "erase"),
        ("注销账号", "erase"),
        ("谁看过我的案子", "readers"),
        ("谁看过我的案子？", "readers"),
        ("谁看过", "readers"),
        ("有谁看了我的资料", "readers"),
        ("撤回", "undo"),
        ("撤回申请", "withdraw"),
        ("查我的案子", "status"),
        ("同意", None),
        ("他不同意", None),
        ("谁看见他打人", None),
    ],
)
def test_the_words_are_known_by_their_form(text: str, right: str | None) -> None:
    assert command_in(text) == right


@pytest.mark.parametrize("person", [*ANYWHERE, *HELD])
def test_wherever_one_is_the_info_is_offered_and_nothing_is_lost(person) -> None:
    before = person()
    state = before.state
    after = before.says("我的信息")

    assert after.templates[0] == "my_info"
    assert after.did(OfferInfo)[-1].numbers == state.case_numbers
    assert replace(after.state, offered=()) == replace(state, offered=())


@pytest.mark.parametrize("person", [*ANYWHERE, *HELD])
def test_wherever_one_is_one_hears_who_has_read(person) -> None:
    after = person().says("谁看过我的案子")

    assert after.templates[0] == "readers"
    assert after.did(FindReaders)


@pytest.mark.parametrize("person", ANYWHERE)
def test_wherever_one_is_consent_can_be_taken_back_and_a_person_takes_over(person) -> None:
    before = person()
    numbers = before.state.case_numbers
    after = before.says("撤回同意")

    assert after.templates == ["consent_revoked"]
    assert after.did(RevokeConsent)
    calls = [call for call in after.did(CallPerson) if call.kind is TaskKind.PRIVACY]
    assert [call.number for call in calls] == list(numbers or (None,))
    assert after.state.stage is Stage.NOTICE
    assert (after.state.story, after.state.known, after.state.case_numbers) == ("", {}, numbers)


@pytest.mark.parametrize("person", HELD)
def test_under_a_hold_consent_can_be_taken_back_and_the_hold_stays(person) -> None:
    after = person().says("撤回同意")

    assert after.templates == ["consent_revoked"]
    assert after.did(RevokeConsent)
    assert after.state.stage is Stage.HELD


def test_after_taking_it_back_nothing_is_processed_until_one_agrees_again() -> None:
    person = booked().says("撤回同意")
    number = person.state.case_number
    told = person.says(LOAN, "loan")

    assert told.templates == ["notice"]
    assert isinstance(told.done[-1], KeepWaiting)
    again = told.says("同意")
    assert again.did(GiveConsent)
    assert number in again.state.case_numbers


@pytest.mark.parametrize("person", ANYWHERE)
def test_erasing_is_asked_once_and_then_nothing_is_left_in_the_talk(person) -> None:
    before = person()
    numbers = before.state.case_numbers
    asked = before.says("删除我的信息")

    assert asked.templates == ["confirm_erase"]
    assert not asked.did(EraseInfo)
    done = asked.taps("do:erase_now")
    assert done.templates == ["erased"]
    assert done.did(EraseInfo) == [EraseInfo(numbers)]
    assert done.did(ForgetWaiting)
    assert replace(done.state, offered=()) == Dialogue()


def test_who_thinks_better_of_erasing_goes_on_where_one_was() -> None:
    person = lender()
    asked = person.asks
    back = person.says("删除我的信息").taps("do:continue")

    assert not back.did(EraseInfo)
    assert back.asks == asked


def test_an_old_button_erases_nothing() -> None:
    person = lender().says("删除我的信息").says("不晓得").taps("do:erase_now")

    assert person.templates == ["confirm_erase"]
    assert not person.did(EraseInfo)


@pytest.mark.parametrize("person", HELD)
def test_under_a_hold_a_person_decides_what_is_erased(person) -> None:
    after = person().says("删除我的信息")

    assert after.templates == ["erase_held"]
    assert after.taps("do:erase_now").templates == ["erase_held"]
    assert not after.did(EraseInfo)
    assert after.did(CallPerson)[-1].kind is TaskKind.PRIVACY


@pytest.mark.parametrize("word", ["我的信息", "删除我的信息", "撤回同意", "谁看过我的案子"])
def test_before_one_agrees_there_is_nothing_to_see_or_erase(word: str) -> None:
    person = newcomer().says(word)

    assert person.templates == ["nothing_kept", "notice"]
    assert person.done == []


def test_a_wish_that_may_mean_several_things_offers_them() -> None:
    person = lender().says("我的隐私咋个办", intent="privacy_request")

    assert person.templates == ["your_rights"]
    assert person.taps("do:readers").templates[0] == "readers"


def changed(person: Person) -> Person:
    person.view = replace(person.view, has_new_notice=True)
    person.state = from_data(to_data(person.state))
    return person


@pytest.mark.parametrize("person", ANYWHERE)
def test_a_changed_notice_is_asked_before_anything_else_and_the_matter_goes_on_then(person) -> None:
    before = changed(person())
    state = before.state
    stage = state.back_to if state.stage is Stage.CONFIRMING else state.stage
    asked = before.says("不晓得")

    assert asked.templates == ["notice_changed", "notice"]
    assert asked.did(LapseConsent)
    asked.view = replace(asked.view, has_new_notice=False)
    agreed_again = asked.says("同意")
    assert agreed_again.did(GiveConsent)
    assert agreed_again.state.case_numbers == state.case_numbers
    assert agreed_again.state.known.items() >= state.known.items()
    assert agreed_again.state.stage is not Stage.NOTICE, stage


def test_who_does_not_agree_to_the_changed_notice_has_taken_it_back() -> None:
    person = changed(booked()).says("你好").says("不同意")

    assert person.templates == ["consent_revoked"]
    assert person.did(RevokeConsent)


@pytest.mark.parametrize("person", HELD)
def test_under_a_hold_nobody_is_asked_about_a_changed_notice(person) -> None:
    assert changed(person()).says("他又来了").templates == ["held_listening"]
