from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.once import reading_once
from tests.trained import models_folder


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    with reading_once():
        yield


@pytest.fixture(scope="session")
def models() -> Path:
    return models_folder()
