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
    folder = tmp_path_factory.mktemp("small") / "nlu"
    (folder / "data").mkdir(parents=True)
    for name in ("config.yml", "domain.yml"):
        shutil.copy(HERE / name, folder / name)
    left: dict[str, int] = defaultdict(lambda: A_LABEL)
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
