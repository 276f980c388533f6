"""A whole turn, message in to outbox committed, against the bare four-statement transaction."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from bot.app import App, build_app
from bot.messages import Incoming
from bot.settings import read_settings
from tests.benchmarks.databases import databases
from tests.benchmarks.figure import Figure
from tests.benchmarks.story import Citizen
from tests.trained import models_folder

CITIZENS = 64
TURNS = 1500
BARE = 1000
STATE = json.dumps({"stage": "asking", "story": "老板欠我们七个人的工钱" * 12}, ensure_ascii=False)


def figures(folder: Path) -> Iterator[Figure]:
    for name, url in databases(folder):
        data = folder / f"var-{name}"
        data.mkdir()
        (data / "models").symlink_to(models_folder(), target_is_directory=True)
        app = build_app(read_settings({"HEJIE_DATA": str(data), "HEJIE_DATABASE_URL": url}))
        rate = turns_a_second(app)
        app.close()
        bare = bare_sqlite(folder / "bare.db") if name == "SQLite" else bare_postgresql(url)
        yield Figure(
            f"whole turns, {CITIZENS} citizens, {name}",
            rate,
            "turns/s",
            "the bare four-statement transaction, one commit each",
            bare,
        )


def turns_a_second(app: App) -> float:
    """Whole conversations of many citizens, prepared in batches and committed in groups."""
    citizens = [Citizen(f"c{number}") for number in range(CITIZENS)]
    offered: dict[str, list[str]] = {}
    done = 0
    began = time.perf_counter()
    while done < TURNS:
        messages = [_next(citizen, offered) for citizen in citizens]
        prepared = app.turns.prepare(messages)
        waiting = [
            app.writer.submit(lambda work, p=each: app.turns.commit(work, p)) for each in prepared
        ]
        for message, future in zip(messages, waiting, strict=True):
            try:
                taken = future.result()
            except Exception:  # a refusal (slot taken) is taken once more, as in service
                taken = app.turns.take(message)
            offered[message.sender] = [c["id"] for reply in taken.replies for c in reply.choices]
            app.turns.settle(taken)
        done += len(messages)
    return done / (time.perf_counter() - began)


def _next(citizen: Citizen, offered: dict[str, list[str]]) -> Incoming:
    said = citizen.say(offered.get(citizen.sender, []))
    return Incoming("webchat", citizen.sender, citizen.message_id(), **said)


def bare_sqlite(path: Path) -> float:
    """Select, two inserts and an update, committed one by one by the bare driver."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE state (id TEXT PRIMARY KEY, data TEXT, version INT);"
        "CREATE TABLE message (id INTEGER PRIMARY KEY, state TEXT, words TEXT)"
    )
    ids = [f"c{number}" for number in range(CITIZENS)]
    connection.executemany("INSERT INTO state VALUES (?, ?, 0)", [(id_, STATE) for id_ in ids])
    began = time.perf_counter()
    for number in range(BARE):
        id_ = ids[number % CITIZENS]
        connection.execute("BEGIN IMMEDIATE")
        sql = "SELECT data, version FROM state WHERE id = ?"
        _, version = connection.execute(sql, (id_,)).fetchone()
        for words in ("三万五", "什么时候的事？"):
            connection.execute("INSERT INTO message (state, words) VALUES (?, ?)", (id_, words))
        connection.execute(
            "UPDATE state SET data = ?, version = version + 1 WHERE id = ? AND version = ?",
            (STATE, id_, version),
        )
        connection.execute("COMMIT")
    rate = BARE / (time.perf_counter() - began)
    connection.close()
    return rate


def bare_postgresql(url: str) -> float:
    """The same with psycopg in eight threads."""
    address = url.replace("+psycopg", "", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare_state (id TEXT PRIMARY KEY, data TEXT, version INT)")
        connection.execute("CREATE TABLE bare_message (id SERIAL, state TEXT, words TEXT)")
        for number in range(CITIZENS):
            connection.execute("INSERT INTO bare_state VALUES (%s, %s, 0)", (f"c{number}", STATE))
    share = BARE // 8

    def work(place: int) -> None:
        with psycopg.connect(address) as connection:
            for number in range(share):
                _bare_turn(connection, f"c{place * 8 + number % 8}")

    return BARE / _seconds_together(work, 8)


def _bare_turn(connection: psycopg.Connection, id_: str) -> None:
    sql = "SELECT data, version FROM bare_state WHERE id = %s"
    found = connection.execute(sql, (id_,)).fetchone()
    assert found is not None
    for words in ("三万五", "什么时候的事？"):
        connection.execute("INSERT INTO bare_message (state, words) VALUES (%s, %s)", (id_, words))
    connection.execute(
        "UPDATE bare_state SET data = %s, version = version + 1 WHERE id = %s AND version = %s",
        (STATE, id_, found[1]),
    )
    connection.commit()


def _seconds_together(work: Callable[[int], None], count: int) -> float:
    threads = [threading.Thread(target=work, args=(place,)) for place in range(count)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
