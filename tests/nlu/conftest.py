"""Trained models: the whole corpus without the second stage, and a small one with both."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from domain.calendar import LOCAL
from nlu.corpus import read_blocks
from nlu.interpreter import Heard
from nlu.rasa_interpreter import RasaInterpreter, load
from nlu.train import HERE, train
from tests.trained import models_folder

NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)  # a Monday
A_LABEL = 5  # sentences of a label in the small corpus; each fold needs one


@pytest.fixture
def heard() -> Callable[..., Heard]:
    return lambda text, asked=False: Heard(text, NOW, asked=asked)


@pytest.fixture(scope="session")
def first_stage() -> RasaInterpreter:
    """The model of the whole corpus, without the second stage."""
    return load(models_folder())


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Rasa project with a few sentences a label."""
    return project_of(tmp_path_factory.mktemp("small") / "nlu", A_LABEL)


@pytest.fixture(scope="session")
def middle_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Rasa project with enough sentences a label to be judged by."""
    return project_of(tmp_path_factory.mktemp("middle") / "nlu", 30)


@pytest.fixture(scope="session")
def middle_models(middle_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a first-stage model of the middle corpus; tests copy it."""
    folder = tmp_path_factory.mktemp("models")
    train(folder, sentences=False, source=middle_project)
    return folder


def project_of(folder: Path, a_label: int) -> Path:
    """Write a Rasa project with so many sentences of each label."""
    (folder / "data").mkdir(parents=True)
    for name in ("config.yml", "domain.yml"):
        shutil.copy(HERE / name, folder / name)
    left: dict[str, int] = defaultdict(lambda: a_label)
    blocks = []
    for block in read_blocks():
        key = block.label + str(block.metadata.get("topic", ""))
        kept = [text for text in block.sentences if len(text) < 60][: left[key]]
        left[key] -= len(kept)
        if kept:
            told = {"intent": block.label, "metadata": dict(block.metadata)}
            blocks.append(told | {"examples": "".join(f"- {text}\n" for text in kept)})
    text = yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True)
    (folder / "data" / "small.yml").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def small_models(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of the small corpus that has both stages."""
    folder = tmp_path_factory.mktemp("models")
    train(folder, source=small_project)
    return folder


@pytest.fixture(scope="session")
def both_stages(small_models: Path) -> RasaInterpreter:
    return load(small_models)
