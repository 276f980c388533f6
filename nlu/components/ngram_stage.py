"""The first stage as a Rasa component."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.components.component import Component
from nlu.first_stage import FirstStage
from nlu.reading import FIRST, READING


class NgramStage(Component):
    """Gives every message its first reading."""

    def __init__(self, stage: FirstStage | None = None) -> None:
        self._stage = stage

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
            return cls(FirstStage.load(folder / FIRST))

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `reading` on every message."""
        if self._stage is None:
            raise RuntimeError("NgramStage: process called before load")
        readings = self._stage.read([message.data[TEXT] for message in messages])
        for message, reading in zip(messages, readings, strict=True):
            message.data[READING] = reading
        return messages
