"""The understanding, against scikit-learn's own pipeline trained on the same sentences."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from domain.calendar import LOCAL
from nlu.corpus import read_blocks
from nlu.first_stage import FirstStage
from nlu.interpreter import Heard, Interpreter, Understanding
from nlu.rasa_interpreter import load
from nlu.readers.facts import read_facts
from nlu.safety import panel
from nlu.train import train
from tests.benchmarks.figure import Figure, seconds_each
from tests.benchmarks.story import STORIES
from tests.journeys.test_journeys import JOURNEYS
from tests.journeys.traveller import Traveller
from tests.trained import best_models

BATCH = 64
NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)
SERVING = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from bot.app import build_app
from bot.messages import Incoming
from bot.settings import read_settings
app = build_app(read_settings({"HEJIE_DATA": sys.argv[1]}))
app.turns.take(Incoming("terminal", "a", "1", text="隔壁修房子把滴水檐伸到我家院心头"))
took = time.perf_counter() - began
app.close()
print(took, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def figures(folder: Path) -> Iterator[Figure]:
    models = best_models()
    texts = list(islice(cycle(STORIES), BATCH))
    yield from first_stage_figures(texts)
    yield from whole_figures(load(models), texts)
    yield from conversation_figures(folder, models)
    yield from process_figures(folder, models)


def first_stage_figures(texts: Sequence[str]) -> Iterator[Figure]:
    told = [s for block in read_blocks() for s in block.labelled()]
    began = time.perf_counter()
    stage, _ = FirstStage.train(told)
    yield Figure("train the first stage", time.perf_counter() - began, "s")
    pipeline = stock_pipeline()
    turn, other = cycle(texts), cycle(texts)
    stock = "scikit-learn's pipeline (characters 1-2, LinearSVC), type alone"
    yield Figure(
        "first stage, one message, every label",
        seconds_each(lambda: stage.read([next(turn)]), 200) * 1e6,
        "us",
        stock,
        seconds_each(lambda: pipeline.decision_function([next(other)]), 100) * 1e6,
    )
    yield Figure(
        f"first stage, batch of {BATCH}",
        BATCH / seconds_each(lambda: stage.read(texts), 20),
        "messages/s",
        stock,
        BATCH / seconds_each(lambda: pipeline.decision_function(texts), 20),
    )
    silent = [0.0] * 8
    for name, job in (
        ("readers", lambda: read_facts(next(turn), NOW)),
        ("safety rules", lambda: panel().flags(next(turn), silent)),
    ):
        yield Figure(f"{name}, one message", seconds_each(job, 200) * 1e6, "us")


def stock_pipeline():
    told = [s for block in read_blocks() for s in block.labelled() if s.dispute_type]
    texts, labels = [s.text for s in told], [s.dispute_type for s in told]
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), binary=True, min_df=2)
    return make_pipeline(features, LinearSVC(C=0.5)).fit(texts, labels)


def whole_figures(interpreter: Interpreter, texts: Sequence[str]) -> Iterator[Figure]:
    batch = [Heard(text, NOW, asked=True) for text in texts]
    turn = cycle(batch)
    yield Figure(
        "read one message, first stage, safety and readers",
        seconds_each(lambda: interpreter.read([next(turn)]), 200) * 1e6,
        "us",
    )
    yield Figure(
        f"the same, batch of {BATCH}",
        BATCH / seconds_each(lambda: interpreter.read(batch), 10),
        "messages/s",
    )


class Recording:
    """An interpreter that remembers what it was asked."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.heard: list[Heard] = []
        self.model = interpreter.model

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        self.heard += messages
        return self._interpreter.read(messages)


def conversation_figures(folder: Path, models: Path) -> Iterator[Figure]:
    """Every message of every journey, choices too, which cost nothing."""
    heard, messages = recorded(folder, models)
    interpreter = load(models)
    seconds, again = [], []
    for each in heard:
        began = time.perf_counter()
        interpreter.read([each])
        seconds.append(time.perf_counter() - began)
        if not each.at_once:
            again.append(seconds[-1])
    stories = [each for each in heard if each.at_once and not each.asked]
    yield Figure("messages of the recorded conversations", messages, "")
    yield Figure("stories among them", len(stories), "")
    twice = sum(not each.at_once and not each.asked for each in heard)
    yield Figure("share of stories read by the second stage", twice / len(stories), "of 1")
    yield Figure("answers read by it too", len(again) - twice, "")
    if again:
        yield Figure("second stage, p50", median(again) * 1e3, "ms")
    yield Figure("mean cost of a message", sum(seconds) / messages * 1e3, "ms")


def recorded(folder: Path, models: Path) -> tuple[list[Heard], int]:
    """Return what was to be read in all journeys, and how many messages came in."""
    heard: list[Heard] = []
    messages = 0
    for path in JOURNEYS:
        place = folder / path.stem
        place.mkdir()
        traveller = Traveller(yaml.safe_load(path.read_text("utf-8")), place, models)
        ears = Recording(traveller.app.interpreter)
        traveller.app.turns._interpreter = ears  # the one place where texts are read
        for step in yaml.safe_load(path.read_text("utf-8"))["steps"]:
            if "say" in step:
                traveller.do_say({"say": step["say"]}, "")
            elif "choose" in step:
                traveller.do_choose({"choose": step["choose"]}, "")
        messages += traveller.messages
        heard += ears.heard
        traveller.close()
    return heard, messages


def process_figures(folder: Path, models: Path) -> Iterator[Figure]:
    """A process of its own: from nothing to the first answer, and how much memory that takes."""
    data = folder / "serving"
    data.mkdir()
    (data / "models").symlink_to(models, target_is_directory=True)
    command = [sys.executable, "-c", SERVING, str(data)]
    subprocess.run(command, check=True, capture_output=True)  # the database is made
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, kilobytes = done.stdout.split()
    yield Figure("first answer after the start", float(seconds), "s")
    yield Figure("most memory up to it", float(kilobytes) / 1024, "MB")
    if (models / "embeddings.npz").is_file():
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            kept = Path(beside) / "embeddings.npz"
            kept.write_bytes((models / "embeddings.npz").read_bytes())
            yield Figure("train both stages, embeddings kept", train(Path(beside)).seconds, "s")
