"""Takes jobs and commits them: many at once on SQLite, side by side on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from storage.engine import SQLITE, is_in_memory, open_readers
from storage.roster import RosterMemory
from storage.unit_of_work import SqlUnitOfWork

GROUP = 64  # jobs in one commit
WORKERS = 8
WORTH_A_RETRY = frozenset({"40001", "40P01"})  # serialization failure, deadlock

T = TypeVar("T")
Job = Callable[[SqlUnitOfWork], T]


class WriterClosed(RuntimeError):
    """A job was handed in after `close`."""


class CommitUnknown(RuntimeError):
    """The connection was lost while a commit was under way: it may have been kept or not."""


AWAY = (OperationalError, InterfaceError, NoFreeConnection, CommitUnknown, WriterClosed)


def is_away(error: Exception) -> bool:
    """Whether the database failed (away, full, locked), and not what it was asked to do."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, (*AWAY, sqlite3.OperationalError))


class Writer:
    """The one door to the database.

    A job gets a unit of work, and its future resolves when what it did is committed. A job that
    raises leaves nothing behind, and its exception is its future's alone. On PostgreSQL a job
    may run twice (after a deadlock or a lost connection), so it must not change anything outside.
    A job must not wait for another one.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._readers = open_readers(engine)
        self._memory = RosterMemory()
        self._lane = (
            GroupLane(engine, self._memory)
            if engine.dialect.name == SQLITE
            else PoolLane(engine, self._memory)
        )

    def submit(self, job: Job[T]) -> Future[T]:
        """Do the job in a transaction; the future resolves once it is committed."""
        return self._lane.submit(job)

    def read(self, job: Job[T]) -> T:
        """Do a job that only reads, at once, beside whatever is being written."""
        if is_in_memory(self._engine):
            return self.submit(job).result()
        try:
            return self._read(job)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self._read(job)  # the server was away; its connections are made anew

    def _read(self, job: Job[T]) -> T:
        with self._readers.connect() as connection:
            return job(SqlUnitOfWork.joining(connection, self._memory))

    def close(self) -> None:
        """Finish what is queued and let go of the database."""
        self._lane.close()
        self._readers.dispose()
        self._engine.dispose()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job with the future that somebody waits for."""

    job: Job[Any]
    future: Future[Any]


class GroupLane:
    """One thread that puts the jobs waiting at that moment into one commit (SQLite)."""

    def __init__(self, engine: Engine, memory: RosterMemory) -> None:
        self._engine = engine
        self._memory = memory
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._lock = Lock()
        self._is_closed = False
        self._thread = Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Queue the job."""
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise WriterClosed
            self._queue.put(Waiting(job, future))
        return future

    def close(self) -> None:
        """Do what is queued, then stop."""
        with self._lock:
            if not self._is_closed:
                self._queue.put(None)
            self._is_closed = True
        self._thread.join()

    def _work(self) -> None:
        is_last = False
        while not is_last:
            group, is_last = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[Waiting], bool]:
        group: list[Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            if waiting.future.set_running_or_notify_cancel():
                group.append(waiting)
            if len(group) == GROUP:
                return group, False
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: list[Waiting]) -> None:
        """Do every job of the group and commit; nobody hears anything before that."""
        try:
            with self._engine.connect() as connection:
                work = SqlUnitOfWork.joining(connection, self._memory)
                connection.begin()
                outcomes = [_do(connection, work, waiting.job) for waiting in group]
                connection.commit()
        except BaseException as error:  # the thread must live on, and those who wait must hear
            for waiting in group:
                waiting.future.set_exception(error)
            return
        for waiting, (result, refused) in zip(group, outcomes, strict=True):
            if refused is None:
                waiting.future.set_result(result)
            else:
                waiting.future.set_exception(refused)


def _do(
    connection: Connection, work: SqlUnitOfWork, job: Job[T]
) -> tuple[T | None, BaseException | None]:
    say = connection.connection.cursor().execute  # the driver's own: a tenth of the cost
    say("SAVEPOINT job")
    try:
        result = job(work)
    except BaseException as error:  # it is its future's, like everything a job raises
        say("ROLLBACK TO job")
        say("RELEASE job")
        return None, error
    say("RELEASE job")
    return result, None


class PoolLane:
    """Some threads, a transaction of its own for each job (PostgreSQL)."""

    def __init__(self, engine: Engine, memory: RosterMemory) -> None:
        self._engine = engine
        self._memory = memory
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="writer")
        self._is_closed = False

    def submit(self, job: Job[T]) -> Future[T]:
        """Hand the job to the next free thread."""
        if self._is_closed:
            raise WriterClosed
        return self._pool.submit(self._do, job)

    def close(self) -> None:
        """Do what is queued, then stop."""
        self._is_closed = True
        self._pool.shutdown()

    def _do(self, job: Job[T]) -> T:
        try:
            return self._once(job)
        except DBAPIError as error:
            if not _may_be_done_again(error):
                raise
        return self._once(job)

    def _once(self, job: Job[T]) -> T:
        with self._engine.connect() as connection:
            result = job(SqlUnitOfWork.joining(connection, self._memory))
            try:
                connection.commit()
            except DBAPIError as error:
                # Nobody knows whether a commit that lost its connection was kept.
                raise (CommitUnknown(error) if error.connection_invalidated else error) from error
            return result


def _may_be_done_again(error: DBAPIError) -> bool:
    sqlstate = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or sqlstate in WORTH_A_RETRY
