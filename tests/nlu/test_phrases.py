from __future__ import annotations

import pytest

from nlu.phrases import LONGEST, SHORTEST, phrases


def reasons(first_stage, heard, text):
    [reading] = first_stage.readings([heard(text)])
    return phrases(text, reading, int(reading.types.argmax()))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("婚没结成，彩礼八万八一分都不肯退", "彩礼"),
        ("请问工地上干了四个月的加班费怎么算", "加班费"),
        ("我不带户口本去民政局他就拖着不办", "民政局"),
    ],
)
def test_the_word_that_names_the_matter_is_among_the_reasons(first_stage, heard, text, reason):
    assert any(reason in each for each in reasons(first_stage, heard, text))


def test_reasons_are_short_runs_of_the_message_and_none_stands_within_another(first_stage, heard):
    text = "邻居燃放烟花引燃我阳台的衣物，消防认定书写得很清楚，他家一直以过年为由拖延赔偿"
    told = reasons(first_stage, heard, text)

    assert 1 <= len(told) <= 3
    assert all(each in text and SHORTEST <= len(each) <= LONGEST for each in told)
    assert not [(a, b) for a in told for b in told if a != b and a in b]


@pytest.mark.parametrize("text", ["", "，。！", "a1 2b", "我"])
def test_a_message_without_words_gives_no_reasons(first_stage, heard, text):
    assert reasons(first_stage, heard, text) == ()
