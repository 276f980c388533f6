"""The model that tests and benchmarks talk with: trained once for this state of corpus and code."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

from nlu.train import train

ROOM = Path(__file__).parent.parent
CACHE = ROOM / "var" / "trained-for-tests"


def models_folder() -> Path:
    """Return a folder with a first-stage model of this corpus and code; trained at most once."""
    folder = CACHE / _fingerprint()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in two processes
        if not (folder / "current.json").is_file():
            train(folder, sentences=False)
    return folder


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOM / "nlu").rglob("*")):
        if path.suffix in {".py", ".yml"} and "readers" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
