"""Opens the database for service: with its keys, in its newest form."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from storage.engine import DatabaseAway, open_engine
from storage.migrate import migrate
from storage.sealing import Keyring, KeysNotUsable
from storage.settings import SqlSettings

SETTING = "sealed_with"  # the ids of the keys that may have sealed anything, the oldest first

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0  # seconds between two tries; each is twice the one before
log = logging.getLogger(__name__)


def open_once_there(url: str, keyring: Keyring | None, patience: float) -> Engine:
    """Open the database once it answers; every try that it does not is told in one line.

    Raises DatabaseAway where it is still away after so many seconds, and DatabaseNotUsable at once
    where it answers but does not let us in.
    """
    ends, pause = time.monotonic() + patience, FIRST_PAUSE
    while True:
        try:
            return open_engine(url, keyring)
        except DatabaseAway as away:
            left = ends - time.monotonic()
            if not patience:
                raise
            if left <= 0:
                waited = f"It was waited for {patience:g} s (HEJIE_DATABASE_WAIT)."
                raise DatabaseAway(f"{away} {waited}", away.cause) from None
            pause = min(pause, left)
            log.warning(
                "the database is away (%s): next try in %.0f s, for at most %.0f s more",
                *(away.cause, pause, left),
            )
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def open_database(url: str, keys: Path, patience: float = 0) -> Engine:
    """Open the database with the keys of a file, which is made at the first start, and migrate.

    One that is away is waited for as long as `patience` says, in seconds. Raises DatabaseAway,
    DatabaseNotUsable or KeysNotUsable.
    """
    keyring = Keyring(path=keys)
    engine = open_once_there(url, keyring, patience)
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
