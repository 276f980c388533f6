from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nlu import gates
from nlu.embedder import embed_kept, key_of
from nlu.first_stage import FirstStage
from nlu.interpreter import FLAGS
from nlu.labelled import Labelled
from nlu.rasa_interpreter import load
from nlu.second_stage import Directions, SecondStage
from nlu.train import train

UNSURE = "师傅答应我的事情一样也没有做到，请帮我想想办法"


def test_a_story_that_the_first_stage_is_unsure_of_is_read_again(both_stages, heard):
    [story] = both_stages.read([heard(UNSURE)])

    assert story.second_stage


def test_an_answer_without_danger_never_reaches_the_second_stage(both_stages, heard, monkeypatch):
    monkeypatch.setattr(gates, "_bounds", lambda: (1.0,) * len(FLAGS))
    [answer] = both_stages.read([heard(UNSURE, asked=True)])

    assert not answer.second_stage


def test_an_unsure_score_that_would_raise_a_flag_in_an_answer_is_read_again(
    both_stages, heard, monkeypatch
):
    monkeypatch.setattr(gates, "_bounds", lambda: (0.0,) * len(FLAGS))
    long, at_once, short = both_stages.read(
        [
            heard(UNSURE, asked=True),
            heard(UNSURE, asked=True, at_once=True),
            heard("三个人", asked=True),
        ]
    )

    assert long.second_stage
    assert (at_once.is_unsure, at_once.second_stage) == (True, False)
    assert not short.second_stage
    monkeypatch.setattr(gates, "GREY", (0, 0))
    assert not both_stages.read([heard(UNSURE, asked=True)])[0].second_stage


def test_read_at_once_a_story_is_only_told_to_be_unsure(both_stages, heard):
    story, answer, sure = both_stages.read(
        [
            heard(UNSURE, at_once=True),
            heard(UNSURE, asked=True, at_once=True),
            heard("你好", at_once=True),
        ]
    )

    assert (story.is_unsure, story.second_stage) == (True, False)
    assert not answer.is_unsure
    assert not sure.is_unsure


@pytest.mark.parametrize(("grey", "may_hide_danger"), [((0, 1), True), ((1, 0), False)])
def test_why_a_story_is_unsure_is_told(both_stages, heard, monkeypatch, grey, may_hide_danger):
    monkeypatch.setattr(gates, "GREY", grey)

    [story] = both_stages.read([heard(UNSURE, at_once=True)])

    assert (story.is_unsure, story.may_hide_danger) == (True, may_hide_danger)


def test_a_flag_that_is_up_already_hides_no_danger(both_stages, heard, monkeypatch):
    monkeypatch.setattr(gates, "GREY", (0, 1))
    [reading] = both_stages.readings([heard(UNSURE, at_once=True)])

    assert gates.may_hide_danger(UNSURE, reading, frozenset(FLAGS[1:]))
    assert not gates.may_hide_danger(UNSURE, reading, frozenset(FLAGS))


def test_of_a_few_characters_the_first_stage_alone_raises_no_flag_however_sure(both_stages, heard):
    short = "他锁我三天"
    [reading] = both_stages.readings([heard(short, asked=True)])
    reading.flags[:] = 1

    assert gates.flags(short, reading) == frozenset()
    assert gates.whole_needs_second(short, reading)
    assert gates.may_hide_danger(short, reading, frozenset())
    reading.second_stage = True
    assert gates.flags(short, reading) == set(FLAGS)


@pytest.mark.parametrize("second_stage", [False, True])
def test_a_low_score_alone_is_a_doubt(both_stages, heard, second_stage):
    text = "请他来村里看一下那堵墙"
    [reading] = both_stages.readings([heard(text, at_once=True)])
    reading.second_stage = second_stage
    reading.flags[:] = gates.BELIEVED - 0.01
    up = gates.flags(text, reading)

    assert gates.doubtful(text, reading, up) == up == set(FLAGS)
    reading.flags[0] = gates.BELIEVED
    assert gates.doubtful(text, reading, up) == set(FLAGS[1:])


def test_plain_words_of_danger_leave_no_doubt(both_stages, heard):
    text = "他刚刚拿刀砍我，我躲在厕所里，快来人救命"
    [reading] = both_stages.readings([heard(text, at_once=True)])
    reading.flags[:] = gates.BELIEVED - 0.01
    up = gates.flags(text, reading)

    assert "now" in up
    assert "now" not in gates.doubtful(text, reading, up)


def test_what_is_in_doubt_is_told_and_may_yet_be_found_by_the_second_stage(
    both_stages, heard, monkeypatch
):
    monkeypatch.setattr(gates, "GREY", (0, 1))
    monkeypatch.setattr(gates, "flags", lambda *_: frozenset(FLAGS))
    monkeypatch.setattr(gates, "doubtful", lambda *_: frozenset({"dv"}))
    [doubted] = both_stages.read([heard(UNSURE, at_once=True)])
    monkeypatch.setattr(gates, "doubtful", lambda *_: frozenset())
    [certain] = both_stages.read([heard(UNSURE, at_once=True)])

    assert (doubted.flags, doubted.doubtful) == (set(FLAGS), {"dv"})
    assert (doubted.may_hide_danger, certain.may_hide_danger) == (True, False)


def test_without_a_second_stage_nothing_is_told_to_be_unsure(first_stage, heard):
    assert not first_stage.read([heard(UNSURE, at_once=True)])[0].is_unsure


def test_a_word_or_two_never_reach_the_second_stage(both_stages, heard):
    [word] = both_stages.read([heard("师傅么")])

    assert not word.second_stage


def test_what_the_first_stage_is_sure_of_is_not_read_again(both_stages, heard, monkeypatch):
    monkeypatch.setattr(gates, "GREY", (1, 0))
    monkeypatch.setattr(gates, "CLEAR_INTENT", 0)
    monkeypatch.setattr(gates, "CLEAR_TYPE", 0)

    assert not both_stages.read([heard(UNSURE)])[0].second_stage


def test_a_flag_in_the_grey_zone_is_asked_of_the_second_stage(both_stages, heard, monkeypatch):
    monkeypatch.setattr(gates, "GREY", (0, 1))
    monkeypatch.setattr(gates, "CLEAR_INTENT", 0)
    monkeypatch.setattr(gates, "CLEAR_TYPE", 0)

    assert both_stages.read([heard(UNSURE)])[0].second_stage


def test_many_threads_read_the_same_as_one(both_stages, heard):
    batch = [heard(UNSURE), heard("邻居家的水都流到我家院子里来了"), heard("你好")]
    alone = both_stages.read(batch)

    with ThreadPoolExecutor(4) as pool:
        assert all(each == alone for each in pool.map(both_stages.read, [batch] * 8))


def test_without_the_wheel_the_first_stage_serves_and_says_so(
    small_models, heard, monkeypatch, caplog
):
    monkeypatch.setattr("nlu.components.sentence_stage.is_installed", lambda: False)
    with caplog.at_level(logging.WARNING):
        interpreter = load(small_models)

    assert caplog.text.count("the first stage alone serves") == 1
    assert not interpreter.read([heard(UNSURE)])[0].second_stage


def test_without_the_wheel_training_makes_the_first_stage_alone(
    small_project, tmp_path, heard, monkeypatch, caplog
):
    monkeypatch.setattr("nlu.train.is_installed", lambda: False)
    train(tmp_path, source=small_project)

    assert "training the first stage alone" in caplog.text
    assert not load(tmp_path).read([heard(UNSURE)])[0].second_stage


def test_only_sentences_not_seen_before_are_embedded(tmp_path, monkeypatch):
    asked = []

    class Counting:
        def embed(self, texts):
            asked.extend(texts)
            return np.eye(len(texts), 384, dtype=np.float32)

    monkeypatch.setattr("nlu.embedder.Embedder", Counting)
    cache = tmp_path / "embeddings.npz"
    first = embed_kept(["一", "二"], cache)
    again = embed_kept(["二", "三", "一"], cache)

    assert asked == ["一", "二", "三"]
    assert np.array_equal(again[[2, 0]], first)


def test_of_a_sentence_that_is_learned_no_more_no_embedding_stays(tmp_path, monkeypatch):
    class Plain:
        def embed(self, texts):
            return np.ones((len(texts), 384), np.float32)

    monkeypatch.setattr("nlu.embedder.Embedder", Plain)
    cache = tmp_path / "embeddings.npz"
    for texts in (["一", "二", "三"], ["三"]):
        embed_kept(texts, cache)

    with np.load(cache) as kept:
        assert kept["keys"].tolist() == [key_of("三")]
        assert len(kept["rows"]) == 1


def test_a_saved_second_stage_reads_as_before(tmp_path):
    random = np.random.default_rng(5)
    sentences = [
        Labelled(text, intent, kind, frozenset(), topic)
        for text, intent, kind, topic in (
            [
                ("欠钱不还了", "dispute", "loan", None),
                ("工资不发给我", "dispute", "labour_wage", None),
            ]
            * 4
            + [("收费吗多少钱", "service_question", None, "fee")] * 4
            + [("要多久才调完", "service_question", None, "duration")] * 4
        )
    ]
    flagged = [Labelled("他打我", None, None, frozenset(FLAG), None) for FLAG in FLAG_SETS]
    sentences += flagged
    rows = random.normal(size=(len(sentences), 384)).astype(np.float32)
    first, lesson = FirstStage.train(sentences)
    stage = SecondStage.train(lesson, rows)
    stage.save(tmp_path)
    loaded = SecondStage.load(tmp_path)

    [reading] = first.read(["老板欠钱不还"])
    for kept, before in zip(
        loaded.read(rows[0], reading), stage.read(rows[0], reading), strict=True
    ):
        assert np.allclose(kept, before, atol=1e-2)


FLAG_SETS = [
    ["now"],
    ["dv"],
    ["child"],
    ["self_harm"],
    ["harm_others"],
    ["neglect"],
    ["mass"],
    ["hazard"],
]


@pytest.mark.parametrize("count", [1, 1024, 2500])
def test_rounded_directions_tell_the_same_nearness(count):
    drawn = np.random.default_rng(2).normal(size=(count, 384)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    asked = vectors[0] + vectors[-1] / 2
    asked /= np.linalg.norm(asked)

    told = Directions.of(vectors).cosines(asked)

    assert np.abs(told - vectors @ asked).max() < 0.003
