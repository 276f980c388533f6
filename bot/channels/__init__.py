"""Channels translate between a messenger and `Incoming` / `Reply`; they decide nothing.

A channel is one file here with a function `channel` (see `bot/channels/opening.py`), and one line
in CHANNELS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.conversation import OutboxState


@dataclass(frozen=True, slots=True)
class Way:
    """How the words of a channel leave.

    `is_pulled`: the person's side fetches them itself, so they count as sent once they are kept.
    `is_abroad`: what is said there leaves the country, so no ID numbers, papers or data of children
    are taken; a one-time link to our own page is given instead.
    `answers_within`: the request that brings a message can be answered at once; the words of its
    turn wait so long for that before they are sent otherwise.
    """

    is_pulled: bool = False
    is_served: bool = True
    is_abroad: bool = False
    answers_within: timedelta | None = None

    @property
    def kept_state(self) -> OutboxState:
        """The state of a word as soon as it is kept."""
        return OutboxState.SENT if self.is_pulled else OutboxState.QUEUED

    def waits_until(self, at: datetime) -> datetime | None:
        """Return when a reply of a turn may be sent at the earliest; None for at once."""
        return at + self.answers_within if self.answers_within else None


CHANNELS: Mapping[str, Way] = {
    "terminal": Way(is_pulled=True, is_served=False),  # `chat` opens it
    "webchat": Way(is_pulled=True),
    "telegram": Way(is_abroad=True),
    "wechat": Way(answers_within=timedelta(seconds=5)),
}
