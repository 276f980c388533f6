"""Many messages into one graph run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.greeting import without_greeting
from nlu.reading import ASKED, AT_ONCE


class Converter(GraphComponent):
    """Turns what was heard into Rasa's messages. Rasa's own converter imports its web server."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Converter:
        """Make one; there is nothing to keep."""
        return cls()

    def convert(self, messages: Sequence[Any]) -> list[Message]:
        """Return a message for each thing heard; Rasa's own callers know of no open fact."""
        return [
            Message(
                data={
                    TEXT: without_greeting(each.text or ""),
                    ASKED: getattr(each, "asked", False),
                    AT_ONCE: getattr(each, "at_once", False),
                }
            )
            for each in messages
        ]
