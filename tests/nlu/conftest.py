"""Trained models: the whole corpus without the second stage, and a small one with both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from domain.calendar import LOCAL
from nlu.interpreter import Heard
from nlu.rasa_interpreter import RasaInterpreter, load
from tests.trained import middle_models_folder, models_folder, project_of, small_models_folder

NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)  # a Monday


@pytest.fixture
def heard() -> Callable[..., Heard]:
    return lambda text, **how: Heard(text, NOW, **how)


@pytest.fixture(scope="session")
def first_stage() -> RasaInterpreter:
    """The model of the whole corpus, without the second stage."""
    return load(models_folder())


@pytest.fixture(scope="session")
def small_project() -> Path:
    """The Rasa project with a few sentences a label."""
    return project_of("small")


@pytest.fixture(scope="session")
def middle_project() -> Path:
    """The Rasa project with enough sentences a label to be judged by."""
    return project_of("middle")


@pytest.fixture(scope="session")
def middle_models() -> Path:
    """A folder with a first-stage model of the middle corpus; tests copy it."""
    return middle_models_folder()


@pytest.fixture(scope="session")
def small_models() -> Path:
    """A folder with a model of the small corpus that has both stages."""
    return small_models_folder()


@pytest.fixture(scope="session")
def both_stages(small_models: Path) -> RasaInterpreter:
    return load(small_models)
