"""Brings a database to the newest form, without a command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from storage.engine import DatabaseNotUsable

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
SEALED = "0004"  # the form since which what people told is sealed
LOCK = 7_420_126  # the number of our advisory lock in PostgreSQL


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing; at the newest form this takes a few milliseconds.

    Of two processes that start at once the second waits for the first and finds nothing to do.
    Refuses with DatabaseNotUsable a database that a newer Hejie has written.
    """
    wanted = newest()
    with engine.connect() as connection:
        found = current(connection)
    if found == wanted:
        return
    if found is not None and found > wanted:
        raise DatabaseNotUsable(
            f"HEJIE_DATABASE_URL: this database has form {found}, newer than this Hejie "
            f"({wanted}); start the newer Hejie, or name another database"
        )
    _upgrade(engine)
    if found is not None and found < SEALED:
        _scrub(engine)


def newest() -> str:
    """Return the number of the last migration, from the names of the files."""
    return max(file.stem.split("_")[0] for file in FOLDER.glob("versions/[0-9]*.py"))


def current(connection: Connection) -> str | None:
    """Return the number of the migration that a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def configuration() -> Config:
    """Return what Alembic needs to know; its command line is not used."""
    from alembic.config import Config  # noqa: PLC0415 -- 0.2 s that a start usually does not need

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _upgrade(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 -- as above

    config = configuration()
    with engine.begin() as connection:  # on SQLite this is the lock
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _scrub(engine: Engine) -> None:
    """Write the database anew, so that nothing of what was plain stays in its unused parts."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM FULL"))
            return
        for say in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.connection.cursor().execute(say)  # the driver's own: not in a transaction
