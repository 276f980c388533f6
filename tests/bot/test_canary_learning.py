"""What people told is in no report and no model; of a taught sentence, nobody stands in it."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import zipfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from bot.cli_words import evaluate
from bot.settings import read_settings
from nlu import candidates, embedder, review
from nlu.embedder import embed_kept
from nlu.evaluate import evaluate_and_report
from nlu.gold import GOLD
from nlu.model_store import ModelStore
from nlu.ngrams import Floats, ngrams
from nlu.rasa_interpreter import load
from nlu.review import add_candidate, train_with_review
from nlu.train import train
from tests.bot.test_canary import ID, NAME, PHONE, PLANTED, SENTENCE, STORY, planted_in
from tests.trained import project_of

TAUGHT = (  # the vocabulary learns what two sentences share
    STORY,
    f"{SENTENCE}，打{PHONE}没有人接，我叫{NAME}",
    f"身份证{ID}，名字叫{NAME}，手机{PHONE}，{SENTENCE}不肯赔",
)


def pairs(*parts: str) -> set[str]:
    return {gram for part in parts for gram in ngrams(part) if len(gram) == 2}


SHOWN = pairs(PHONE[:3], PHONE[7:], ID[:3], ID[14:])  # what a masked number keeps
RARE = pairs("核桃树")  # of the sentence, and of nothing in the corpus
NEVER_LEARNED = pairs(NAME, PHONE[3:7], ID[3:14]) - SHOWN
PLAIN = {"metadata.json", "components/train_stages/first/names.json"}
NET = ("inward", "inward_shift", "outward", "outward_shift")
CALIBRATION = (*(f"flags_{part}" for part in NET), "intents", "types", "topics")
NUMBERS = {
    "components/train_stages/first/weights.npz": ("matrix", "bias", "rarity"),
    "components/train_stages/first/calibration.npz": CALIBRATION,
    "components/train_stages/second/second.npz": ("centre", "whole", "step", "duals", "matrix"),
    "components/train_stages/second/calibration.npz": CALIBRATION,
}


class FixedEmbedder:
    """Stands in for 20 ms a sentence: a direction for each text, always the same."""

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = [np.random.default_rng(crc32(text.encode())).normal(size=384) for text in texts]
        return np.array(rows, np.float32) / 20


@pytest.fixture(scope="module")
def project() -> Path:
    return project_of("small")


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenth of the gold set: here it only has to be there."""
    folder = tmp_path_factory.mktemp("gold")
    for path in GOLD.glob("*.jsonl"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        (folder / path.name).write_text("".join(lines[::10]), "utf-8")
    return folder


def teach(data: Path) -> None:
    """Let the console keep corrections, and somebody write one into the file by hand, unmasked."""
    told = [{"text": text, "dispute_type": "neighbour", "flags": []} for text in TAUGHT]
    for each in told[1:]:
        add_candidate(data, each)
    with (data / candidates.FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told[0], ensure_ascii=False) + "\n")


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A data folder in which corrections wait while a model learns from everything else."""
    data = tmp_path_factory.mktemp("waiting")
    teach(data)
    train(data / "models", sentences=False, source=project)
    return data


@pytest.fixture
def learn(
    waiting: Path, project: Path, gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[str, set[str]]]:
    """Let a review of both stages serve, well or not.

    Returns its version and what its vocabulary has gained.
    """
    monkeypatch.setattr(review, "worse_figures", lambda *_: [])
    for room in ("nlu.train", "nlu.components.sentence_stage"):
        monkeypatch.setattr(f"{room}.is_installed", lambda: True)
    for room in ("nlu.embedder", "nlu.components.sentence_stage"):
        monkeypatch.setattr(f"{room}.Embedder", FixedEmbedder)

    def learn() -> tuple[str, set[str]]:
        models = shutil.copytree(waiting / "models", tmp_path / "models")
        teach(tmp_path)
        file = tmp_path / candidates.FILE
        told = train_with_review(models, file, gold=gold, source=project)
        return told.new, vocabulary(models, told.new) - vocabulary(models, told.old)

    return learn


def unpacked(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Every file in a file, however often packed, as text; JSON without its escapes."""
    if name.endswith(".tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for each in archive:
                if each.isfile():
                    yield from unpacked(each.name, archive.extractfile(each).read())  # type: ignore[union-attr]
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for part in packed.namelist():
                yield from unpacked(f"{name}/{part}", packed.read(part))
    elif name.endswith(".npy"):
        yield name, array_as_text(data)
    elif name.endswith(".json"):
        yield name, json.dumps(json.loads(data), ensure_ascii=False)
    else:
        yield name, data.decode("utf-8", "replace") + data.decode("utf-16-le", "replace")


def array_as_text(data: bytes) -> str:
    """The words of an array of words, one a line; of numbers, what their bytes would say."""
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.kind in "US":
        return "\n".join(array.astype(str).ravel().tolist())
    return data.decode("utf-8", "replace") + data.decode("utf-16-le", "replace")


def told_by(folder: Path) -> dict[str, list[str]]:
    """What of the planted words stands in which file of a folder, packed or not."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    parts = [part for path in files for part in unpacked(path.name, path.read_bytes())]
    assert len(parts) > len(files)  # archives were looked into
    return {name: planted_in(text) for name, text in parts if planted_in(text)}


def parts_of(models: Path, version: str) -> set[str]:
    """The names of all files in a version's archive, and of all arrays in those."""
    archive = ModelStore(models).archive(version)
    return {name for name, _ in unpacked(archive.name, archive.read_bytes())}


def vocabulary(models: Path, version: str = "") -> set[str]:
    """The characters and pairs of characters that a version knows, the current one if not named."""
    version = version or ModelStore(models).current()
    parts = dict(unpacked("x.tar.gz", ModelStore(models).archive(version).read_bytes()))
    names: dict[str, Any] = json.loads(next(t for n, t in parts.items() if "names.json" in n))
    return set(names["ngrams"])


def test_corrections_that_wait_are_in_no_model_and_in_no_report(
    waiting: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (waiting / "questions.jsonl").write_text(
        json.dumps({"id": 1, "text": STORY, "dispute_type": "neighbour"}), "utf-8"
    )
    settings = read_settings({"HEJIE_DATA": str(waiting)})

    assert evaluate(settings, Namespace(file=waiting / "questions.jsonl")) == 0

    page = (waiting / "reports" / "nlu.html").read_text("utf-8")
    assert "questions.jsonl" in page
    assert planted_in(page) == planted_in(capsys.readouterr().out) == []
    assert told_by(waiting / "models") == {}
    assert vocabulary(waiting / "models") & RARE == set()


def test_the_canary_sings_in_a_report_of_messages_that_hold_the_words(
    waiting: Path, gold: Path, tmp_path: Path
) -> None:
    missed = {"id": "x", "text": STORY, "intent": None, "dispute_type": None, "flags": ["dv"]}
    for path in gold.glob("*.jsonl"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "safety.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(missed, ensure_ascii=False) + "\n")

    evaluate_and_report(load(waiting / "models"), tmp_path / "x.html", gold=tmp_path)

    assert planted_in((tmp_path / "x.html").read_text("utf-8")) == list(PLANTED)


def test_a_taught_sentence_is_learned_without_the_people_in_it(
    tmp_path: Path, learn: Callable[[], tuple[str, set[str]]]
) -> None:
    version, gained = learn()

    assert told_by(tmp_path) == {f"{version}.jsonl": [SENTENCE]}
    assert gained >= RARE
    assert gained & NEVER_LEARNED == set()
    assert parts_of(tmp_path / "models", version) == PLAIN | {
        f"{file}/{array}.npy" for file, arrays in NUMBERS.items() for array in arrays
    }


def test_the_canary_sings_in_a_model_where_masking_is_off(
    tmp_path: Path, learn: Callable[[], tuple[str, set[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "mask", lambda text: text)
    version, gained = learn()

    assert told_by(tmp_path) == {f"{version}.jsonl": list(PLANTED)}
    assert gained & NEVER_LEARNED >= pairs(NAME)


# the embeddings of what was learned, kept so that they need not be computed again


@pytest.fixture
def kept_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Embeds the planted words as they are, unmasked; returns the folder with the file."""
    monkeypatch.setattr(embedder, "Embedder", FixedEmbedder)

    def keep() -> Path:
        embed_kept([*TAUGHT, NAME, PHONE, SENTENCE], tmp_path / "embeddings.npz")
        return tmp_path

    return keep


def test_the_embeddings_that_are_kept_name_no_text_not_even_an_unmasked_one(
    kept_embeddings: Callable[[], Path],
) -> None:
    folder = kept_embeddings()

    assert told_by(folder) == {}
    with np.load(folder / "embeddings.npz") as kept:
        assert set(kept) == {"keys", "rows"}
        assert all(re.fullmatch("[0-9a-f]{24}", key) for key in kept["keys"])
        assert kept["rows"].dtype == np.float16


def test_the_canary_sings_in_embeddings_that_are_kept_by_their_texts(
    kept_embeddings: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder, "key_of", lambda text: text)

    assert told_by(kept_embeddings()) == {"embeddings.npz/keys.npy": list(PLANTED)}
