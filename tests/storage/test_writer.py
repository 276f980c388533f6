from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from domain.errors import NoSuchCase
from storage.engine import open_engine
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import CommitUnknown, Writer, WriterClosed
from tests.conftest import KEYRING, NOW
from tests.storage.samples import OpenWork, a_case, a_conversation

Job = Callable[[SqlUnitOfWork], Any]


def put(name: str) -> Job:
    return lambda work: work.settings.put(name, "kept")


def put_then_fail(name: str) -> Job:
    def job(work: SqlUnitOfWork) -> None:
        work.settings.put(name, "kept")
        work.cases.get(2026000015)  # refuses: there is none

    return job


def kept_names(work: OpenWork, *names: str) -> list[str]:
    with work() as kept:
        return [name for name in names if kept.settings.get(name) == "kept"]


def as_one_group(writer: Writer, *jobs: Job) -> list[Future[Any]]:
    """Hand the jobs in while another one is under way, so that they are taken together."""
    begun, go_on = Event(), Event()

    def hold(_: SqlUnitOfWork) -> None:
        begun.set()
        go_on.wait()

    held = writer.submit(hold)
    begun.wait()
    futures = [writer.submit(job) for job in jobs]
    go_on.set()
    held.result()
    wait(futures)
    return futures


def test_a_job_gives_back_what_it_found(writer: Writer) -> None:
    assert writer.submit(lambda work: work.cases.next_number(2026)).result() == 1


def test_a_job_is_kept_when_its_future_resolves(writer: Writer, work: OpenWork) -> None:
    writer.submit(put("a")).result()

    assert kept_names(work, "a") == ["a"]


def test_a_job_that_fails_in_the_middle_of_a_group_takes_no_other_with_it(
    writer: Writer, work: OpenWork
) -> None:
    names = [f"n{number}" for number in range(9)]
    jobs = [put(name) for name in names]
    jobs[4] = put_then_fail("n4")

    futures = as_one_group(writer, *jobs)

    errors = [type(future.exception()) for future in futures if future.exception()]
    assert errors == [NoSuchCase]
    assert kept_names(work, *names) == [name for name in names if name != "n4"]


def test_a_job_that_breaks_a_rule_of_the_database_takes_no_other_with_it(
    writer: Writer, work: OpenWork
) -> None:
    def forget_the_case(work: SqlUnitOfWork) -> None:
        work.cases.note(1, NOW, "citizen", "applied")  # there is no such case

    first, broken, last = as_one_group(writer, put("a"), forget_the_case, put("b"))

    assert broken.exception() is not None
    assert first.exception() is None
    assert last.exception() is None
    assert kept_names(work, "a", "b") == ["a", "b"]


def test_waiting_jobs_of_sqlite_share_one_commit_and_nobody_hears_before_it(
    tmp_path: Path,
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/hejie.db", KEYRING)
    metadata.create_all(engine)
    writer = Writer(engine)
    heard_at_commit: list[list[bool]] = []
    futures: list[Future[Any]] = []
    event.listen(
        engine, "commit", lambda _: heard_at_commit.append([each.done() for each in futures])
    )

    begun, go_on = Event(), Event()

    def hold(_: SqlUnitOfWork) -> None:
        begun.set()
        go_on.wait()

    writer.submit(hold)
    begun.wait()
    futures += [writer.submit(put(f"n{number}")) for number in range(20)]
    go_on.set()
    writer.close()

    assert heard_at_commit[-1] == [False] * 20
    assert len(heard_at_commit) == 2


def test_when_a_commit_of_sqlite_fails_everybody_in_it_hears(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/hejie.db", KEYRING)
    metadata.create_all(engine)
    writer = Writer(engine)

    def break_at_commit(work: SqlUnitOfWork) -> None:
        work.settings.put("a", "kept")
        work.conversations.add(a_conversation())
        connection = work.cases._connection  # type: ignore[attr-defined]
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        work.conversations.save(a_conversation(case_number=7))  # there is no such case

    broken, innocent, refused = as_one_group(writer, break_at_commit, put("b"), put_then_fail("c"))

    assert "FOREIGN KEY" in str(broken.exception())
    assert innocent.exception() is broken.exception()
    assert refused.exception() is broken.exception()
    assert writer.read(lambda work: work.settings.get("b")) is None
    writer.submit(put("d")).result()
    writer.close()


def test_the_writer_lives_on_after_a_failure(writer: Writer, work: OpenWork) -> None:
    with pytest.raises(NoSuchCase):
        writer.submit(put_then_fail("a")).result()
    writer.submit(put("b")).result()

    assert kept_names(work, "a", "b") == ["b"]


def test_a_job_does_not_commit_by_itself(writer: Writer, work: OpenWork) -> None:
    def job(work: SqlUnitOfWork) -> None:
        work.settings.put("a", "kept")
        work.commit()

    with pytest.raises(RuntimeError, match="the writer commits"):
        writer.submit(job).result()
    with pytest.raises(RuntimeError, match="open already"):
        writer.submit(lambda work: work.__enter__()).result()
    assert kept_names(work, "a") == []


def test_a_reader_cannot_write(writer: Writer) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        writer.read(put("a"))


def test_a_reader_does_not_wait_for_a_job_under_way(writer: Writer) -> None:
    begun, go_on = Event(), Event()

    def slow(work: SqlUnitOfWork) -> None:
        work.cases.add(a_case())
        begun.set()
        go_on.wait()

    under_way = writer.submit(slow)
    begun.wait()
    with pytest.raises(NoSuchCase):
        writer.read(lambda work: work.cases.get(1))
    go_on.set()
    under_way.result()

    assert writer.read(lambda work: work.cases.get(1)) == a_case()


def test_what_is_queued_is_done_before_the_writer_closes(engine: Engine, work: OpenWork) -> None:
    writer = Writer(engine)
    names = [f"n{number}" for number in range(200)]
    futures = [writer.submit(put(name)) for name in names]
    writer.close()

    assert all(future.done() for future in futures)
    assert kept_names(work, *names) == names
    with pytest.raises(WriterClosed):
        writer.submit(put("late"))
    writer.close()


def test_a_job_whose_caller_gave_up_is_left_out(writer: Writer, work: OpenWork) -> None:
    begun, go_on = Event(), Event()

    def hold(_: SqlUnitOfWork) -> None:
        begun.set()
        go_on.wait()

    holding = [writer.submit(hold) for _ in range(8)]  # as many as PostgreSQL has threads
    begun.wait()
    given_up, wanted = writer.submit(put("given up")), writer.submit(put("wanted"))
    given_up.cancel()
    go_on.set()
    wait([*holding, wanted])

    assert kept_names(work, "given up", "wanted") == ["wanted"]


def test_a_database_in_memory_is_written_and_read() -> None:
    engine = open_engine("sqlite://", KEYRING)
    metadata.create_all(engine)
    writer = Writer(engine)
    writer.submit(put("a")).result()

    assert writer.read(lambda work: work.settings.get("a")) == "kept"
    writer.close()


def end_other_connections(url: str) -> None:
    engine = open_engine(url, KEYRING)
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@on_postgresql
def test_after_the_server_was_away_jobs_and_readers_go_on(
    writer: Writer, work: OpenWork, database_url: str
) -> None:
    writer.submit(put("a")).result()
    writer.read(lambda work: work.settings.get("a"))
    end_other_connections(database_url)

    writer.submit(put("b")).result()
    end_other_connections(database_url)
    assert writer.read(lambda work: work.settings.get("b")) == "kept"


@on_postgresql
def test_two_jobs_that_wait_for_each_other_are_both_done(writer: Writer, work: OpenWork) -> None:
    meeting = Barrier(2, timeout=10)
    tries: list[str] = []

    def crosswise(first: str, second: str, late: float = 0) -> Job:
        def job(work: SqlUnitOfWork) -> None:
            tries.append(first)
            work.settings.put(first, "kept")
            if len(tries) <= 2:  # only the first try of each meets the other
                meeting.wait()
                sleep(late)  # PostgreSQL ends who waits longest, or both where they wait alike
            work.settings.put(second, "kept")

        return job

    wait([writer.submit(crosswise("a", "b")), writer.submit(crosswise("b", "a", late=0.05))])

    assert len(tries) > 2
    assert kept_names(work, "a", "b") == ["a", "b"]


@on_postgresql
def test_a_commit_that_lost_its_connection_is_not_done_twice(
    engine: Engine, writer: Writer, database_url: str
) -> None:
    runs: list[int] = []

    def job(work: SqlUnitOfWork) -> None:
        runs.append(1)
        work.settings.put("a", "kept")

    event.listen(engine, "commit", lambda _: end_other_connections(database_url), once=True)

    with pytest.raises(CommitUnknown):
        writer.submit(job).result()
    assert runs == [1]
