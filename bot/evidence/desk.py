"""Takes evidence from any channel: whether it may be given, what is left of it, where it is put."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from bot.evidence.apart import inspect_apart
from bot.evidence.exhibit import LIMIT, NotTaken
from bot.messages import Attachment
from domain.conversation import Conversation
from storage.evidence import EvidenceFiles
from storage.unit_of_work import SqlUnitOfWork

AT_ONCE = 2  # files that are inspected at the same time, each up to 768 MB for a moment
WAITING = 16  # files in memory at the same time; more are asked for again

T = TypeVar("T")
Fetch = Callable[[], Awaitable[bytes]]
Unless = Callable[[Conversation], str | None]
log = logging.getLogger(__name__)


class Reader(Protocol):
    """Where rows are read: `storage.writer.Writer`."""

    def read(self, job: Callable[[SqlUnitOfWork], T]) -> T:
        """Do a job that only reads, at once."""
        ...


class NotFetched(Exception):
    """The file could not be had from the messenger; sent again it may come."""


class EvidenceDesk:
    """Where files come in. Nothing is fetched, let alone kept, of who has not agreed to the notice.

    Somebody under a safety hold may send too: the turn then tells the duty person.
    """

    def __init__(self, door: Reader, files: EvidenceFiles) -> None:
        self._door = door
        self.files = files
        self._inspecting = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def receive(
        self,
        origin: tuple[str, str, str],
        kind: str,
        fetch: Fetch,
        size: int | None = None,
        unless: Unless = lambda _: None,
    ) -> Attachment:
        """Return what became of a file: sealed and on the disk before its turn, or why not.

        `origin` is channel, sender and message id; `size` in bytes is what is said of the file
        before it is fetched; `unless` may name a further reason against it. The same message
        received again gives the same evidence id.
        """
        channel, sender, message_id = origin
        why = await asyncio.to_thread(
            self._door.read, lambda work: refusal(work, channel, sender, unless)
        )
        if why is None and (size or 0) > LIMIT:
            why = "too_large"
        if why is None and self._waiting >= WAITING:
            why = "lost"
        if why is not None:
            return Attachment(kind, refused=why)
        self._waiting += 1
        try:
            return await self._keep(channel, message_id, await fetch())
        except NotTaken as refused:
            return Attachment(kind, refused=refused.why)
        except (NotFetched, OSError) as fault:  # the network, or a disk that is full
            log.warning("a file on %s was not kept: %s", channel, type(fault).__name__)
            return Attachment(kind, refused="lost")
        finally:
            self._waiting -= 1

    async def _keep(self, channel: str, message_id: str, data: bytes) -> Attachment:
        async with self._inspecting:
            exhibit = await asyncio.to_thread(inspect_apart, data)
        id_ = await asyncio.to_thread(self.files.put, channel, message_id, exhibit.data)
        return Attachment(
            exhibit.kind, evidence_id=id_, media=exhibit.media, size=len(exhibit.data)
        )


def refusal(work: SqlUnitOfWork, channel: str, sender: str, unless: Unless) -> str | None:
    """Return why this person may give no evidence now, or None."""
    conversation = work.conversations.get(channel, sender)
    if conversation is None or conversation.consented_at is None:
        return "not_agreed"
    why = unless(conversation)
    if why is not None:
        return why
    has_room = work.evidence.has_room(conversation.id, conversation.case_number)
    return None if has_room else "too_many"


def purge(door: Reader, files: EvidenceFiles) -> int:
    """Delete the files that belong to nobody: their turn never came, or their rows were erased."""
    return files.purge(lambda ids: door.read(lambda work: work.evidence.known(ids)))
