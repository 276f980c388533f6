from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest

from bot import app
from bot.app import ready_interpreter
from bot.settings import read_settings
from nlu.model_store import ModelDamaged, ModelOutdated, ModelStore, NoModel
from nlu.rasa_interpreter import load


@pytest.fixture
def models(small_models, tmp_path):
    """A folder of our own with the small model, twice: as `current` and as `other`."""
    version, folder = ModelStore(small_models).current(), tmp_path / "own"
    folder.mkdir()
    for name in ("one", "other"):
        shutil.copy(small_models / f"{version}.tar.gz", folder / f"{name}.tar.gz")
        ModelStore(folder).keep(name)
    ModelStore(folder).activate("one")
    return folder


def test_without_a_trained_model_we_are_told_to_train_one(tmp_path):
    with pytest.raises(NoModel, match="python -m bot train"):
        load(tmp_path)


def test_a_damaged_model_is_never_loaded_and_the_fix_is_named(models):
    archive = ModelStore(models).archive("one")
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    archive.write_bytes(damaged)

    with pytest.raises(ModelDamaged, match=r"wrong checksum.*python -m bot train"):
        load(models)


@pytest.fixture
def outdated(models):
    """A folder with the same models, the current one laid out by an earlier program."""
    store = ModelStore(models)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(store.archive("one")) as archive:
        archive.extractall(folder, filter="data")
        for stage in Path(folder).rglob("first"):
            stage.rename(stage.with_name("former"))
        with tarfile.open(store.archive("one"), "w:gz") as changed:
            changed.add(folder, arcname="")
    store.keep("one")
    return models


def test_a_model_of_another_version_of_the_program_is_told_from_a_damaged_one(outdated):
    with pytest.raises(ModelOutdated, match=r"another version.*python -m bot train"):
        load(outdated)


def test_at_start_a_model_of_another_version_is_trained_anew(outdated, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "train", lambda models, **_: ModelStore(models).activate("other"))
    data = tmp_path / "data"
    data.mkdir()
    outdated.rename(data / "models")

    assert ready_interpreter(read_settings({"HEJIE_DATA": str(data)})).model == "other"


def test_a_model_file_that_was_taken_away_is_named(models):
    ModelStore(models).archive("one").unlink()

    with pytest.raises(ModelDamaged, match=r"one\.tar\.gz: the model file is missing"):
        load(models)


def test_a_pointer_that_cannot_be_read_is_named(models):
    (models / "current.json").write_text("{", "utf-8")

    with pytest.raises(ModelDamaged, match=r"current\.json"):
        load(models)


def test_rolling_back_serves_the_version_before_and_ends_where_none_is_left(models):
    store = ModelStore(models)
    store.activate("other")

    assert store.roll_back() == "one"
    assert store.current() == "one"
    with pytest.raises(NoModel, match="no earlier model"):
        store.roll_back()


def test_a_version_that_serves_again_stands_once_in_the_history(models):
    store = ModelStore(models)
    for version in ("other", "one"):
        store.activate(version)

    assert json.loads((models / "current.json").read_text("utf-8")) == {"served": ["other", "one"]}


def test_the_figures_of_a_version_stand_beside_it(models):
    store = ModelStore(models)
    store.write_figures("one", {"macro_f1": 0.9})

    assert store.figures("one") == {"macro_f1": 0.9}
    assert store.figures("other") == {}
