"""The first stage as a Rasa component."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.first_stage import FirstStage
from nlu.labelled import Labelled
from nlu.reading import READING


def labelled(training_data: TrainingData) -> list[Labelled]:
    """Return the sentences of the corpus with the metadata of their blocks."""
    return [
        Labelled.of(
            message.get(TEXT), message.get(INTENT), (message.get(METADATA) or {}).get(INTENT) or {}
        )
        for message in training_data.intent_examples
    ]


class NgramStage(GraphComponent):
    """Gives every message its first reading."""

    def __init__(self, storage: ModelStorage, resource: Resource, stage: FirstStage | None) -> None:
        self._storage, self._resource, self._stage = storage, resource, stage

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> NgramStage:
        """Make an untrained one."""
        return cls(model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramStage:
        """Make the trained one."""
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, FirstStage.load(folder))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the corpus and keep what was learned."""
        with self._storage.write_to(self._resource) as folder:
            FirstStage.train(labelled(training_data)).save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `reading` on every message, and Rasa's own `intent` for Rasa's own callers."""
        if self._stage is None:
            raise RuntimeError("NgramStage: process called before load")
        readings = self._stage.read([message.data[TEXT] for message in messages])
        for message, reading in zip(messages, readings, strict=True):
            message.data[READING] = reading
        return messages
