"""What a story tells of a sheet's facts, and what it does not."""

import pytest

from bot.dialogue.facts import facts_told, reply_value
from domain.catalogue import DisputeSheet, Fact, MediationKind
from domain.facts import FactKind
from nlu.readers.answers import Unknown, Unread
from nlu.readers.facts import read_facts
from tests.bot.dialogue.people import CATALOGUE, NOW

OWED = Fact("owed", FactKind.AMOUNT, "欠多少", "欠多少？", "", cues=("还差",))
FINE = Fact("fine", FactKind.AMOUNT, "罚款", "罚多少？", "", cues=("罚",))
TOTAL = Fact("total", FactKind.AMOUNT, "总数", "一共多少？", "", primary=True)
SINCE = Fact("since", FactKind.DATE, "哪天", "哪天？", "", cues=("开始",))
DAY = Fact("day", FactKind.DATE, "哪天", "哪天？", "", primary=True)


def told(text, sheet):
    """Return the values of the facts that the text tells."""
    sheet = CATALOGUE.sheet(sheet) if isinstance(sheet, str) else sheet
    return {
        name: fact.value for name, fact in facts_told(sheet, text, read_facts(text, NOW)).items()
    }


def sheet_of(*facts):
    """Return a sheet of these facts."""
    return DisputeSheet(
        "x", "x", "x", (), MediationKind.PEOPLE, (), (), facts, (), (), "",
        by_name={fact.name: fact for fact in facts},
    )  # fmt: skip


def test_a_sum_and_a_day_go_to_the_fact_whose_word_stands_beside_them():
    text = "说好一共给十万块的工程款，到今天还差我三万块没有给，去年三月开始干的活"

    assert told(text, sheet_of(OWED, FINE, SINCE)) == {"owed": [3000000] * 2, "since": "2025-03"}


def test_without_its_own_word_only_the_primary_fact_takes_a_sum_or_a_day():
    assert told("去年三月借了三万", sheet_of(OWED, SINCE)) == {}
    assert told("去年三月借了三万", sheet_of(TOTAL, DAY)) == {
        "total": [3000000, 3000000],
        "day": "2025-03",
    }


@pytest.mark.parametrize(
    "text",
    [
        "他才给了四千块",
        "对方只愿意赔五千元",
        "司机答应赔一万，后来不认",
        "现在还要我赔三千",
        "他一年挣几十万",
        "我有交强险和一百万的三者",
        "派出所说对方愿意赔一万五",
    ],
)
def test_a_sum_that_was_paid_offered_or_earned_is_not_what_the_matter_is_about(text):
    assert told(text, sheet_of(TOTAL)) == {}


def test_the_sum_in_question_is_found_beside_a_sum_that_was_paid():
    assert told("医药费花了两万六，他才给了四千", sheet_of(TOTAL)) == {"total": [2600000, 2600000]}


def test_a_day_that_no_calendar_fixes_is_left_to_the_question():
    assert told("腊月间借的", sheet_of(DAY)) == {}


def test_a_longer_word_says_more():
    assert told("干了两年没签合同", "labour_wage")["labour_contract"] == "no"
    assert told("干了两年签了合同", "labour_wage")["labour_contract"] == "yes"


def test_a_yes_behind_a_no_is_no_yes():
    assert "common_child" not in told("体检查出不易怀孕，男方要退婚", "bride_price")


def test_of_words_of_one_length_the_first_in_the_story_counts():
    text = "那天警察来过，村长来过"

    assert told(text, "neighbour")["prior"] == "police"


def test_the_writer_is_not_the_other_side():
    assert told("我是女方父亲，男方家要退彩礼", "bride_price")["respondent"] == "男方家"


def test_places_people_areas_and_phones_are_taken_from_the_words():
    text = "西畴县兴街镇，我们七个人，三亩林地，电话13800001234"
    found = told(text, "forest_land")

    assert found["place"]["county"] == "西畴县"
    assert (found["people_count"], found["area"], found["phone"]) == (7, 3, "13800001234")
    assert told("没有什么要说", "forest_land") == {}


def test_a_place_that_several_counties_have_is_asked_for():
    fact = CATALOGUE.sheet("loan").fact("place")

    assert reply_value(fact, "城关镇", NOW) in (Unread("several_places"), Unread("no_place"))


def test_the_day_of_a_reply_has_to_be_past():
    fact = CATALOGUE.sheet("loan").fact("lent_on")

    assert reply_value(fact, "明年三月", NOW) == Unread("in_future")
    assert reply_value(fact, "腊月间", NOW) == Unread("no_date")


def test_an_area_and_a_count_are_read_from_a_reply():
    sheet = CATALOGUE.sheet("forest_land")

    assert reply_value(sheet.fact("area"), "三亩二分", NOW).value == 3.2
    assert reply_value(sheet.fact("people_count"), "七个人", NOW).value == 7


def test_not_to_know_is_no_choice_of_none():
    assert reply_value(CATALOGUE.sheet("loan").fact("prior"), "不晓得", NOW) == Unknown()


# how old a child is


@pytest.mark.parametrize(
    ("sheet", "text", "name", "choice"),
    [
        ("child_custody", "我们离了，娃娃才一岁半，判给我", "child_age", "baby"),
        ("child_custody", "孩子不满两周岁，他要抢走", "child_age", "baby"),
        ("child_custody", "小孩7岁，我想变更抚养权", "child_age", "small"),
        ("child_custody", "儿子十二岁，他不付抚养费", "child_age", "big"),
        ("child_custody", "娃娃上初中了，他不出学费", "child_age", "big"),
        ("school_minor", "我家姑娘9岁，着同学推倒了", "pupil_age", "from_8"),
        ("marriage", "我要离婚，有个四岁的", "has_children", "minor"),
    ],
)
def test_the_age_of_a_child_fills_the_band_that_the_sheet_asks_for(sheet, text, name, choice):
    assert told(text, sheet)[name] == choice


@pytest.mark.parametrize(
    "text",
    [
        "奶奶65岁了，孙子在学校着人打",  # 5岁 is no child's
        "大的9岁，小的5岁，都着打了",  # of whom is it?
        "他十三四岁，着人打了",  # two bands
        "他八岁时就着人打过",  # long ago
    ],
)
def test_an_age_that_is_no_childs_or_not_clear_fills_nothing(text):
    assert "pupil_age" not in told(text, "school_minor")


def test_of_a_childs_age_the_band_alone_is_kept():
    sheet = CATALOGUE.sheet("school_minor")
    fact = sheet.fact("pupil_age")

    in_story = facts_told(sheet, "我家姑娘9岁，着同学推倒了", read_facts("我家姑娘9岁", NOW))
    for value in (in_story["pupil_age"], reply_value(fact, "九岁了", NOW)):
        assert (value.value, value.words) == ("from_8", "")


@pytest.mark.parametrize(
    ("reply", "choice"),
    [("5岁", "small"), ("刚满月", "baby"), ("十个月大", "baby"), ("17了嘛，17岁", "big")],
)
def test_a_reply_with_an_age_is_read_like_a_story(reply, choice):
    fact = CATALOGUE.sheet("child_custody").fact("child_age")

    assert reply_value(fact, reply, NOW).value == choice


def test_a_reply_with_two_ages_is_asked_again():
    fact = CATALOGUE.sheet("child_custody").fact("child_age")

    assert reply_value(fact, "大的9岁小的5岁", NOW) == Unread("several_choices")


# a number alone


@pytest.mark.parametrize(
    ("sheet", "name", "reply", "choice"),
    [
        ("child_custody", "child_age", "1", "baby"),
        ("child_custody", "child_age", "3", "small"),
        ("child_custody", "child_age", "三", "small"),
        ("child_custody", "child_age", "才3岁", "small"),
        ("child_custody", "child_age", "13了", "big"),
        ("child_custody", "child_age", "22", "adult"),
        ("child_custody", "child_age", "B", "small"),
        ("child_custody", "child_age", "第三个", "big"),
        ("child_custody", "child_age", "选3", "big"),
        ("school_minor", "pupil_age", "2", "under_8"),
        ("school_minor", "pupil_age", "14岁", "from_14"),
        ("elder_support", "children_number", "5个", "more"),
        ("elder_support", "children_number", "我们有三姊妹", "three"),
        ("inheritance", "heirs_number", "2", "two"),
        ("inheritance", "heirs_number", "3个人", "three"),
        ("inheritance", "heirs_number", "6", "more"),
        ("bride_price", "common_child", "2个", "yes"),
        ("bride_price", "common_child", "0", "no"),
    ],
)
def test_where_a_number_is_asked_for_a_number_alone_is_the_answer_and_no_place(
    sheet, name, reply, choice
):
    fact = CATALOGUE.sheet(sheet).fact(name)

    assert reply_value(fact, reply, NOW).value == choice


@pytest.mark.parametrize(
    ("sheet", "name", "reply"),
    [
        ("marriage", "has_children", "2"),  # two children, or two years old?
        ("marriage", "has_children", "3个"),
        ("bride_price", "lived_together", "2"),  # months or years?
        ("loan", "interest", "2"),  # in a hundred, perhaps
        ("inheritance", "heirs_number", "1"),
        ("child_custody", "child_age", "七八"),  # two bands
        ("school_minor", "pupil_age", "30"),
    ],
)
def test_a_number_alone_that_is_not_clear_is_asked_again(sheet, name, reply):
    fact = CATALOGUE.sheet(sheet).fact(name)

    assert isinstance(reply_value(fact, reply, NOW), Unread)


def test_where_no_number_is_asked_for_a_number_alone_is_the_place():
    fact = CATALOGUE.sheet("loan").fact("proof")

    assert reply_value(fact, "3", NOW).value == fact.choices[2].id
