"""The understanding, against scikit-learn's own pipeline trained on the same sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from domain.calendar import LOCAL
from nlu.corpus import read_blocks
from nlu.interpreter import Heard
from nlu.rasa_interpreter import load
from tests.benchmarks.figure import Figure, seconds_each
from tests.benchmarks.story import STORIES
from tests.trained import models_folder

BATCH = 64
NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)


def figures(folder: Path) -> Iterator[Figure]:
    interpreter = load(models_folder())
    pipeline = stock_pipeline()
    texts = list(islice(cycle(STORIES), BATCH))
    batch = [Heard(text, NOW, asked=True) for text in texts]
    stories = [Heard(text, NOW) for text in texts]
    turn = cycle(batch)
    yield Figure(
        "classify one message, first stage, safety and readers",
        seconds_each(lambda: interpreter.read([next(turn)]), 200) * 1e6,
        "us",
        "scikit-learn pipeline (characters 1-3, LogisticRegression), type alone",
        seconds_each(lambda: pipeline.predict_proba(texts[:1]), 100) * 1e6,
    )
    yield Figure(
        f"classify a batch of {BATCH}, a message",
        seconds_each(lambda: interpreter.read(batch), 10) / BATCH * 1e6,
        "us",
        "the same pipeline on the same batch, type alone",
        seconds_each(lambda: pipeline.predict_proba(texts), 10) / BATCH * 1e6,
    )
    asked = interpreter.read(stories)
    share = sum(each.second_stage for each in asked) / len(asked)
    yield Figure("share of these stories that the second stage reads", share, "of 1")
    yield Figure(
        "read a story, second stage where it is needed",
        seconds_each(lambda: interpreter.read(stories), 1, 3) / BATCH * 1e3,
        "ms",
    )


def stock_pipeline():
    told = [s for block in read_blocks() for s in block.labelled() if s.dispute_type]
    texts, labels = [s.text for s in told], [s.dispute_type for s in told]
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    return make_pipeline(features, LogisticRegression(max_iter=200)).fit(texts, labels)
