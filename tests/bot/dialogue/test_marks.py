"""What a choice is marked with is what a reply of it means, and nothing else."""

import pytest

from bot.dialogue.marks import Marks, chosen_in, marked, offered

TYPES = (("type:loan", "借钱不还"), ("type:contract", "买卖合同"), ("type:none", "都不是"))
TIMES = (("slot:m1:phone:2026-12-01T09:00", "12月1日上午9:00"), ("slot:m1:x:y", "12月3日上午9:00"))
AGES = (("fact:child_age:baby", "不满两岁"), ("fact:child_age:small", "两岁到七岁"))


def shown(choices, marks):
    return offered(marked([{"id": id_, "label": label} for id_, label in choices], marks))


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("1", "type:loan"),
        ("３。", "type:none"),
        ("第二个", "type:contract"),
        ("选3", "type:none"),
        ("都不是", "type:none"),
        ("借钱不还。", "type:loan"),
        ("4", None),
        ("第四个", None),
        ("一", None),
        ("A", None),
        ("我说的是借钱不还的事", None),
        ("。", None),
    ],
)
def test_a_choice_is_taken_by_number_place_or_label(text, chosen):
    assert chosen_in(shown(TYPES, Marks.NUMBERS), text) == chosen


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("A", "fact:child_age:baby"),
        ("b", "fact:child_age:small"),
        ("选Ｂ", "fact:child_age:small"),
        ("第二个", "fact:child_age:small"),
        ("两岁到七岁", "fact:child_age:small"),
        ("2", None),
        ("1个", None),
        ("C", None),
    ],
)
def test_where_the_answer_may_be_a_number_letters_are_shown_and_numbers_are_left_alone(
    text, chosen
):
    choices = shown(AGES, Marks.LETTERS)

    assert [each.mark for each in choices] == ["A", "B"]
    assert chosen_in(choices, text) == chosen


def test_choices_that_no_mark_was_shown_for_are_taken_by_their_words_alone():
    choices = shown(TYPES, Marks.NONE)

    assert [chosen_in(choices, text) for text in ("1", "第一个", "A")] == [None] * 3
    assert chosen_in(choices, "都不是") == "type:none"


def test_one_choice_alone_is_not_marked():
    assert shown(TYPES[:1], Marks.NUMBERS)[0].mark == ""


def test_of_free_times_the_third_of_the_month_is_a_day():
    assert chosen_in(shown(TIMES, Marks.NUMBERS), "2号") is None
    assert chosen_in(shown(TIMES, Marks.NUMBERS), "2") == "slot:m1:x:y"
    assert chosen_in(shown(TYPES, Marks.NUMBERS), "2号") == "type:contract"
