"""The models that tests and benchmarks talk with: trained once for each corpus and code."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import yaml

from bot.settings import read_settings
from nlu.corpus import read_blocks
from nlu.model_store import ModelStore, NoModel
from nlu.train import HERE, train

ROOM = Path(__file__).parent.parent
CACHE = ROOM / "var" / "trained-for-tests"
A_LABEL = {"small": 5, "middle": 45}  # sentences; of five, each fold of the training has one


def models_folder() -> Path:
    """Return a folder with a first-stage model of this corpus and code; trained at most once."""
    return _trained_once("whole", sentences=False)


def best_models() -> Path:
    """Return the models of this installation, with both stages where they are trained."""
    models = read_settings(os.environ).models
    try:
        ModelStore(models).current()
    except NoModel:
        return models_folder()
    return models


def small_models_folder() -> Path:
    """Return the same with both stages, of the small project."""
    return _trained_once("small", project_of("small"), sentences=True)


def middle_models_folder() -> Path:
    """Return the same of the first stage alone, of the middle project."""
    return _trained_once("middle", project_of("middle"), sentences=False)


@cache
def project_of(size: str) -> Path:
    """Return a Rasa project with a few sentences of each label: `small`, `middle`."""
    folder = CACHE / _fingerprint() / f"{size}-project"
    with _one_at_a_time(folder.name):
        if not folder.is_dir():
            half = folder.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            _write_project(half, A_LABEL[size])
            half.rename(folder)
    return folder


def _write_project(folder: Path, a_label: int) -> None:
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
    (folder / "data" / "some.yml").write_text(text, "utf-8")


def _trained_once(name: str, source: Path = HERE, *, sentences: bool) -> Path:
    folder = CACHE / _fingerprint() / name
    with _one_at_a_time(name):
        if not (folder / "current.json").is_file():
            train(folder, sentences=sentences, source=source)
    return folder


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Tests run in several processes; while one makes this the others that want it wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOM / "nlu").rglob("*")):
        if path.suffix in {".py", ".yml"} and "readers" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
