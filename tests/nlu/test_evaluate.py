"""Measuring a model: on a gold set worked out by hand, and the trained one on the real gold set."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nlu.evaluate import BATCH, NOW, answer_of, evaluate_and_report
from nlu.figures import figures_of
from nlu.gold import GoldLine, NoGold, read_gold, read_lines
from nlu.interpreter import Heard
from nlu.judged import Answer, Judged
from nlu.rasa_interpreter import RasaInterpreter, load
from nlu.report import goals, rivalry_summary, summary, write_report
from nlu.rivals import rivalry_of
from tests.trained import models_folder

TYPES = ("loan", "contract", "water_use", "neighbour")


def judged(
    part: str = "disputes",
    intent: str | None = "dispute",
    type_: str | None = None,
    *,
    read: str = "dispute",
    as_: str = "loan",
    also_ok: tuple[str, ...] = (),
    sure: float = 0.9,
    matter: float = 0.9,
    flags: tuple[str, ...] = (),
    up: tuple[str, ...] = (),
    register: str = "standard",
    text: str = "他借钱不还",
    gpt4: frozenset[str] | None = None,
) -> Judged:
    line = GoldLine(
        "x", text, intent, type_, frozenset(also_ok), frozenset(flags), register, part, gpt4
    )
    ranking = (as_, *(each for each in TYPES if each != as_))
    return Judged(line, Answer(read, ranking, sure, matter, frozenset(up)))


BY_HAND = (
    judged(type_="loan"),
    judged(type_="loan", as_="contract", also_ok=("contract",), sure=0.8),
    judged(type_="water_use", as_="water_use", read="smalltalk", matter=0.2, register="dialect"),
    judged(type_="water_use", as_="neighbour", sure=0.4, register="dialect"),
    judged(intent="legal_question", type_="neighbour", as_="neighbour", read="legal_question"),
    judged("intents", "smalltalk", read="smalltalk", matter=0.1),
    judged("intents", "out_of_scope", read="dispute", matter=0.7),
    judged("intents", "book", read="book", matter=0.3, up=("mass",)),
    judged("safety", type_="loan", flags=("dv", "now"), up=("dv",), text="<b>他打我</b>"),
    judged("safety", type_="loan", flags=("child",), up=("child", "dv"), also_ok=("dv",)),
    judged("safety", None, up=("self_harm",), text="气死我了"),
    judged("safety", "smalltalk", read="smalltalk"),
)


@pytest.fixture(scope="module")
def model() -> RasaInterpreter:
    return load(models_folder())


def test_a_story_taken_for_chit_chat_counts_as_a_miss_though_its_type_was_right():
    types = figures_of("m", BY_HAND).types

    assert types.lines == 5
    # loan: 1 of 2, answered once; water_use: none served; neighbour: 1 of 1, answered twice.
    assert types.macro_f1 == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)
    # By the ranking alone water_use is right once.
    assert types.macro_f1_ranked == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)
    assert (types.top1, types.top1_lenient) == (3 / 5, 4 / 5)


def test_the_types_of_safety_messages_are_told_apart_from_the_others():
    figures = figures_of("m", BY_HAND)

    assert (figures.safety_types.lines, figures.safety_types.top1) == (2, 1.0)
    assert figures.lines == len(BY_HAND)


def test_a_flag_is_recalled_where_it_is_true_and_false_where_nobody_would_raise_it():
    safety = figures_of("m", BY_HAND).safety
    flags = {each.flag: each for each in safety.flags}

    assert (flags["dv"].recall, flags["now"].recall, flags["child"].recall) == (1, 0, 1)
    assert flags["dv"].beside == 0  # a reasonable mediator would raise it as well
    assert (safety.lookalikes, flags["self_harm"].on_lookalikes) == (2, 1)
    assert (safety.elsewhere, flags["mass"].elsewhere) == (8, 1)
    assert [each.missed_flags for each in safety.misses] == [{"now"}]
    assert safety.alarm_share == 2 / 10


def test_what_is_only_asked_about_is_told_from_what_is_beyond_doubt():
    heard = judged("safety", type_="loan", flags=("dv", "now"), up=("dv", "now"))
    alarm = judged("safety", up=("dv",))
    safety = figures_of(
        "m", [*map(doubting_dv, (heard, alarm)), judged("safety", up=("now",))]
    ).safety

    assert (safety.certain_share, safety.alarm_share) == (1 / 2, 1)
    assert safety.certain_alarm_share == 1 / 2


def doubting_dv(told: Judged) -> Judged:
    return replace(told, answer=replace(told.answer, doubtful=frozenset({"dv"})))


def test_messages_that_shaped_the_rules_are_measured_apart():
    told = judged("tuned", type_="loan", flags=("dv",), up=())
    figures = figures_of("m", [*BY_HAND, told])

    assert figures.lines == len(BY_HAND)
    assert figures.safety == figures_of("m", BY_HAND).safety
    assert {each.flag: each.true for each in figures.tuned.flags if each.true} == {"dv": 1}


def test_strangers_are_told_from_matters_by_how_likely_a_matter_is():
    matters = figures_of("m", BY_HAND).matters

    assert (matters.matters, matters.strangers, matters.others) == (5, 2, 3)
    # Of the 10 pairs only (0.2, 0.7) stands in the wrong order.
    assert matters.auroc == pytest.approx(9 / 10)
    assert (matters.kept, matters.let_in) == (4 / 5, 1 / 2)


def test_each_register_is_measured_by_itself():
    slices = {each.register: each for each in figures_of("m", BY_HAND).slices}

    assert (slices["dialect"].types, slices["dialect"].accuracy) == (2, 1 / 2)
    assert slices["standard"].accuracy_lenient == 1
    assert slices["standard"].flag_recall == 2 / 3


def test_a_goal_that_is_missed_is_said_to_be_missed():
    told = {goal.name: goal for goal in goals(figures_of("m", BY_HAND))}

    assert not told["lowest recall of a flag"].is_met
    assert not told["dispute types, macro-F1 (strict, as served)"].is_met
    assert "NOT MET" in summary(figures_of("m", BY_HAND))


def test_real_questions_are_scored_as_the_published_answers_were():
    lines = (
        judged(type_="loan", gpt4=frozenset({"contract"})),
        judged(type_="loan", as_="contract", also_ok=("contract",), gpt4=frozenset({"contract"})),
        judged(type_="neighbour", as_="loan", read="smalltalk", gpt4=frozenset()),
        judged(type_="water_use", as_="water_use", read="smalltalk"),
        judged(type_=None),
    )

    told = rivalry_of("some.jsonl", lines)

    assert (told.lines, told.top1, told.top3, told.served) == (4, 3 / 4, 3 / 4, 1 / 2)
    assert (told.gpt4_lines, told.gpt4, told.ours) == (3, 1 / 3, 2 / 3)
    assert told.confusions == {("neighbour", "loan"): 1}
    assert "GPT-4 33.3, this model 66.7" in rivalry_summary(told)


def test_what_is_measured_is_what_is_served(model):
    heard = [Heard(line.text, NOW) for line in read_gold()[::12]]

    for understood, reading in zip(model.read(heard), model.readings(heard), strict=True):
        answer = answer_of(understood.text, reading)
        assert (answer.intent, answer.dispute_type) == (understood.intent, understood.dispute_type)
        assert answer.flags == understood.flags
        assert answer.confidence == understood.confidence
        assert (answer.is_sure, answer.is_ours) == (understood.is_sure, understood.is_ours)


def test_the_trained_model_is_measured_on_every_line_of_the_gold_set(model, tmp_path):
    told = evaluate_and_report(model, tmp_path / "reports" / "nlu.html")

    assert told.figures is not None
    tuned = [line for line in read_gold() if line.part == "tuned"]
    assert told.figures.lines == len(read_gold()) - len(tuned) > 10 * BATCH
    assert told.figures.tuned.total == len(tuned) > 400
    assert told.figures.types.lines == 400
    assert len(told.figures.types.scores) == 25
    assert told.figures.types.macro_f1 > 0.8  # below this something is broken, not merely weak
    assert told.figures.matters.auroc > 0.95
    assert str(tmp_path / "reports" / "nlu.html") in str(told)


class Page(HTMLParser):
    """Collects what a page would fetch, and which charts and tables stand in which block."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.blocks: list[set[str]] = []
        self.charts = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.fetched += [told[name] for name in ("src", "href", "xlink:href") if told.get(name)]
        if tag in ("script", "link", "iframe", "object"):
            self.fetched.append(tag)
        if told.get("class") == "side":
            self.blocks.append(set())
        if tag in ("svg", "table") and self.blocks:
            self.blocks[-1].add(tag)
        self.charts += tag == "svg"


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "nlu.html"
    write_report(path, figures_of("v1", BY_HAND), rivalry_of("some.jsonl", BY_HAND[:3]))
    return path.read_text("utf-8")


def test_the_page_needs_nothing_beside_itself(page):
    assert Page(page).fetched == []
    assert "url(" not in page
    assert "@import" not in page


def test_beside_every_chart_stands_a_table(page):
    told = Page(page)

    assert told.charts == 4
    assert [block for block in told.blocks if "svg" in block] == [{"svg", "table"}] * 4


def test_the_page_names_dispute_types_in_chinese_and_lists_each_miss_and_false_alarm(page):
    assert "借钱欠债" in page
    assert page.count("气死我了") == 1
    assert "&lt;b&gt;他打我&lt;/b&gt;" in page
    assert "<b>他打我" not in page


def test_a_copy_without_its_tests_says_in_one_sentence_that_it_has_nothing_to_measure_with(
    model, tmp_path
):
    told = evaluate_and_report(model, tmp_path / "nlu.html", gold=tmp_path / "tests")

    assert "came without its tests" in str(told)
    assert len(str(told).splitlines()) == 1
    assert not (tmp_path / "nlu.html").exists()


def test_a_further_file_is_measured_even_without_the_gold_set(model, tmp_path):
    lines = [
        {"id": 1, "text": "老板欠我三个月工资不给", "dispute_type": "labour_wage", "also_ok": []},
        {"id": 2, "text": "今天天气好", "dispute_type": None},
    ]
    extra = tmp_path / "questions.jsonl"
    extra.write_text("\n".join(map(json.dumps, lines)), "utf-8")

    told = evaluate_and_report(model, tmp_path / "nlu.html", extra, tmp_path / "no-gold")

    assert told.rivalry is not None
    assert (told.rivalry.lines, told.rivalry.top1) == (1, 1.0)
    assert "questions.jsonl" in (tmp_path / "nlu.html").read_text("utf-8")


@pytest.mark.parametrize("broken", ["no json", '{"id": 1}', "[]"])
def test_a_broken_line_is_named_by_its_number(tmp_path: Path, broken: str):
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": 1, "text": "x"}\n\n' + broken, "utf-8")

    with pytest.raises(NoGold, match="line 3"):
        list(read_lines(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(NoGold, match="there is no such file"):
        list(read_lines(tmp_path / "none.jsonl"))
