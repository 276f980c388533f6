"""Opens the database that HEJIE_DATABASE_URL names: SQLite or PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from storage.sealing import Keyring, KeysNotUsable

SQLITE, POSTGRESQL = "sqlite", "postgresql+psycopg"
DEFAULT_FOLDER = Path("var")
CONNECT_SECONDS = 5
BUSY_SECONDS = 15  # how long a writer of another process is waited for
TAKEN_SECONDS = 0.02  # until a lock is asked for again that SQLite does not wait for
READERS = 8
KEYRING = "hejie_keyring"
EXAMPLES = "sqlite:///var/hejie.db or postgresql+psycopg://user:password@localhost/hejie"


class DatabaseNotUsable(Exception):
    """The database cannot be used; the text names the setting and the fix."""


class DatabaseAway(DatabaseNotUsable):
    """Nothing answers there, or it lets nobody in yet; `cause` is what it or the system said."""

    def __init__(self, text: str, cause: str = "") -> None:
        super().__init__(text)
        self.cause = cause


def open_engine(url: str, keyring: Keyring | None = None) -> Engine:
    """Open the database and try it once, or raise DatabaseAway or DatabaseNotUsable.

    `keyring` seals and opens what people told; without one the columns that hold it are closed.

    In SQLite every transaction begins as a writing one (BEGIN IMMEDIATE), so that nothing read
    in it can have changed before it writes; `open_readers` gives connections for reading alone.
    A database in memory has one connection, which only one thread at a time may use.
    """
    wanted = _wanted(url)
    engine = _sqlite(wanted) if wanted.drivername == SQLITE else _postgresql(wanted)
    _give(engine, keyring)
    try:
        engine.connect().close()
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        cause = str(getattr(error, "orig", error)).strip().partition("\n")[0].rstrip(".")
        told = (
            f"HEJIE_DATABASE_URL: {wanted.render_as_string()} cannot be opened: {cause}. "
            "Check that the server runs, that the name and the password are right, "
            "and that the file and its folder may be written."
        )
        if _is_away(engine, error):
            raise DatabaseAway(told, cause) from error
        raise DatabaseNotUsable(told) from error
    return engine


def _is_away(engine: Engine, error: Exception) -> bool:
    """Whether a later try may succeed by itself; a wrong name or password stays wrong."""
    if engine.dialect.name == SQLITE:
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
        return code == sqlite3.SQLITE_BUSY
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 -- not where SQLite serves
    from psycopg.pq import PGconn, Ping  # noqa: PLC0415 -- as above

    _, wanted = engine.dialect.create_connect_args(engine.url)
    del wanted["context"]  # SQLAlchemy's own; all else is libpq's
    asked = make_conninfo(**{**wanted, "connect_timeout": CONNECT_SECONDS})
    return PGconn.ping(asked.encode()) in {Ping.REJECT, Ping.NO_RESPONSE}


def open_readers(engine: Engine) -> Engine:
    """Return an engine beside `engine` that cannot write and never waits for a writer."""
    if engine.dialect.name != SQLITE:
        return engine.execution_options(postgresql_readonly=True)
    if is_in_memory(engine):
        return engine
    readers = _sqlite(engine.url, reads_only=True)
    _give(readers, getattr(engine.dialect, KEYRING, None))
    return readers


def keyring_of(dialect: object) -> Keyring:
    """Return the keyring that `open_engine` got, or raise KeysNotUsable where it got none."""
    keyring: Keyring | None = getattr(dialect, KEYRING, None)
    if keyring is None:
        raise KeysNotUsable("HEJIE_KEYS: the database was opened without keys")
    return keyring


def _give(engine: Engine, keyring: Keyring | None) -> None:
    setattr(engine.dialect, KEYRING, keyring)  # all that a column's type is handed


def is_in_memory(engine: Engine) -> bool:
    """Whether everything is gone when the process ends."""
    return engine.dialect.name == SQLITE and engine.url.database in {None, "", ":memory:"}


def _wanted(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        url = URL.create("nothing")
    if url.drivername not in {SQLITE, POSTGRESQL}:
        raise DatabaseNotUsable(f"HEJIE_DATABASE_URL: is no address we know; write {EXAMPLES}")
    if url.drivername == SQLITE and url.database not in {None, "", ":memory:"}:
        _see_to_the_folder(Path(str(url.database)).absolute().parent)
    return url


def _see_to_the_folder(folder: Path) -> None:
    if folder == DEFAULT_FOLDER.absolute():
        folder.mkdir(exist_ok=True)
    if not folder.is_dir():
        raise DatabaseNotUsable(
            f"HEJIE_DATABASE_URL: the folder {folder} is not there; make it (mkdir -p {folder}) "
            "or name another"
        )


def _sqlite(url: URL, reads_only: bool = False) -> Engine:
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    if url.database in {None, "", ":memory:"}:
        engine = create_engine(
            url,
            connect_args=arguments,
            poolclass=StaticPool,
            json_serializer=to_json,
            hide_parameters=True,
        )
    else:
        engine = create_engine(
            url,
            connect_args=arguments,
            json_serializer=to_json,
            hide_parameters=True,
            pool_size=READERS,
            max_overflow=4 * READERS,
        )
    begin = "BEGIN" if reads_only else "BEGIN IMMEDIATE"

    def do_begin(connection: sqlite3.Connection) -> None:
        connection.execute(begin)

    def do_commit(connection: sqlite3.Connection) -> None:
        try:
            connection.commit()
        except sqlite3.Error:
            connection.rollback()  # else it would stay open, and locked, for whoever comes next
            raise

    # Not events of the engine: with one, every statement asks a dozen events for listeners.
    engine.dialect.do_begin = do_begin  # type: ignore[assignment,method-assign]
    engine.dialect.do_commit = do_commit  # type: ignore[assignment,method-assign]

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: do_begin does
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, too
        connection.execute("PRAGMA journal_size_limit = 67108864")
        if reads_only:
            connection.execute("PRAGMA query_only = ON")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; at a new file, of several processes one has it at a time.

    SQLite waits for nobody here: two who both hold a read lock would wait for each other.
    """
    ends_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_taken = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            if not is_taken or time.monotonic() > ends_at:
                raise
            time.sleep(TAKEN_SECONDS)
        else:
            return


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "hejie"},
        json_serializer=to_json,
        hide_parameters=True,
        pool_size=2 * READERS,
        max_overflow=4 * READERS,
    )


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: object) -> str:
    """Return JSON that any database takes: half characters (lone surrogates) become `?`."""
    return _encode(value).encode("utf-8", "replace").decode()
