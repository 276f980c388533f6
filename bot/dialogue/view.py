"""What a step may look at beside state and event: the catalogue and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.dialogue.effects import Effect
from bot.dialogue.state import Dialogue
from domain.catalogue import Catalogue, DisputeSheet

Turn = tuple[Dialogue, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class View:
    """The world as one step sees it.

    `upload` is a one-time link to our own page for what may not come by this channel; empty where
    everything may, or where there is no such page.
    """

    catalogue: Catalogue
    now: datetime
    has_new_notice: bool = False  # the person agreed to another one than is in force
    upload: str = ""

    def sheet_of(self, state: Dialogue) -> DisputeSheet | None:
        """Return the sheet of the matter in hand, if its type is known."""
        return self.catalogue.sheet(state.dispute_type) if state.dispute_type else None

    def sheet_in_hand(self, state: Dialogue) -> DisputeSheet:
        """Return the sheet of a matter whose type was taken; KeyError where none was."""
        return self.catalogue.sheet(state.dispute_type or "")
