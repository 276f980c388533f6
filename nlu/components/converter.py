"""Many messages into one graph run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.components.component import Component
from nlu.greeting import without_greeting
from nlu.reading import ASKED, AT_ONCE


class Converter(Component):
    """Turns what was heard into Rasa's messages. Rasa's own converter imports its web server."""

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
