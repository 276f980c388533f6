"""Which stages the current model has, and whether a better one could be trained here."""

from __future__ import annotations

import tarfile
from pathlib import Path

from nlu.embedder import is_installed
from nlu.model_store import ModelStore

SECOND_STAGE = "second.npz"


def can_be_better(models: Path) -> bool:
    """Whether the current model lacks the second stage although its embeddings are installed."""
    store = ModelStore(models)
    if not is_installed():
        return False
    with tarfile.open(store.check(store.current())) as archive:
        return not any(name.endswith(SECOND_STAGE) for name in archive.getnames())
