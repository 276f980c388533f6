"""What a message should have been read as: a correction, masked, for the next training."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.admin.access import Access, NotThere
from bot.admin.sign_in import Visit
from bot.served import Served
from domain.conversation import HeardMessage
from nlu.candidates import FILE, Candidate, ReviewFaults, add_candidate, read_candidates
from nlu.interpreter import FLAGS

NOT_TAUGHT = "“说纠纷”要选一个类型；“问法律”可以选；其他意思不选类型。"


class NotTaught(Exception):
    """A correction that cannot be kept; the message is a sentence for the page."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One message of a transcript, masked, that is to be corrected."""

    conversation_id: str
    message: HeardMessage


class Teaching:
    """Keeps corrections; reads and writes go through `Access`, so each leaves a trace."""

    def __init__(self, served: Served, access: Access) -> None:
        self._served = served
        self._access = access

    async def lesson(self, visit: Visit, conversation_id: str, message_id: str) -> Lesson:
        """Return a message to be corrected; refuses with NotThere."""
        found = await asyncio.to_thread(self._access.transcript, visit, conversation_id)
        for row in found.rows:
            if isinstance(row, HeardMessage) and row.message_id == message_id and row.text:
                return Lesson(conversation_id, row)
        raise NotThere

    async def keep(self, visit: Visit, lesson: Lesson, given: Mapping[str, str]) -> None:
        """Keep what a form says of a message; refuses with NotTaught."""
        told: dict[str, Any] = {"text": lesson.message.text}
        told |= {name: given[name] for name in ("intent", "dispute_type") if given.get(name)}
        told["flags"] = [flag for flag in FLAGS if given.get(f"flag_{flag}")]
        try:
            await asyncio.to_thread(add_candidate, self._served.settings.data, told)
        except ReviewFaults:
            raise NotTaught(NOT_TAUGHT) from None
        await asyncio.to_thread(self._access.note, visit.who, "taught", lesson.conversation_id)

    async def waiting(self) -> list[Candidate]:
        """Return the corrections that wait for the next training."""
        path = self._served.settings.data / FILE
        return await asyncio.to_thread(read_candidates, path) if path.is_file() else []
