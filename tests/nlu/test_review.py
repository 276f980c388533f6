"""A review is learned beside the old model, measured, and serves only if nothing got worse."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from nlu.corpus import Block, read_blocks
from nlu.evaluate import NOW
from nlu.gold import GOLD, NoGold, read_gold
from nlu.interpreter import FLAGS, Heard
from nlu.model_store import ModelDamaged, ModelStore, NoModel
from nlu.rasa_interpreter import RasaInterpreter, load
from nlu.review import (
    ReviewFaults,
    Verdict,
    add_candidate,
    roll_back,
    train_with_review,
    worse_figures,
)
from nlu.train import _latest, learned_before

PHONE, ID_CARD = "13888766543", "532623198703150013"
# The drying ground of a village belongs to all of it; the corpus says nothing of such grounds.
GROUND = (
    "晒坝是全寨人的，他家一家占着晒谷子",
    "集体的晒坝轮班用，他家不按轮班来",
    "寨子里的晒坝被他家围起来不给大家用",
    "晒坝轮到我家那天他家的包谷还不收",
    f"组长把晒坝包给他家一家用，问组长打{PHONE}不接",
    "公家晒坝哪家先用哪家后用，抓阄了他又不认",
    f"晒坝是集体出钱打的，他家说是他家的，他身份证{ID_CARD}",
    "晒坝排班表上写着我家，他家硬是先占了",
    "晒坝的使用开会定过的，他家不服",
    "晒坝收的管理费一直没有公开过账",
)
NEW_WORDING = "这几天该我家用晒坝了，他家的谷子还摊在上头"


def copy_of(models: Path, folder: Path) -> Path:
    shutil.copytree(models, folder)
    return folder


def write(path: Path, *told: dict[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in told), "utf-8")
    return path


def in_the_gold_set() -> dict[str, object]:
    line = next(line for line in read_gold() if line.dispute_type == "loan")
    return {"text": line.text, "dispute_type": "tourism"}


def best_type(model: RasaInterpreter, text: str) -> str | None:
    return model.read([Heard(text, NOW)])[0].dispute_type


def numbers(model: RasaInterpreter) -> list[np.ndarray]:
    readings = model.readings([Heard(line.text, NOW) for line in read_gold()[::10]])
    return [part for each in readings for part in (each.intents, each.types, each.flags)]


def gold_without_flags(folder: Path) -> Path:
    """The gold set but for flagged messages: of some flags one more miss is two points already."""
    folder.mkdir()
    for path in GOLD.glob("*.jsonl"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = (line for line in lines if not json.loads(line)["flags"])
        (folder / path.name).write_text("".join(kept), "utf-8")
    return folder


@pytest.fixture(scope="module")
def accepted(tmp_path_factory, middle_models, middle_project) -> tuple[Path, Verdict]:
    """A folder of models after a good review, and what was said of it."""
    folder = tmp_path_factory.mktemp("accepted")
    for text in GROUND:
        add_candidate(folder, {"text": text, "dispute_type": "village_collective", "flags": []})
    add_candidate(folder, in_the_gold_set())
    models = copy_of(middle_models, folder / "models")
    file = folder / "review" / "candidates.jsonl"
    gold = gold_without_flags(folder / "gold")
    return models, train_with_review(
        models, file, sentences=False, gold=gold, source=middle_project
    )


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory, middle_models, middle_project) -> tuple[Path, Verdict]:
    """A folder of models after a review whose labels were shuffled."""
    folder = tmp_path_factory.mktemp("poisoned")
    leaves = [block for block in read_blocks() if block.path.parent.name == "disputes"]
    types = sorted({block.label for block in leaves})
    wrong = dict(zip(types, types[7:] + types[:7], strict=True))
    told = (
        {"text": text, "dispute_type": wrong[block.label], "flags": []}
        for block in leaves
        for text in block.sentences[::2]
    )
    models = copy_of(middle_models, folder / "models")
    file = write(folder / "x.jsonl", *told)
    return models, train_with_review(models, file, sentences=False, source=middle_project)


def test_an_accepted_review_changes_the_answer_for_a_wording_that_it_did_not_hold(
    accepted, middle_models
):
    models, verdict = accepted

    assert best_type(load(middle_models), NEW_WORDING) != "village_collective"
    assert verdict.is_accepted
    assert load(models).model == verdict.new
    assert best_type(load(models), NEW_WORDING) == "village_collective"


def test_what_was_learned_waits_no_longer_and_every_later_training_learns_it_too(accepted):
    models, verdict = accepted

    texts = {text for block in learned_before(models) for text in block.sentences}

    assert (models.parent / "review" / "candidates.jsonl").read_text("utf-8") == ""
    assert len(texts) == len(GROUND) == verdict.learned


def test_rolling_back_takes_the_corrections_of_that_version_along(accepted, tmp_path):
    models, _ = accepted
    shutil.copytree(models, tmp_path / "models")

    roll_back(tmp_path / "models")

    assert learned_before(tmp_path / "models") == []


def test_a_refused_review_leaves_its_corrections_waiting(poisoned):
    models, verdict = poisoned

    assert (models.parent / "x.jsonl").read_text("utf-8").count("\n") + 1 == verdict.learned
    assert learned_before(models) == []
    assert not ModelStore(models).archive(verdict.new).exists()


def test_a_later_correction_of_the_same_sentence_replaces_the_earlier_one():
    def block(label):
        return Block(Path("x.jsonl"), label, {}, ("他家把集体的地占了",))

    [kept] = _latest([block("land_contract")], [block("village_collective")])

    assert kept.label == "village_collective"


def test_both_figures_are_kept_beside_the_new_version(accepted):
    models, verdict = accepted

    kept = ModelStore(models).figures(verdict.new)

    assert kept["figures"] == verdict.after
    assert kept["before"] == {"model": verdict.old, "figures": verdict.before}
    assert {"macro_f1", *(f"recall_{flag}" for flag in FLAGS)} <= set(verdict.before)
    assert (kept["corrections"], kept["refused_for"]) == (len(GROUND), [])
    assert verdict.new in str(verdict)


def test_private_numbers_of_a_correction_are_nowhere_in_the_model(accepted):
    models, _ = accepted
    private = [PHONE.encode(), ID_CARD.encode()]

    for path in models.parent.rglob("*.*"):
        told = path.read_bytes()
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                files = [archive.extractfile(each) for each in archive if each.isfile()]
                told = b"".join(file.read() for file in files if file)
        assert not any(number in told for number in private), path
    assert b"****" in next(models.glob("*.jsonl")).read_bytes()


def test_a_poisoned_review_is_refused_and_the_old_model_still_serves(poisoned, middle_models):
    models, verdict = poisoned

    assert "macro_f1" in verdict.worse
    assert verdict.after["macro_f1"] < verdict.before["macro_f1"] - 0.01
    assert load(models).model == verdict.old
    assert "still serves" in str(verdict)
    for mine, before in zip(numbers(load(models)), numbers(load(middle_models)), strict=True):
        assert np.array_equal(mine, before)


def test_a_refused_version_leaves_its_figures_and_nothing_to_roll_back(poisoned):
    models, verdict = poisoned

    assert ModelStore(models).figures(verdict.new)["refused_for"] == list(verdict.worse)
    with pytest.raises(NoModel, match="no earlier model"):
        roll_back(models)


def test_rolling_back_gives_the_old_answers_to_the_last_bit(accepted, tmp_path, middle_models):
    models, verdict = accepted
    shutil.copytree(models, tmp_path / "models")

    told = roll_back(tmp_path / "models")

    back = load(tmp_path / "models")
    assert back.model == verdict.old
    assert verdict.old in told
    for mine, before in zip(numbers(back), numbers(load(middle_models)), strict=True):
        assert np.array_equal(mine, before)


def test_rolling_back_to_a_damaged_model_says_so(accepted, tmp_path):
    models, verdict = accepted
    shutil.copytree(models, tmp_path / "models")
    ModelStore(tmp_path / "models").archive(verdict.old).write_bytes(b"half")

    with pytest.raises(ModelDamaged, match="wrong checksum"):
        roll_back(tmp_path / "models")


def test_a_message_of_the_gold_set_is_not_learned(accepted, tmp_path):
    models, verdict = accepted
    file = write(tmp_path / "x.jsonl", in_the_gold_set())

    assert (verdict.learned, verdict.left_out) == (len(GROUND), 1)
    with pytest.raises(ReviewFaults, match="no correction that may be learned"):
        train_with_review(models, file, sentences=False)


def test_nothing_is_trained_where_there_is_nothing_to_judge_with(tmp_path, middle_models):
    models = copy_of(middle_models, tmp_path / "models")
    file = write(tmp_path / "x.jsonl", {"text": "他借钱不还", "dispute_type": "loan"})

    with pytest.raises(NoGold, match="came without its tests"):
        train_with_review(models, file, sentences=False, gold=tmp_path / "gold")
    with pytest.raises(ReviewFaults, match="line 1"):
        train_with_review(models, write(tmp_path / "y.jsonl", {"text": ""}), sentences=False)

    assert len(list(models.glob("*.tar.gz"))) == 1


@pytest.mark.parametrize(
    ("figure", "most"),
    [
        ("macro_f1", -0.01),
        ("intents_macro_f1", -0.03),
        ("recall_dv", -0.01),
        ("false_alarms", 0.01),
    ],
)
def test_a_figure_may_get_worse_by_so_much_and_no_more(figure, most):
    names = ["macro_f1", "intents_macro_f1", "false_alarms", *(f"recall_{f}" for f in FLAGS)]
    before = dict.fromkeys(names, 0.5)

    assert worse_figures(before, before | {figure: 0.5 + most}) == []
    assert worse_figures(before, before | {figure: 0.5 + 1.01 * most}) == [figure]
    assert worse_figures(before, before | {figure: 0.5 - 20 * most}) == []
