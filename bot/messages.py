"""What crosses every channel: a message in, replies out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 4000  # characters; what is longer is cut, and the person is told


@dataclass(frozen=True, slots=True)
class Incoming:
    """A native update in our words. Exactly one of text, choice and attachment is given.

    `sender` and `message_id` are the channel's own ids; together with `channel` they are what
    duplicates are known by.
    """

    channel: str
    sender: str
    message_id: str
    text: str | None = None
    choice: str | None = None
    attachment: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to a person, with the choices under it."""

    to: str
    text: str
    choices: tuple[Mapping[str, str], ...] = ()
    asks: Mapping[str, str] | None = None
    case: int | None = None
    id: int = 0
    template: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON line of `chat --json`."""
        return {
            "to": self.to,
            "text": self.text,
            "choices": [dict(choice) for choice in self.choices],
            "asks": dict(self.asks) if self.asks else None,
            "case": self.case,
        }
