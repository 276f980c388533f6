from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.catalogue import SHEETS
from nlu.corpus import Block, CorpusFaults, read_blocks
from nlu.corpus_lint import faults_of

GOLD = Path(__file__).parent / "gold"
TYPES = frozenset(path.stem for path in SHEETS.glob("[a-z]*.yaml"))


def gold_texts():
    lines = (line for path in GOLD.glob("*.jsonl") for line in path.read_text("utf-8").splitlines())
    return [json.loads(line)["text"] for line in lines]


def block(label, *sentences, path="made_up.yml", register="standard", **metadata):
    return Block(Path(path), label, {"register": register} | metadata, sentences)


def faults(*blocks, gold=()):
    """The faults of a few blocks, but for those of balance."""
    return [
        each for each in faults_of(blocks, {"loan", "contract"}, gold) if "sentences;" not in each
    ]


def test_the_corpus_keeps_its_rules():
    assert faults_of(read_blocks(), TYPES, gold_texts()) == []


def test_every_dispute_type_has_a_file_of_its_own_name():
    assert {path.stem for path in (SHEETS.parents[1] / "nlu/data/disputes").glob("*.yml")} == TYPES


def test_a_sentence_stands_once_in_the_corpus_whatever_its_spacing():
    found = faults(block("loan", "朋友借钱不还"), block("contract", "朋友 借钱不还"))

    assert found == ["made_up.yml: stands already in made_up.yml (loan): 朋友 借钱不还"]


def test_blocks_of_one_label_and_metadata_are_one():
    told = faults(block("loan", "借了三万块不还"), block("loan", "欠条丢了还能要钱吗"))
    apart = faults(
        block("loan", "借了三万块不还"),
        block("loan", "欠条丢了还能要钱吗", register="typo"),
        block("loan", "那个他说过年还", path="other.yml"),
    )

    assert ["2 blocks" in each for each in told] == [True]
    assert not apart


def test_nearly_the_same_sentence_cannot_have_two_labels():
    one = "朋友去年借了我三万块钱一直不还怎么办"

    assert (
        "is nearly made_up.yml (loan)"
        in faults(block("loan", one), block("contract", one + "呢"))[0]
    )
    assert faults(block("loan", one, one + "呢")) == []


def test_no_sentence_of_the_gold_set_is_trained_on():
    text = "朋友去年借了我三万块钱一直不还怎么办"

    assert "stands in the gold set" in faults(block("loan", text), gold=[text])[0]
    assert "nearly in the gold set" in faults(block("loan", text), gold=[text + "呢"])[0]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (block("lone", "借钱"), "no dispute type with a sheet"),
        (block("loan", "借钱", register="slang"), "register must be one of"),
        (block("loan", "借钱", flags=["fire"]), "'fire' is no red flag"),
        (block("loan", "借钱", colour="red"), "metadata 'colour' is unknown"),
        (block("greet", "你好", dispute_type="lone"), "dispute_type 'lone' has no sheet"),
        (block("flag_dv", "他打我", flags=["child"]), "must name the flag itself"),
        (block("lookalike_dv", "打工", flags=["dv"]), "a look-alike has no flags"),
        (block("loan", "借了[三万](sum)"), "brackets would be read as an entity"),
    ],
)
def test_a_block_that_says_something_strange_is_refused(made, told):
    assert told in faults(made)[0]


def test_a_lopsided_type_is_named():
    found = faults_of([block("loan", *(f"借钱{n}" for n in range(241)))], {"loan", "contract"})

    assert "contract: 0 sentences; at least 150 are needed" in found
    assert "loan: 241 sentences; more than 240 make the types lopsided" in found


def test_a_file_that_is_no_corpus_file_is_named(tmp_path):
    (tmp_path / "broken.yml").write_text("nlu: 3", "utf-8")

    with pytest.raises(CorpusFaults, match=r"broken\.yml"):
        read_blocks(tmp_path)
