"""What the readers promise to those who ask the questions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from datetime import date

from nlu.readers.ages import MinorAge
from nlu.readers.amounts import Role, amounts_in
from nlu.readers.answers import Answer, Unknown, Unread, read_answer
from nlu.readers.certainty import Certainty
from nlu.readers.dates import Precision, dates_in
from nlu.readers.facts import read_facts
from nlu.readers.occurrence import occurred
from nlu.readers.places import find_place
from nlu.readers.wishes import DayPart, wishes_in
from tests.nlu.readers.spoken import NOW, OPTIONS

TODAY = NOW.date()


def test_a_daily_wage_keeps_its_unit_and_the_words_that_told_it():
    text = "说好一天两百二干了四个月"

    (wage,) = amounts_in(text)

    assert (wage.fen, wage.per, wage.role) == (22_000, "天", Role.RATE)
    assert text[wage.rate_start : wage.rate_end] == "一天两百二"


def test_a_sum_without_its_unit_is_likely_and_one_with_it_is_sure():
    bare, told = amounts_in("欠我三千五")[0], amounts_in("欠我三千五百块")[0]

    assert (bare.fen, bare.certainty) == (350_000, Certainty.LIKELY)
    assert (told.fen, told.certainty) == (350_000, Certainty.SURE)


def test_a_digit_in_a_name_is_no_part_of_the_sum():
    told = ("刘五35000元", "张三35000元", "李四五千元", "老三两万元")

    found = [(text, amount) for text in told for amount in amounts_in(text)]

    assert [(amount.fen, text[amount.start : amount.end]) for text, amount in found] == [
        (3_500_000, "35000元"),
        (3_500_000, "35000元"),
        (500_000, "五千元"),
        (2_000_000, "两万元"),
    ]


def test_a_bare_number_is_money_only_when_money_was_asked_for():
    assert amounts_in("2000") == ()
    assert amounts_in("2000", asked=True)[0].fen == 200_000


def test_the_span_points_into_the_text_as_it_was_written():
    text = "欠款　３５０００元,不还"

    (amount,) = amounts_in(text)

    assert text[amount.start : amount.end] == "３５０００元"


def test_a_village_whose_name_is_common_is_answered_with_all_the_villages_it_may_be():
    place = find_place("和平村")

    assert place is not None
    assert place.certainty is Certainty.OPEN
    assert len(place.candidates) > 20
    assert {name.village for name in place.candidates} <= {"和平村", "和平社区"}


def test_a_village_with_its_township_is_found_without_its_county():
    place = find_place("兴街镇龙坪村")

    assert place is not None
    assert (place.county, place.village) == ("西畴县", "龙坪村")
    assert place.candidates == ()


def test_what_several_readings_agree_on_is_already_said():
    place = find_place("文山州和平村")

    assert place is not None
    assert (place.prefecture, place.county) == ("文山壮族苗族自治州", None)
    assert {name.county for name in place.candidates} == {"西畴县", "马关县", "麻栗坡县"}


def test_a_village_that_no_table_lists_stays_part_of_the_address():
    place = find_place("我家在西畴县新民村")

    assert place is not None
    assert (place.as_written, place.county) == ("西畴县新民村", "西畴县")
    assert (place.village, place.certainty) == (None, Certainty.LIKELY)


def test_a_date_is_read_from_the_day_it_is_told_and_not_from_the_clock():
    (told,) = dates_in("去年三月", date(2020, 1, 5))

    assert told.to_wire() == {"year": 2019, "month": 3}


def test_a_friday_that_has_happened_is_the_last_one():
    (friday,) = dates_in("星期五", TODAY)

    past = occurred(friday, TODAY)

    assert friday.first == date(2026, 11, 27)
    assert past is not None
    assert (past.first, past.certainty) == (date(2026, 11, 20), Certainty.LIKELY)


def test_the_twelfth_lunar_month_names_its_span_but_no_day():
    (month,) = dates_in("去年腊月", TODAY)

    assert month.lunar
    assert month.first == date(2026, 1, 19)
    assert month.to_wire() is None


def test_the_time_of_the_maize_harvest_is_heard_but_not_guessed():
    (harvest,) = dates_in("收包谷那久", TODAY)

    assert (harvest.first, harvest.precision) == (None, Precision.UNKNOWN)


def test_a_wish_says_no_more_than_was_said():
    (wish,) = wishes_in("明天早上", NOW)

    assert (wish.first, wish.part) == (date(2026, 11, 24), DayPart.MORNING)
    assert wish.clock is None
    assert wish.at is None


def test_three_o_clock_without_its_half_of_the_day_is_the_afternoon_to_be_confirmed():
    (wish,) = wishes_in("后天三点", NOW)

    assert wish.at is not None
    assert (wish.at.hour, wish.certainty) == (15, Certainty.LIKELY)


def test_an_hour_that_has_passed_today_is_no_wish():
    assert wishes_in("今天早上八点", NOW) == ()


def test_the_exact_age_of_a_child_is_nowhere_in_what_is_kept():
    (child,) = read_facts("我今年12岁", NOW).minors

    assert {field.name for field in fields(MinorAge)} == {"band", "start", "end", "certainty"}
    assert child.band == "8-13"


def test_not_knowing_is_a_valid_answer_to_every_question():
    for kind in ("amount", "date", "name", "yes_no", "count", "place", "phone", "area", "text"):
        assert read_answer(kind, "不晓得", NOW) == Unknown()
    assert read_answer("choice", "记不清了", NOW, OPTIONS) == Unknown()


def test_a_guess_after_not_knowing_is_still_taken():
    reply = read_answer("amount", "不晓得,大概三万吧", NOW)

    assert isinstance(reply, Answer)


def test_a_reply_that_does_not_answer_says_why():
    assert read_answer("date", "明年", NOW) == Unread("in_future")
    assert read_answer("phone", "1388888123", NOW) == Unread("not_a_phone")
    assert read_answer("text", "啊" * 1501, NOW) == Unread("too_long")
    assert read_answer("choice", "工钱和欠条都有", NOW, OPTIONS) == Unread("several_choices")


def test_the_span_of_an_answer_counts_from_the_first_character_sent():
    text = "  三万块 "

    reply = read_answer("amount", text, NOW)

    assert isinstance(reply, Answer)
    assert text[reply.start : reply.end] == "三万块"


def test_jionlp_prints_nothing_warns_nothing_and_waits_for_the_first_date():
    script = (
        "import sys; from datetime import datetime; from nlu.readers.facts import read_facts;"
        "now = datetime.fromisoformat('2026-11-23T10:00');"
        "read_facts('老板欠我三万五', now); assert 'jionlp' not in sys.modules;"
        "read_facts('前天', now); assert 'jionlp' in sys.modules"
    )

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
