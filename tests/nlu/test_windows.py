"""Long stories are read in parts too, so that one sentence of danger does not drown in the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlu import gates
from nlu.windows import LONG, windows

STORY = (
    "去年三月借给他六万块装修，写了借条，说年底还清，到现在只还了八千，微信里天天说再等等，"
    "我也不想撕破脸，毕竟还是亲戚一场，只想问问这个钱还能不能要回来，利息算不算。"
)
DANGER = "刚才他提着菜刀踹门进来了，我躲在厕所里。"
BLANK = set(" \n")  # what is only blank is no part
MARKS = "他欠我钱，。！？；、\n 打"


def test_a_long_story_is_split_where_people_pause_and_nothing_is_left_out():
    parts = windows(STORY)

    assert len(parts) > 1
    assert "".join(parts) == STORY
    assert all(part[-1] in "，。" for part in parts)


def test_a_transcript_without_marks_is_cut_into_pieces_that_overlap():
    spoken = "就是那个我家那个地嘛他家硬要从中间过我说不给他就" * 4

    parts = windows(spoken)

    assert all(len(part) <= LONG for part in parts)
    assert all(spoken[start : start + 10] in "|".join(parts) for start in range(len(spoken) - 10))


@given(st.text(alphabet=MARKS, max_size=400))
def test_every_run_of_characters_between_marks_stands_in_some_part(text):
    parts = windows(text)

    assert bool(parts) == (len(text) > LONG)
    assert set("".join(parts)) - BLANK == (set(text) - BLANK if parts else set())


def test_a_sentence_of_danger_in_a_long_story_raises_its_flag(both_stages, heard):
    calm, alarming = both_stages.read([heard(STORY), heard(STORY + DANGER)])

    assert "now" in alarming.flags
    assert "now" not in calm.flags


def test_the_second_stage_reads_no_more_parts_of_a_story_than_its_limit(
    both_stages, heard, monkeypatch
):
    monkeypatch.setattr(gates, "GREY", (0.0, 1.1))

    [reading] = both_stages.readings([heard(STORY * 3)])

    assert len(reading.parts) > 4
    assert sum(part.reading.second_stage for part in reading.parts) == gates.PARTS_READ


def test_a_story_that_is_clear_as_a_whole_has_only_its_grey_part_read(
    both_stages, heard, monkeypatch
):
    monkeypatch.setattr(gates, "GREY", (0.0, 1.1))
    monkeypatch.setattr(gates, "whole_needs_second", lambda *_: False)

    [reading] = both_stages.readings([heard(STORY)])
    [story] = both_stages.read([heard(STORY)])

    assert not reading.second_stage
    assert sum(part.reading.second_stage for part in reading.parts) == gates.PARTS_READ
    assert story.second_stage


def test_a_part_that_the_second_stage_did_not_read_raises_no_flag(first_stage, heard):
    [reading] = first_stage.readings([heard(STORY + DANGER)])

    assert reading.parts
    assert reading.most_flags == reading.flags.tolist()
