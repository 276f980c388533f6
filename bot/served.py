"""What the web needs of the application; `bot.app.App` has this shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol, TypeVar

from bot.evidence.desk import EvidenceDesk
from bot.lanes import Lanes
from bot.render import Renderer
from bot.settings import Settings
from bot.upload_links import UploadLinks
from domain.catalogue import Catalogue
from nlu.interpreter import Interpreter
from storage.unit_of_work import SqlUnitOfWork

T = TypeVar("T")


class Door(Protocol):
    """The one door to the database: `storage.writer.Writer`."""

    def submit(self, job: Callable[[SqlUnitOfWork], T]) -> Future[T]:
        """Do the job in a transaction; the future resolves once it is committed."""
        ...

    def read(self, job: Callable[[SqlUnitOfWork], T]) -> T:
        """Do a job that only reads, at once."""
        ...


class Served(Protocol):
    """Everything that is made once and shared."""

    @property
    def settings(self) -> Settings:
        """What differs between installations."""
        ...

    @property
    def writer(self) -> Door:
        """The database."""
        ...

    @property
    def interpreter(self) -> Interpreter:
        """The understanding."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """The dispute types."""
        ...

    @property
    def renderer(self) -> Renderer:
        """The words for people."""
        ...

    @property
    def lanes(self) -> Lanes:
        """Takes messages."""
        ...

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tells the time."""
        ...

    @property
    def evidence(self) -> EvidenceDesk:
        """Takes files."""
        ...

    @property
    def links(self) -> UploadLinks | None:
        """Makes one-time links; None where no public address is set."""
        ...

    @property
    def ticked_at(self) -> Sequence[datetime | None]:
        """When the scheduler last ticked; None before it did."""
        ...
