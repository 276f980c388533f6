import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from storage.engine import DatabaseNotUsable, open_engine, to_json
from storage.migrate import configuration, current, migrate, newest
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import KEYRING, address
from tests.storage.raw import traces

NAME, PHONE, SENTENCE = "杨阿迪", "13877001234", "他把我家的田埂挖掉了三尺"
ROWS_OF_BEFORE: dict[str, dict[str, object]] = {
    "mediation_case": {
        "number": 1,
        "dispute_type": "neighbour",
        "parties": to_json(
            [
                {"role": "applicant", "name": NAME, "phone": PHONE, "conversation_id": "c1"},
                {"role": "respondent", "name": "邻居", "phone": "", "conversation_id": None},
            ]
        ),
        "summary": SENTENCE,
        "opened_at": 0,
        "county": "西畴县",
        "township": "兴街镇",
        "facts": to_json(
            {"place": {"kind": "text", "value": "田", "words": SENTENCE, "approx": False}}
        ),
        "flags": "",
        "stage": "applied",
        "version": 0,
    },
    "conversation": {
        "id": "c1",
        "channel": "webchat",
        "sender": "somebody",
        "state": to_json({"format": 1, "stage": "asking", "story": SENTENCE}),
        "updated_at": 0,
        "version": 0,
        "is_held": False,
        "with_person": False,
    },
    "inbox": {
        "channel": "webchat",
        "message_id": "m1",
        "conversation_id": "c1",
        "at": 0,
        "text": SENTENCE,
        "flags": "",
        "after_word": 0,
    },
    "outbox": {
        "conversation_id": "c1",
        "template": "ask",
        "text": SENTENCE,
        "at": 0,
        "choices": "[]",
        "unasked": False,
        "state": "sent",
        "resent": False,
    },
    "case_note": {"case_number": 1, "at": 0, "actor": "c1", "what": "told", "reason": SENTENCE},
    "agreement": {
        "case_number": 1,
        "effective_on": "2026-11-23",
        "terms": SENTENCE,
        "instalments": "[]",
    },
}
START = (
    "import sys; from storage.engine import open_engine; from storage.migrate import migrate; "
    "engine = open_engine(sys.argv[1]); migrate(engine); engine.dispose()"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
        return
    server = request.getfixturevalue("postgresql").execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE fresh"))
    yield address(server).replace("/hejie?", "/fresh?")
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE fresh WITH (FORCE)"))


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = open_engine(empty_url, KEYRING)
    yield engine
    engine.dispose()


def step(engine: Engine, to: str) -> None:
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        act = command.downgrade if to == "base" else command.upgrade
        act(config, to)


def found(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return current(connection)


def test_tables_and_migrations_say_the_same(empty: Engine) -> None:
    migrate(empty)

    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        indexes = {
            (table, index["name"])
            for table in metadata.tables
            for index in inspect(connection).get_indexes(table)
            if not index.get("duplicates_constraint")
        }
    assert indexes == {
        (table.name, index.name) for table in metadata.tables.values() for index in table.indexes
    }


def test_partial_indexes_are_partial_in_the_database_too(empty: Engine) -> None:
    migrate(empty)
    if empty.dialect.name == "postgresql":
        look = "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '% WHERE %'"
    else:
        look = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    with empty.connect() as connection:
        names = set(connection.execute(text(look)).scalars())

    option = f"{empty.dialect.name}_where"
    wanted = {
        index.name
        for table in metadata.tables.values()
        for index in table.indexes
        if index.kwargs.get(option) is not None
    }
    assert len(wanted) >= 4
    assert {name for name in names if not name.startswith("pg_")} == wanted


def test_an_empty_database_is_brought_to_the_newest_form_and_stays_there(empty: Engine) -> None:
    assert found(empty) is None
    migrate(empty)
    migrate(empty)

    assert found(empty) == newest()


def test_a_database_of_the_first_form_keeps_what_it_holds(empty: Engine) -> None:
    step(empty, "0003")
    with empty.begin() as connection:
        for table, row in ROWS_OF_BEFORE.items():
            values = ", ".join(f":{name}" for name in row)
            connection.execute(
                text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"),  # noqa: S608
                row,
            )

    migrate(empty)

    assert found(empty) == newest()
    with SqlUnitOfWork(empty) as work:
        case = work.cases.get(1)
        said, answered = work.pages.transcript("c1")
        kept = work.conversations.by_id("c1")
        notes = work.pages.notes_of_case(1)
        assert work.cases.of_phone("138 7700 1234") == [1]
    assert (case.summary, case.applicant.name) == (SENTENCE, NAME)
    assert case.facts["place"].words == SENTENCE
    assert kept is not None
    assert kept.state == {"format": 1, "stage": "asking", "story": SENTENCE}
    assert [said.text, answered.text, notes[0].reason] == [SENTENCE] * 3
    assert not traces(empty, NAME, PHONE, SENTENCE)


def test_every_migration_can_be_taken_back(empty: Engine) -> None:
    migrate(empty)
    step(empty, "base")

    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE booking (id INTEGER)"))  # in the migration's way

    with pytest.raises(Exception, match="already exists"):
        migrate(empty)

    assert set(inspect(empty).get_table_names()) == {"booking"}


def test_a_database_of_a_newer_hejie_is_refused(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseNotUsable, match="form 9999, newer than this Hejie"):
        migrate(empty)


def test_processes_that_start_at_once_both_find_the_newest_form(empty_url: str) -> None:
    def start(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", START, empty_url], capture_output=True, text=True, check=False
        )

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(start, range(2)))

    assert [(each.returncode, each.stderr) for each in ended] == [(0, "")] * 2
    engine = open_engine(empty_url, KEYRING)
    assert found(engine) == newest()
    engine.dispose()


def test_a_start_without_migrations_does_not_load_alembic(empty_sqlite: Path) -> None:
    code = f"{START}; print('alembic' in sys.modules)"

    told = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{empty_sqlite}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == "False"
