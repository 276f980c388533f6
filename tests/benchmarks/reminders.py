"""Claims of 100,000 reminders as rows, against an APScheduler job store of the same size."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from domain.calendar import LOCAL
from domain.case import Role
from domain.follow_up import FollowUp, FollowUpKind, FollowUpState
from storage.engine import open_engine
from storage.migrate import migrate
from storage.sealing import Keyring
from storage.writer import Writer
from tests.benchmarks.databases import a_case, databases
from tests.benchmarks.figure import Figure

ROWS = 100_000
CLAIMED = 20_000
JOBS = 500
NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)


def figures(folder: Path) -> Iterator[Figure]:
    jobs = apscheduler_rate(folder)
    for name, url in databases(folder):
        engine = open_engine(url, Keyring([bytes(32)]))
        migrate(engine)
        writer = Writer(engine)
        rate = claim_rate(writer)
        writer.close()
        yield Figure(
            f"reminders claimed and marked, {ROWS} rows, {name}",
            rate,
            "rows/s",
            f"APScheduler SQLAlchemyJobStore with {ROWS} jobs on SQLite",
            jobs,
        )


def claim_rate(writer: Writer) -> float:
    """Claim in batches of 200 and mark each row, all committed."""
    number = a_case(writer, NOW)
    for first in range(0, ROWS, 5000):
        rows = [a_row(number, first + place) for place in range(5000)]
        writer.submit(lambda work, rows=rows: work.follow_ups.add(rows)).result()
    done = 0
    began = time.perf_counter()
    while done < CLAIMED:
        done += writer.submit(_claim_and_mark).result()
    return done / (time.perf_counter() - began)


def _claim_and_mark(work) -> int:
    rows = work.follow_ups.claim(NOW, 200)
    for row in rows:
        work.follow_ups.mark(row, FollowUpState.SENT, NOW)
    return len(rows)


def a_row(number: int, place: int) -> FollowUp:
    due_at = NOW - timedelta(seconds=1) if place < 2 * CLAIMED else NOW + timedelta(days=1)
    return FollowUp(number, FollowUpKind.CHECK_WEEK, Role.APPLICANT, due_at, f"bench:{place}")


fired = [0]


def fire() -> None:
    fired[0] += 1


def apscheduler_rate(folder: Path) -> float:
    """Fire due date jobs out of a store of the same size; the store is filled in one go."""
    store = SQLAlchemyJobStore(f"sqlite:///{folder / 'jobs.db'}")
    scheduler = BackgroundScheduler(timezone=LOCAL)
    scheduler.add_jobstore(store)
    scheduler.start(paused=True)
    soon = datetime.now(LOCAL) - timedelta(seconds=1)
    later = soon + timedelta(days=1)
    with store.engine.begin() as connection:
        for first in range(0, ROWS, 5000):
            batch = [
                _job_row(scheduler, f"j{place}", soon if place < JOBS else later)
                for place in range(first, first + 5000)
            ]
            connection.execute(store.jobs_t.insert(), batch)
    fired[0] = 0
    began = time.perf_counter()
    scheduler.resume()
    while fired[0] < JOBS and time.perf_counter() - began < 60:
        time.sleep(0.01)
    rate = fired[0] / (time.perf_counter() - began)
    scheduler.shutdown(wait=False)
    return rate


def _job_row(scheduler: BackgroundScheduler, id_: str, at: datetime) -> dict[str, object]:
    job = Job(
        scheduler,
        id=id_,
        trigger=DateTrigger(at),
        func="tests.benchmarks.reminders:fire",
        args=(),
        kwargs={},
        name=id_,
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
        next_run_time=at,
        executor="default",
    )
    state = pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
    return {"id": id_, "next_run_time": at.timestamp(), "job_state": state}
