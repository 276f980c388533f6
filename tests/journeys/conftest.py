from pathlib import Path

import pytest

from tests.trained import models_folder


@pytest.fixture(scope="session")
def models() -> Path:
    return models_folder()
