"""A database that goes away and comes back."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import Engine, text

from storage.engine import open_engine
from tests.conftest import address


class Outage:
    """On PostgreSQL nobody gets in and who is in is thrown out; on SQLite nobody can write."""

    def __init__(self, engine: Engine, request: pytest.FixtureRequest) -> None:
        self._engine = engine
        self._request = request
        self._lock: sqlite3.Connection | None = None

    def begin(self) -> None:
        if self._engine.dialect.name == "sqlite":
            file = str(self._engine.url.database)
            self._lock = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._lock.execute("BEGIN IMMEDIATE")
            return
        name = self._engine.url.database
        self._command(
            f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
        )
        self._request.getfixturevalue("postgresql").dispose()  # it was thrown out too

    def end(self) -> None:
        if self._lock is not None:
            self._lock.close()
        elif self._engine.dialect.name != "sqlite":
            self._command(f"ALTER DATABASE {self._engine.url.database} WITH ALLOW_CONNECTIONS true")

    def _command(self, *statements: str) -> None:
        here = address(self._engine)
        server = open_engine(here.replace(f"/{self._engine.url.database}", "/postgres"))
        alone = server.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        server.dispose()
