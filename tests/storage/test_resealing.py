from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, type_coerce, update
from sqlalchemy.types import LargeBinary

from storage import resealing
from storage.engine import open_engine
from storage.opening import open_database
from storage.resealing import in_use, reseal
from storage.sealing import Keyring, KeysNotUsable, add_key, keep_only, make_keys
from storage.tables import inbox
from storage.unit_of_work import SqlUnitOfWork
from tests.storage.samples import OpenWork, a_case, a_conversation, a_message, a_word, keep

PHONE = "0876-0000000"  # the applicant's of `a_case`
MESSAGES = 25


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    make_keys(path)
    return path


@pytest.fixture
def engine(database_url: str, path: Path) -> Iterator[Engine]:
    """A database that the keys of `path` seal."""
    engine = open_engine(database_url, Keyring(path=path))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH", 10)


def fill(work: OpenWork) -> None:
    keep(work, a_conversation(), a_case(), a_case(2))
    with work() as kept:
        for number in range(MESSAGES):
            kept.inbox.add(a_message(f"m{number}", text=f"words {number}", choice=None))
            kept.outbox.add([a_word(f"answer {number}")])
        kept.commit()


def rotated(path: Path) -> Keyring:
    add_key(path)
    return Keyring(path=path)


def test_after_a_rotation_all_is_as_it_was_and_the_old_key_is_not_needed(
    engine: Engine, work: OpenWork, path: Path
) -> None:
    fill(work)
    with work() as kept:
        before = kept.pages.transcript("c1")
    ring = rotated(path)
    done = sum(reseal(engine, ring))

    assert done >= 2 * MESSAGES
    assert in_use(engine) == {ring.ids[-1]}
    keep_only(path, ring.ids[-1:])
    alone = open_engine(engine.url.render_as_string(hide_password=False), Keyring(path=path))
    with SqlUnitOfWork(alone) as kept:
        assert kept.pages.transcript("c1") == before
        assert kept.cases.get(1) == a_case()
        assert kept.cases.of_phone(PHONE) == [2, 1]
    alone.dispose()


def test_a_rotation_that_was_killed_goes_on_where_it_was(
    engine: Engine, work: OpenWork, path: Path
) -> None:
    fill(work)
    old = Keyring(path=path).ids[0]
    ring = rotated(path)
    begun = reseal(engine, ring)
    first = next(begun)
    begun.close()

    assert in_use(engine) == {old, ring.ids[-1]}
    with work() as kept:  # both keys open while it lasts
        assert len(kept.pages.transcript("c1")) == 2 * MESSAGES
        assert kept.cases.of_phone(PHONE) == [2, 1]
    rest = sum(reseal(engine, ring))
    assert in_use(engine) == {ring.ids[-1]}
    assert first + rest == 2 * MESSAGES + 3 + 2  # conversation and two cases, then their phones
    assert sum(reseal(engine, ring)) == 0


def test_what_is_written_while_it_is_sealed_anew_is_not_lost(
    engine: Engine, work: OpenWork, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(work, a_conversation())
    with work() as kept:
        kept.inbox.add(a_message(text="the older words"))
        kept.commit()
    old = Keyring(path=path)
    newer_words = old.seal(b"the newer words", "inbox.text")
    ring = rotated(path)
    whole = resealing._renew

    def interrupted(connection, keyring, table, columns, row) -> int:
        if table is inbox:
            monkeypatch.setattr(resealing, "_renew", whole)
            bare = {"text": type_coerce(newer_words, LargeBinary)}
            connection.execute(update(inbox).values(bare))  # as somebody else would have
        return whole(connection, keyring, table, columns, row)

    monkeypatch.setattr(resealing, "_renew", interrupted)
    sum(reseal(engine, ring))

    with work() as kept:
        (message,) = kept.pages.transcript("c1")
    assert message.text == "the newer words"
    assert in_use(engine) == {ring.ids[-1]}


def test_the_first_start_makes_the_keys_and_later_starts_take_them(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "made"
    for _ in range(2):
        open_database(database_url, path).dispose()

    assert len(Keyring(path=path).ids) == 1


def test_a_start_without_the_keys_of_its_database_is_refused_and_makes_none(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "made"
    open_database(database_url, path).dispose()
    safe_copy = path.rename(tmp_path / "safe")

    with pytest.raises(KeysNotUsable, match=f"HEJIE_KEYS: .*sealed with key .*{path}; put that"):
        open_database(database_url, path)

    assert not path.exists()
    safe_copy.rename(path)
    open_database(database_url, path).dispose()


def test_a_start_with_the_keys_of_another_house_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    open_database(database_url, tmp_path / "ours").dispose()
    make_keys(tmp_path / "theirs")

    with pytest.raises(KeysNotUsable, match="put that file back"):
        open_database(database_url, tmp_path / "theirs")


def test_every_column_that_is_sealed_says_where_it_stands(engine: Engine) -> None:
    sealed = [
        (column.type.about, f"{table.name}.{column.name}")
        for table, columns in resealing.sealed_tables()
        for column in columns
    ]
    assert len(sealed) >= 9
    assert [about for about, _ in sealed] == [name for _, name in sealed]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM case_phone")).scalar() == 0
