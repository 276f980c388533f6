"""How words are made: no holes, nothing run that a citizen wrote, every choice labelled."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from jinja2 import Environment, UndefinedError
from jinja2.meta import find_undeclared_variables

from bot.render import TEMPLATES, Renderer
from domain.case import Stage
from domain.catalogue import Body, load_catalogue
from domain.facts import BareNumber, FactKind, FactValue
from domain.session import SessionKind
from tests.bot.reply_samples import (
    BOOKING,
    CATALOGUE,
    CONTRACT,
    DEADLINES,
    NOW,
    NUMBERS,
    RENDERER,
    SAMPLES,
    SUM,
    WHO,
    said,
    status,
)

ROOT = TEMPLATES.parents[1]
REPLIES = TEMPLATES / "replies"
UNREAD = ["我没看懂，请用一句话再写一次。"]
PARSER = Environment(autoescape=True)  # only parses
PARSER.filters |= dict.fromkeys(
    ("article", "day", "money", "said", "sentence", "short", "when"), str
)
PARSER.tests["stale"] = bool


def needed(name: str) -> set[str]:
    tree = PARSER.parse((REPLIES / f"{name}.j2").read_text(encoding="utf-8"))
    return find_undeclared_variables(tree) - {"catalogue", "choice", "house"}


HOLES = [(name, key) for name in SAMPLES for key in sorted(needed(name))]


@pytest.mark.parametrize(("name", "key"), HOLES)
def test_a_reply_never_goes_out_with_a_hole_in_it(name, key):
    without = {each: value for each, value in SAMPLES[name].items() if each != key}

    with pytest.raises(UndefinedError, match=key):
        RENDERER.reply(name, without)


def test_what_a_citizen_writes_is_shown_and_never_run():
    words = "{{ 7 * 7 }}{% for a in b %}{# x #}"
    rows = [("对方", WHO, FactValue(FactKind.TEXT, words))]

    lines = said("read_back", rows=rows, story=words)

    assert lines[2] == f"经过：{words}"
    assert lines[3] == f"对方：{words}"


def test_a_long_story_is_read_back_on_one_line_and_cut():
    told = "我说\n\n" + "很长" * 200

    line = said("read_back", story=told)[2]

    assert line == "经过：我说 " + "很长" * 28 + "很…"


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        (SUM, FactValue(FactKind.AMOUNT, [200000, 300050], approx=True), "大约2,000元到3,000.5元"),
        (SUM, FactValue(FactKind.AREA, 2.5), "2.5亩"),
        (SUM, FactValue(FactKind.COUNT, 7), "7"),
        (CONTRACT, FactValue(FactKind.CHOICE, "gone", "口头说的"), "口头说的"),
        (
            WHO,
            FactValue(
                FactKind.PLACE,
                {"prefecture": None, "county": "西畴县", "township": "兴街镇", "village": None},
            ),
            "西畴县兴街镇",
        ),
    ],
)
def test_a_told_fact_is_said_back_in_plain_words(fact, value, words):
    assert RENDERER.said(value, fact) == words


def whys() -> set[str]:
    code = "".join(
        (ROOT / each).read_text(encoding="utf-8")
        for each in ("nlu/readers/answers.py", "bot/dialogue/facts.py")
    )
    return set(re.findall(r"Unread\(\"(\w+)\"", code)) | {"several_places"}


@pytest.mark.parametrize("why", sorted(whys() - {"empty"}))
def test_a_reply_that_could_not_be_read_gets_a_hint_of_its_own(why):
    assert said("not_read", why=why, kind="text", number=None) != UNREAD


@pytest.mark.parametrize("kind", sorted(set(FactKind) - {FactKind.TEXT}))
def test_an_unknown_reason_still_says_what_to_write(kind):
    lines = said("not_read", why="empty", kind=kind.value, number=None)

    assert lines != UNREAD
    assert said("not_read", why="empty", kind="text", number=None) == UNREAD


@pytest.mark.parametrize("number", BareNumber)
def test_where_the_answer_may_be_a_number_nobody_is_told_to_write_the_number_before_it(number):
    for kind, why in ((FactKind.CHOICE, "no_choice"), (FactKind.YES_NO, "no_yes_no")):
        (line,) = said("not_read", why=why, kind=kind.value, number=number)
        assert line.startswith("请在下面选一个，或")
        assert "前面" not in line


def test_every_stage_of_a_case_has_its_own_plain_words():
    words = {
        RENDERER.reply("case_status", {"status": status(stage), "label": "欠薪"}) for stage in Stage
    }

    assert len(words) == len(Stage)
    assert all(text.endswith("。") and "_" not in text for text in words)


@pytest.mark.parametrize("kind", ["phone", "video"])
def test_a_session_from_afar_names_no_place(kind):
    booking = replace(BOOKING, kind=SessionKind(kind))

    assert "地点" not in "".join(said("session_booked", booking=booking))


def test_a_rule_not_checked_for_a_year_carries_a_warning():
    fresh = said("law_answer", now=NOW + timedelta(days=365))
    stale = said("law_answer", now=NOW + timedelta(days=366))

    assert "法条可能已更新" not in "".join(fresh)
    assert stale[1] == fresh[1] + "法条可能已更新。"


def test_each_of_several_statutes_is_named_with_its_own_article():
    lines = said("law_answer", deadlines=[DEADLINES["DL-08"]])

    assert lines[1].endswith("（人民调解法第33条，民事诉讼法第205条）")


def test_without_a_known_rule_the_law_is_not_guessed():
    assert said("law_answer", label="", deadlines=[]) == [
        "这个问题要看具体情况，我说不准。",
        "我只能告诉你法条，不能当律师。可以约律师，或打 12348。",
    ]


def test_a_promise_that_is_a_deed_shows_no_sum():
    line = said("due_today", amount_fen=None)[0]

    assert line == "案件 2026000015 的协议，2026年12月31日有一项约定到期。"


def test_a_time_is_labelled_by_day_way_and_helper():
    renderer = Renderer(CATALOGUE, {"m1": "李四调解员"}.__getitem__)

    assert renderer.choice("slot:m1:visit:2026-11-25T15:00+08:00") == {
        "id": "slot:m1:visit:2026-11-25T15:00+08:00",
        "label": "11月25日 星期三 15:00 请调解员来村里 李四调解员",
    }


def test_a_time_of_an_unnamed_helper_is_labelled_without_a_name():
    label = RENDERER.choice("slot:m1:phone:2026-11-25T15:00+08:00")["label"]

    assert label == "11月25日 星期三 15:00 打电话"


@pytest.mark.parametrize(
    ("id_", "label"),
    [
        ("type:labour_wage", "欠工钱"),
        ("fact:contract:no", "没有"),
        ("fact:amount:unknown", "不晓得"),
        ("change:amount", "欠多少"),
        ("answer:12:partly", "做到一部分"),
        ("answer:0:kept", "做到了"),
    ],
)
def test_choices_made_from_data_are_labelled_in_the_words_of_the_sheet(id_, label):
    assert RENDERER.choice(id_) == {"id": id_, "label": label}


@pytest.mark.parametrize("id_", ["do:fly", "fact:contract:maybe", "type:unheard", "answer:1:no"])
def test_a_choice_that_nobody_offers_has_no_label(id_):
    with pytest.raises(KeyError):
        RENDERER.choice(id_)


def test_every_sheet_speaks_in_whole_sentences_and_shows_only_checked_numbers():
    catalogue = load_catalogue()
    renderer = Renderer(catalogue)
    for sheet in catalogue.sheets.values():
        deadlines = [catalogue.deadlines[each] for each in sheet.deadlines]
        about = {"label": sheet.label, "deadlines": deadlines, "now": NOW}
        closed = [
            {"closed": rule, "deadline": catalogue.deadlines.get(rule.deadline or ""), "now": NOW}
            for rule in sheet.not_for_mediation
        ]
        texts = [
            renderer.reply("what_to_bring", {"type": sheet.type}),
            renderer.reply("law_answer", about),
            renderer.reply("remedies", {"type": sheet.type, "now": NOW}),
            *(renderer.reply("not_for_mediation", each) for each in closed),
        ]

        for text in texts:
            numbers = set(re.findall(r"(?<!\d)(?:1\d{2}|1\d{4}|9\d{4})(?![\d条年])", text))
            assert numbers <= NUMBERS, (sheet.type, text)
            assert "12338" not in numbers or "110" in numbers, (sheet.type, text)
            assert not re.search("。。|，。|None|[{}]", text), (sheet.type, text)


def test_the_bodies_left_after_mediation_are_others_than_mediation_committees():
    bodies = (Body("村人民调解委员会", "先谈"), Body("妇女联合会", "帮助妇女", "12338"))

    catalogue = load_catalogue()
    sheet = replace(catalogue.sheet("marriage"), bodies=bodies, deadlines=())
    renderer = Renderer(replace(catalogue, sheets={"marriage": sheet}))

    assert renderer.reply("remedies", {"type": "marriage", "now": NOW}).splitlines() == [
        "还可以走别的路，调解不影响你去法院。",
        "- 妇女联合会：帮助妇女，电话 12338（晚上打 110）",
        "想先问律师，可以约，也可以打 12348。",
    ]


def test_every_choice_of_every_sheet_has_the_label_of_its_sheet():
    catalogue = load_catalogue()
    renderer = Renderer(catalogue)

    for sheet in catalogue.sheets.values():
        assert renderer.choice(f"type:{sheet.type}")["label"] == sheet.short
        for fact in sheet.facts:
            assert renderer.choice(f"change:{fact.name}")["label"] == fact.label
            for each in fact.choices:
                assert renderer.choice(f"fact:{fact.name}:{each.id}")["label"] == each.label
