"""The model that tests and benchmarks talk with: trained once for this state of corpus and code."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nlu.rasa_interpreter import NoModel, load
from nlu.train import train

ROOM = Path(__file__).parent.parent
CACHE = ROOM / "var" / "trained-for-tests"


def models_folder() -> Path:
    """Return a folder of models, trained now unless corpus and code are those of the last time."""
    folder = CACHE / _fingerprint()
    try:
        load(folder)
    except NoModel:
        train(folder)
    return folder


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOM / "nlu").rglob("*")):
        if path.suffix in {".py", ".yml"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
