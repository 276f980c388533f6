"""How and when to meet."""

from datetime import date, datetime

import pytest

from bot.dialogue.effects import Book, CallPerson, FindSlots, RegisterCase
from bot.dialogue.events import Refused
from bot.dialogue.meeting import KINDS, kind_in
from bot.dialogue.state import Dialogue, Stage
from domain.calendar import LOCAL
from domain.conversation import TaskKind
from domain.errors import SlotNotOffered, SlotTaken
from domain.session import SessionBooking, SessionKind
from tests.bot.dialogue.people import (
    NOW,
    Person,
    agreed,
    answers_all,
    applicant,
    booked,
    choosing_time,
)


def last_wish(person):
    return person.did(FindSlots)[-1].wish


def test_the_case_number_comes_first_and_then_how_to_meet():
    person = applicant()

    assert person.templates == ["case_opened", "ask_kind"]
    assert person.choices == (*(f"kind:{kind}" for kind in KINDS), "do:no_session")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("打电话吧", "phone"),
        ("微信视频", "video"),
        ("请你们来家里，来我家", "visit"),
        ("我去司法所", "walk_in"),
        ("不要电话，要见面", "walk_in"),
        ("不会视频，打给我", "phone"),
        ("哪个都可以", "walk_in"),
        ("随便", "walk_in"),
        ("不晓得", "walk_in"),
    ],
)
def test_a_kind_can_be_said_in_words(text, kind):
    person = applicant().says(text)

    assert last_wish(person).kind == kind
    assert person.templates == ["slots_offered"]


def test_no_kind_in_other_words():
    assert kind_in("好的") is None
    person = applicant().says("嗯", intent="smalltalk")
    assert person.templates == ["smalltalk", "choose_above"]
    assert applicant().says("那个", "loan").templates == ["choose_above"]


def test_a_time_said_instead_of_a_kind_is_kept_for_the_search():
    person = applicant().says("下周三下午三点", "loan").taps("kind:phone")

    assert last_wish(person).on_day == date(2026, 12, 2)
    assert (last_wish(person).from_hour, last_wish(person).until_hour) == (15, 17)


def test_a_time_told_in_the_story_is_used_when_times_are_searched():
    story = "我借给表哥两万三，他不还，我下周三下午三点有空，约那个时候调解"
    person = answers_all(agreed().says(story, "loan")).taps("back:right").taps("kind:walk_in")

    assert last_wish(person).on_day == date(2026, 12, 2)
    assert last_wish(person).from_hour == 15


def test_a_time_told_beside_an_answer_is_used_too():
    person = answers_all(agreed().says("借钱的事", "loan").says("两万三，我星期五有空来调解"))
    person.taps("back:right").taps("kind:phone")

    assert last_wish(person).on_day == date(2026, 11, 27)


@pytest.mark.parametrize("story", ["他明天要去卖牛还账", "说好11月底还钱", "他约好下个月还"])
def test_a_day_in_a_story_that_is_not_for_meeting_is_no_wish(story):
    assert not agreed().says(story, "loan").state.wish


def test_a_wished_day_that_is_past_is_forgotten():
    person = agreed().says("借钱的事，我星期五有空来调解", "loan").comes_back_after(days=10)
    answers_all(person).taps("back:right").taps("kind:phone")

    assert last_wish(person).on_day is None


def test_a_month_is_searched_from_its_first_day():
    person = applicant().says("下个月打电话", "loan")

    assert last_wish(person).not_before == datetime(2026, 12, 1, tzinfo=LOCAL)


def test_another_day_in_words_is_searched_while_times_are_offered():
    person = choosing_time().says("周四上午可以不", "loan")

    assert last_wish(person).on_day == date(2026, 11, 26)
    assert (last_wish(person).from_hour, last_wish(person).until_hour) == (6, 12)
    assert person.templates == ["slots_offered"]
    assert person.said[0].data["wished"]


def test_an_hour_alone_is_searched_on_every_day():
    person = choosing_time().says("下午三点有没有", "loan")

    assert last_wish(person).on_day is None
    assert (last_wish(person).from_hour, last_wish(person).until_hour) == (15, 17)


@pytest.mark.parametrize("said", ["街子天给得?", "赶街天上午", "我赶集那天下来"])
def test_a_market_day_is_searched_by_whoever_comes_to_town_for_it(said):
    person = choosing_time().says(said, "loan")

    assert last_wish(person).on_market_day
    assert person.templates == ["slots_offered"]


def test_a_market_day_told_in_the_story_is_used_when_times_are_searched():
    person = answers_all(agreed().says("借给表哥两万三，他不还，我街子天才有空来谈", "loan"))
    person.taps("back:right").taps("kind:walk_in")

    assert last_wish(person).on_market_day


def test_a_day_of_the_calendar_says_more_than_that_it_is_market_day():
    person = choosing_time().says("12月3号街子天", "loan")

    assert last_wish(person).on_day == date(2026, 12, 3)
    assert not last_wish(person).on_market_day


def test_a_changed_day_is_no_correction_of_a_fact():
    person = choosing_time().says("改成周四下午", "loan")

    assert last_wish(person).on_day == date(2026, 11, 26)
    assert person.known("lent_on") == "2024"


def test_another_kind_in_words_is_searched_while_times_are_offered():
    assert last_wish(choosing_time().says("还是视频嘛")).kind == "video"


def test_a_question_while_times_are_offered_leads_back_to_the_same_times():
    person = choosing_time()
    times = person.choices

    person.asks_between("要收费吗")

    assert person.templates == ["about_fee", "choose_above"]
    assert person.choices == times


def test_other_words_while_times_are_offered_lead_back():
    assert choosing_time().says("哎", "loan").templates == ["choose_above"]


def test_a_time_is_taken_by_its_number_and_by_leaving_it_to_us():
    assert choosing_time().says("2").state.slot.startswith("slot:m1:")
    assert choosing_time().says("都可以").state.slot.startswith("slot:m0:")


def test_another_time_tapped_while_the_name_is_asked_is_taken_instead():
    person = choosing_time()
    first, second, *_ = person.choices
    person.taps(first).taps(second)

    answers_all(person)

    assert person.did(Book)[-1].slot == second


def test_another_time_wished_while_the_phone_is_asked_is_searched():
    person = choosing_time()
    person.taps(person.choices[0]).says("王师傅").says("下周三下午三点可以吗", "loan")

    assert last_wish(person).on_day == date(2026, 12, 2)
    assert person.state.stage is Stage.CHOOSING_SLOT


def test_nothing_free_at_the_wished_time_shows_others():
    person = applicant()
    person.free = 0
    person.says("下周三下午三点打电话", "loan")

    assert person.templates == ["wish_not_free", "nobody_free", "ask_contact"]
    assert person.did(FindSlots)[-1].wish.on_day is None


def test_nobody_near_leads_to_the_telephone_and_nobody_free_to_a_person():
    person = applicant()
    person.free = 0
    person.taps("kind:visit")

    assert person.templates == ["nobody_near", "nobody_free", "ask_contact"]
    assert [f.wish.kind for f in person.did(FindSlots)] == ["visit", "phone"]
    assert person.did(CallPerson)[-1].kind is TaskKind.NO_SLOT
    assert person.state.stage is Stage.RESTING


def test_a_taken_time_is_said_and_others_are_shown():
    person = choosing_time().takes(Refused(SlotTaken("m1", NOW)))
    assert person.templates == ["slot_taken", "slots_offered"]

    person.takes(Refused(SlotNotOffered("m1", NOW)))
    assert person.templates == ["slot_gone", "slots_offered"]


def test_a_taken_time_without_a_case_is_not_possible():
    assert Person(Dialogue(Stage.TELLING)).takes(Refused(SlotTaken("m1", NOW))).templates == [
        "not_possible"
    ]


def test_another_kind_can_be_chosen_after_the_times_were_seen():
    person = choosing_time().taps("do:other_kind")

    assert person.templates == ["ask_kind"]
    assert last_wish(person.taps("kind:video")).kind == "video"


def test_who_wants_no_session_now_can_book_later():
    person = applicant().taps("do:no_session")
    assert person.templates == ["no_session_now", "ask_contact"]
    assert person.state.stage is Stage.RESTING

    assert person.says("改时间").templates == ["ask_kind"]


def test_a_booked_person_moves_the_session_near_a_wish():
    person = booked().says("改到下周三下午三点", intent="reschedule")

    assert person.templates == ["slots_offered"]
    assert last_wish(person).on_day == date(2026, 12, 2)
    person.taps(person.choices[0])
    assert person.did(Book)[-1].moving
    assert person.templates == ["session_moved", "what_to_bring"]


def test_who_looks_at_other_times_and_takes_none_keeps_the_old_one():
    person = booked().says("改时间").taps("do:no_session")

    assert person.templates == ["at_rest"]
    assert not person.state.moving


def test_another_mediator_is_looked_for_and_no_reason_is_asked():
    person = booked()
    refused = person.booking.mediator_id
    person.says("换个调解员")

    assert person.templates == ["mediator_refused", "slots_offered"]
    assert last_wish(person).not_mediators == {refused}


def test_another_mediator_before_any_was_booked():
    assert applicant().says("换个调解员").templates == ["mediator_refused", "ask_kind"]


def test_a_home_recheck_is_moved_to_a_visit():
    person = booked()
    person.booking = SessionBooking(9, person.number, "m1", SessionKind.HOME_RECHECK, NOW, 60, "家")
    person.says("改时间")

    assert last_wish(person).kind is SessionKind.VISIT


def test_one_case_is_registered_once_whatever_is_pressed_afterwards():
    person = booked()
    for id_ in ("back:right", "type:loan", "fact:prior:none", "do:retype", "kind:phone"):
        person.taps(id_)
    for text in ("上一步", "类型不对", "继续", "都对"):
        person.says(text, intent="smalltalk")

    assert len(person.did(RegisterCase)) == 1


@pytest.mark.parametrize(
    "id_",
    [
        "kind:phone",
        "slot:m0:phone:2026-11-24T15:00+08:00",
        "do:other_kind",
        "do:no_session",
        "do:add",
        "do:new_story",
        "back:right",
        "type:loan",
        "type:none",
        "consent:yes",
        "do:stop",
        "answer:x:kept",
        "answer:0:gone",
        "fact:prior:gone",
        "nonsense",
        "do:nonsense",
    ],
)
def test_a_stale_button_at_rest_says_so_and_shows_what_can_be_done(id_):
    person = booked().taps(id_)

    assert person.templates == ["choice_over", "at_rest"]
    assert person.state.stage is Stage.RESTING


@pytest.mark.parametrize(
    "id_",
    [
        "kind:phone",
        "slot:m0:phone:2026-11-24T15:00+08:00",
        "do:other_kind",
        "do:no_session",
        "do:book",
        "do:new",
        "do:stop",
        "do:withdraw",
        "answer:0:kept",
        "type:gone",
        "back:right",
    ],
)
def test_a_stale_button_in_the_intake_leads_back_to_the_open_fact(id_):
    person = answers_all(agreed()).says("借钱的事", "loan").taps(id_)

    assert person.templates == ["choice_over", "ask_fact"]
    assert person.asks == "principal"


def test_a_stale_button_before_any_story_asks_for_it():
    assert agreed().taps("kind:phone").templates == ["choice_over", "tell_story"]
    assert agreed().taps("type:none").templates == ["choice_over", "tell_story"]


def test_the_button_to_book_moves_a_session_that_is_booked():
    assert booked().taps("do:book").templates == ["slots_offered"]


def test_a_booking_whose_sheet_is_gone_is_not_finished():
    state = Dialogue(Stage.CHOOSING_SLOT, case_number=7, session_kind="phone")

    assert Person(state).taps("slot:m0:phone:2026-11-24T15:00+08:00").templates == ["choice_over"]


@pytest.mark.parametrize(
    "id_",
    [
        "slot:",
        "slot:m0",
        "slot:m0:phone",
        "slot:m0:dance:2026-11-24T15:00+08:00",
        "slot:m0:phone:tomorrow",
        "slot:m0:phone:2026-11-24T15:00",
    ],
)
def test_a_forged_time_is_not_booked(id_):
    person = choosing_time().taps(id_)

    assert person.templates == ["choice_over", "choose_above"]


@pytest.mark.parametrize("id_", ["type:neighbour", "do:retype", "do:new_story", "back:right"])
def test_the_type_of_an_open_case_is_not_changed_while_the_name_is_asked(id_):
    person = choosing_time()
    person.taps(person.choices[0]).taps(id_)

    assert person.templates == ["choice_over", "ask_fact"]
    assert person.asks == "name"
