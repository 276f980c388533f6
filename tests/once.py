"""What applications read from files that never change, read once for many of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from bot import app
from nlu.swapping import Swapping


@contextmanager
def reading_once() -> Iterator[None]:
    """Let applications that are built inside share the sheets and the model.

    All else is their own: database, roster, turns, what the dialogue remembers.
    """
    models = cache(Swapping)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "load_catalogue", cache(app.load_catalogue))
        patch.setattr(app, "ready_interpreter", lambda told: models(Path(told.models).resolve()))
        yield
