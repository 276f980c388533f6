"""The door to the database, as everything that talks or ticks sees it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from domain.ports import UnitOfWork

T = TypeVar("T")


class Keeper(Protocol):
    """Where units of work come from: `storage.writer.Writer`."""

    def submit(self, job: Callable[[UnitOfWork], T]) -> Future[T]:
        """Do the job in a transaction; the future resolves once it is committed."""
        ...

    def read(self, job: Callable[[UnitOfWork], T]) -> T:
        """Do a job that only reads, at once."""
        ...
