"""Only words of dialect change, and only for the embedding."""

import re

import pytest
import yaml

from nlu.corpus import read_blocks
from nlu.embedder import key_of
from nlu.standard import TABLE, standard


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("他支差还不克上班，咋个整", "他现在还不去上班，怎么办"),
        ("我家娃娃给是要克转学", "我家孩子是不是要去转学"),
        ("给有人管管噶", "有没有人管管吗"),
        ("工钱还不有给，他讲没得钱", "工钱还没有给，他说没有钱"),
        ("屋头包谷打失了，我鬼火绿", "家里玉米弄丢了，我很生气"),
        ("那久借呢钱", "那时候借的钱"),
    ],
)
def test_dialect_is_said_in_standard_chinese(told, meant):
    assert standard(told) == meant


@pytest.mark.parametrize(
    "text",
    [
        "老板克扣工资两千克白糖",
        "他休克了，坦克，巧克力，扑克",
        "钱交给会计，他呢，就是不签字",
        "我给他钱他不要",
        "互相因为这个吵",
        "他有用没用都不行",
        "",
    ],
)
def test_standard_chinese_stays_as_it_is(text):
    assert standard(text) == text


def test_most_standard_sentences_of_the_corpus_stay_as_they_are():
    told = [
        text
        for block in read_blocks()
        if block.metadata.get("register") == "standard"
        for text in block.sentences
    ]

    assert sum(standard(text) != text for text in told) < len(told) / 20


def test_the_same_in_dialect_and_standard_is_embedded_once():
    assert key_of("他支差还不还钱") == key_of("他现在还不还钱")


def test_every_line_of_the_table_can_be_reached_and_captures_nothing():
    for word, meaning in yaml.safe_load(TABLE.read_text("utf-8")):
        assert re.compile(word).groups == 0
        assert meaning
