"""What may not be stored yet: messages and places, before the person agrees to the notice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from bot.dialogue.events import Told
from domain.conversation import HeardMessage

WAITING_LIMIT = 2000
WAITING_SPAN = timedelta(minutes=30)
MESSAGES_WAITING = 8  # of one conversation; villagers send three short ones for one story


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message held in memory: what was understood of it, and its row in the inbox."""

    told: Told
    message: HeardMessage
    at: datetime


class WaitingRoom:
    """What may not be stored yet. In memory alone, bounded in number and in time."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[Waiting, ...]] = OrderedDict()
        self._places: OrderedDict[str, tuple[Mapping[str, str | None], datetime]] = OrderedDict()
        self._lock = Lock()

    def hold(self, conversation_id: str, waiting: Waiting) -> None:
        """Keep a message of a conversation beside those that wait already."""
        with self._lock:
            earlier = self._waiting.pop(conversation_id, ())
            self._waiting[conversation_id] = (*earlier, waiting)[-MESSAGES_WAITING:]
            if len(self._waiting) > WAITING_LIMIT:
                self._waiting.popitem(last=False)

    def look(self, conversation_id: str, now: datetime) -> tuple[Waiting, ...]:
        """Return the held messages, without those older than half an hour."""
        with self._lock:
            waiting = self._waiting.get(conversation_id, ())
        return tuple(each for each in waiting if now - each.at <= WAITING_SPAN)

    def hold_place(
        self, conversation_id: str, place: Mapping[str, str | None], now: datetime
    ) -> None:
        """Keep the place that was shared last."""
        with self._lock:
            self._places[conversation_id] = place, now
            self._places.move_to_end(conversation_id)
            if len(self._places) > WAITING_LIMIT:
                self._places.popitem(last=False)

    def place(self, conversation_id: str, now: datetime) -> Mapping[str, str | None] | None:
        """Return the held place, if it is not older than half an hour."""
        with self._lock:
            place, at = self._places.get(conversation_id, (None, now))
        return place if now - at <= WAITING_SPAN else None

    def drop(self, conversation_id: str) -> None:
        """Forget what is held of a conversation."""
        with self._lock:
            self._waiting.pop(conversation_id, None)
            self._places.pop(conversation_id, None)
