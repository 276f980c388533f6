"""Opens the database for service: with its keys, in its newest form."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from storage.engine import open_engine
from storage.migrate import migrate
from storage.sealing import Keyring, KeysNotUsable
from storage.settings import SqlSettings

SETTING = "sealed_with"  # the ids of the keys that may have sealed anything, the oldest first


def open_database(url: str, keys: Path) -> Engine:
    """Open the database with the keys of a file, which is made at the first start, and migrate.

    Raises DatabaseNotUsable or KeysNotUsable.
    """
    keyring = Keyring(path=keys)
    engine = open_engine(url, keyring)
    try:
        _ready_keys(engine, keyring)
        migrate(engine)
        note_keys(engine, keyring)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _ready_keys(engine: Engine, keyring: Keyring) -> None:
    """Make keys at the first start; refuse with KeysNotUsable where those in use are not here."""
    with engine.connect() as connection:
        used = _used(connection)
    missing = [id_ for id_ in used if id_ not in keyring.ids]
    if missing:
        raise KeysNotUsable(
            f"HEJIE_KEYS: the database is sealed with key {', '.join(missing)}, which is not in "
            f"{keyring.path}; put that file back from its safe copy (nothing else can open it)"
        )
    if not keyring.ids:
        keyring.make()


def note_keys(engine: Engine, keyring: Keyring) -> None:
    """Write down in the database which keys it may be sealed with."""
    with engine.connect() as connection:
        if list(keyring.ids) != _used(connection):
            SqlSettings(connection).put(SETTING, " ".join(keyring.ids))
            connection.commit()


def _used(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("setting"):
        return []  # an empty database
    return (SqlSettings(connection).get(SETTING) or "").split()
