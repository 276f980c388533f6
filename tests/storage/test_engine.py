from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from storage.engine import DatabaseNotUsable, open_engine, open_readers
from tests.conftest import KEYRING


@pytest.mark.parametrize(
    "url", ["", "hejie.db", "mysql://localhost/hejie", "postgresql+asyncpg://localhost/hejie"]
)
def test_an_address_we_do_not_know_is_refused_with_the_setting_and_examples(url: str) -> None:
    with pytest.raises(DatabaseNotUsable, match=r"HEJIE_DATABASE_URL.*sqlite:///.*postgresql"):
        open_engine(url)


def test_a_missing_folder_is_refused_with_its_name_and_the_fix(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotUsable, match=f"HEJIE_DATABASE_URL.*mkdir -p {tmp_path}/gone"):
        open_engine(f"sqlite:///{tmp_path}/gone/hejie.db")


def test_the_folder_var_is_made_when_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    open_engine("sqlite:///var/hejie.db").dispose()

    assert (tmp_path / "var" / "hejie.db").is_file()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear mediator, " * 500, encoding="utf-8")

    with pytest.raises(DatabaseNotUsable, match=r"HEJIE_DATABASE_URL.*not a database"):
        open_engine(f"sqlite:///{path}")


def test_a_server_that_is_not_there_is_refused_without_telling_the_password(
    tmp_path: Path,
) -> None:
    url = f"postgresql+psycopg://hejie:secret@/hejie?host={tmp_path}"

    with pytest.raises(DatabaseNotUsable, match=r"HEJIE_DATABASE_URL.*server runs") as refused:
        open_engine(url)

    assert "secret" not in str(refused.value)


def test_sqlite_loses_no_commit_when_the_power_goes(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/hejie.db")
    with engine.connect() as connection:
        told = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()

    assert told == ["wal", 2, 1]


def test_who_reads_cannot_write(engine: Engine) -> None:
    readers = open_readers(engine)
    with readers.connect() as connection, pytest.raises(Exception, match=r"(?i)read-?only"):
        connection.execute(text("INSERT INTO setting (name, value) VALUES ('a', 'b')"))
    readers.dispose()


def test_who_reads_does_not_wait_for_a_writer(engine: Engine) -> None:
    readers = open_readers(engine)
    count = text("SELECT count(*) FROM setting")
    with engine.connect() as writing, readers.connect() as reading:
        writing.execute(text("INSERT INTO setting (name, value) VALUES ('a', 'b')"))

        seen_before = reading.execute(count).scalar()
        reading.rollback()
        writing.commit()
        seen_after = reading.execute(count).scalar()
    readers.dispose()

    assert (seen_before, seen_after) == (0, 1)


def test_a_reader_sees_one_moment_even_while_others_write(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/hejie.db")
    readers = open_readers(engine)
    count = text("SELECT count(*) FROM letter")
    with engine.begin() as writing:
        writing.execute(text("CREATE TABLE letter (id INTEGER)"))
    with readers.connect() as reading:
        first = reading.execute(count).scalar()
        with engine.begin() as writing:
            writing.execute(text("INSERT INTO letter VALUES (1)"))
        second = reading.execute(count).scalar()
    readers.dispose()
    engine.dispose()

    assert (first, second) == (0, 0)


def test_a_database_in_memory_works_for_one_thread() -> None:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE letter (id INTEGER)"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM letter")).scalar() == 0
    engine.dispose()


def test_many_who_open_a_new_file_at_once_all_get_in(tmp_path: Path) -> None:
    everybody = 6
    together = Barrier(everybody)

    def open_it(path: Path) -> None:
        together.wait()
        open_engine(f"sqlite:///{path}", KEYRING).dispose()

    with ThreadPoolExecutor(everybody) as threads:
        for place in range(30):
            list(threads.map(open_it, [tmp_path / f"{place}.db"] * everybody))
