"""Both stages learn in one Rasa component: the second goes on from what the first has made."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.first_stage import FirstStage
from nlu.labelled import Labelled
from nlu.reading import EMBEDDING, FIRST, SECOND
from nlu.second_stage import SecondStage


class Training(GraphComponent):
    """Keeps the stages in a folder each; the second only if the sentences carry embeddings."""

    def __init__(self, storage: ModelStorage, resource: Resource) -> None:
        self._storage, self._resource = storage, resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Training:
        """Make one that knows where to keep what is learned."""
        return cls(model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the corpus and keep what was learned."""
        embeddings = [message.get(EMBEDDING) for message in training_data.intent_examples]
        with self._storage.write_to(self._resource) as folder:
            first, lesson = FirstStage.train(_labelled(training_data))
            (folder / FIRST).mkdir()
            first.save(folder / FIRST)
            if all(row is not None for row in embeddings):
                (folder / SECOND).mkdir()
                SecondStage.train(lesson, np.stack(embeddings)).save(folder / SECOND)
        return self._resource


def _labelled(training_data: TrainingData) -> list[Labelled]:
    """Return the sentences of the corpus with the metadata of their blocks."""
    return [
        Labelled.of(
            message.get(TEXT), message.get(INTENT), (message.get(METADATA) or {}).get(INTENT) or {}
        )
        for message in training_data.intent_examples
    ]
