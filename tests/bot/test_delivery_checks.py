"""What nobody asked for is looked at once more before it goes, and the loop that delivers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from sqlalchemy import Engine

from bot import delivery
from bot.delivery import Delivery
from domain.case import Stage
from domain.follow_up import FollowUpKind
from domain.ports import UnitOfWork
from domain.services import booking
from domain.services.booking import BookSession
from domain.session import SessionKind
from storage.engine import open_engine
from storage.outbox import LEASE
from storage.writer import Writer
from tests.bot.loopback import until
from tests.bot.messenger import Messenger, deliver, put, states, stop, to
from tests.bot.outage import Outage
from tests.bot.webhouse import Clock
from tests.conftest import KEYRING, NOW
from tests.storage.samples import OpenWork, a_case, keep

TOMORROW = NOW + timedelta(days=1)


def test_quiet_hours_that_begin_on_the_way_are_kept(
    people: None, writer: Writer, messenger: Messenger
) -> None:
    put(writer, to("yang", "明天见面", unasked=True))
    evening = NOW.replace(hour=20, minute=59, second=59)
    times = chain([evening], repeat(evening + timedelta(seconds=1)))

    deliver(Delivery(writer, "telegram", messenger, lambda: next(times)))

    assert messenger.took == []
    assert states(writer) == ["queued"]


@pytest.fixture
def a_session_to_come(work: OpenWork, people: None, roster: object, writer: Writer) -> str:
    """Book a session for 杨 and put its reminder into the outbox; return the reminder's key."""
    keep(work, a_case(7, parties=[replace(p, conversation_id="yang") for p in a_case().parties]))

    def job(work: UnitOfWork) -> str:
        booked = booking.book_session(work, wish(TOMORROW), NOW)
        rows = work.follow_ups.of_case(7)
        row = next(each for each in rows if each.kind is FollowUpKind.SESSION_TOMORROW)
        assert row.booking_id == booked.id
        work.outbox.add([to("yang", "明天见面", unasked=True, case_number=7, key=row.key)])
        return row.key

    return writer.submit(job).result()


def wish(at: datetime) -> BookSession:
    return BookSession(7, "xichou-1", SessionKind.PHONE, at.replace(hour=15))


def give_back(work: UnitOfWork) -> None:
    booking.give_back_session(work, 7, NOW)


def move(work: UnitOfWork) -> None:
    booking.reschedule_session(work, wish(TOMORROW + timedelta(days=1)), NOW)


def withdraw(work: UnitOfWork) -> None:
    booking.withdraw_case(work, 7, NOW, Stage.WITHDRAWN, "")


def hold_the_case(work: UnitOfWork) -> None:
    work.cases.save(work.cases.get(7).hold(frozenset({"dv"})))


def hold_the_chat(work: UnitOfWork) -> None:
    _change(work, is_held=True)


def hand_over(work: UnitOfWork) -> None:
    _change(work, with_person=True)


def _change(work: UnitOfWork, **how: Any) -> None:
    conversation = work.conversations.by_id("yang")
    assert conversation is not None
    work.conversations.save(replace(conversation, **how))


def test_a_reminder_of_a_session_that_stands_goes_out(
    a_session_to_come: str, outgoing: Delivery, messenger: Messenger
) -> None:
    deliver(outgoing)

    assert messenger.took == ["yang:明天见面"]


@pytest.mark.parametrize(
    "happens", [give_back, move, withdraw, hold_the_case, hold_the_chat, hand_over]
)
def test_a_reminder_that_holds_no_longer_stays_unsaid(
    a_session_to_come: str,
    outgoing: Delivery,
    writer: Writer,
    messenger: Messenger,
    happens: Callable[[UnitOfWork], None],
) -> None:
    writer.submit(happens).result()

    deliver(outgoing)

    assert messenger.took == []
    assert states(writer) == ["dead"]


def test_a_reminder_that_comes_after_the_session_stays_unsaid(
    a_session_to_come: str, outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    clock.pass_by(days=1, hours=7)  # nothing could be sent until then

    deliver(outgoing)

    assert messenger.took == []
    assert states(writer) == ["dead"]


def test_a_question_about_an_open_case_goes_out_without_a_session(
    outgoing: Delivery, work: OpenWork, writer: Writer, messenger: Messenger
) -> None:
    keep(work, a_case(7))
    put(writer, to("yang", "对方给了没有？", unasked=True, case_number=7))

    deliver(outgoing)

    assert messenger.took == ["yang:对方给了没有？"]


def test_a_reply_to_somebody_under_a_safety_hold_goes_out(
    a_session_to_come: str, outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    writer.submit(hold_the_chat).result()
    put(writer, to("yang", "已经告诉值班的人"))

    deliver(outgoing, 2)

    assert messenger.took == ["yang:已经告诉值班的人"]


def test_a_reminder_that_was_late_waits_for_the_morning(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    put(writer, to("yang", "明天见面", unasked=True))
    clock.now = NOW.replace(hour=21)
    deliver(outgoing)
    assert messenger.took == []

    clock.now = TOMORROW.replace(hour=8)
    deliver(outgoing)
    assert messenger.took == ["yang:明天见面"]


# running


def test_words_of_another_process_are_found_without_being_woken(
    outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    async def go() -> None:
        running = asyncio.create_task(outgoing.run())
        await asyncio.sleep(0.05)
        put(writer, to("yang", "一"))
        await until(lambda: bool(messenger.took))
        await stop(running)

    asyncio.run(go())
    assert messenger.took == ["yang:一"]
    assert states(writer) == ["sent"]


def test_a_word_on_its_way_when_the_process_is_stopped_is_settled(
    outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"))

    async def go() -> None:
        messenger.held["yang"] = asyncio.Event()
        running = asyncio.create_task(outgoing.run())
        await until(lambda: states(writer) == ["sending", "queued"])
        running.cancel()
        await asyncio.sleep(0.02)
        # A look for words that began before the stop is over while the first is on its way.
        await asyncio.wrap_future(writer.submit(lambda _: None))
        messenger.held["yang"].set()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert states(writer) == ["sent", "queued"]


def test_words_claimed_in_the_moment_of_the_stop_are_still_sent(
    outgoing: Delivery, writer: Writer, messenger: Messenger, outage: Outage
) -> None:
    put(writer, to("yang", "一"))

    async def go() -> None:
        outage.begin()
        running = asyncio.create_task(outgoing.run())
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.sleep(0.05)
        outage.end()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(go())
    writer.submit(lambda work: work.tasks.still_open()).result()  # after all that was under way
    assert states(writer) in (["sent"], ["queued"])  # SQLite lets the claim wait, PostgreSQL not


@pytest.fixture
def outage(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Outage]:
    outage = Outage(engine, request)
    yield outage
    outage.end()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE_SECONDS", 0.05)


def test_what_is_known_of_a_word_is_kept_once_the_database_is_back(
    short_pauses: None, outgoing: Delivery, writer: Writer, messenger: Messenger, outage: Outage
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"))

    async def go() -> None:
        messenger.before = lambda _: outage.begin() if not messenger.took else None
        running = asyncio.create_task(outgoing.run())
        await until(lambda: messenger.took == ["yang:一"])
        await asyncio.sleep(0.2)
        outage.end()
        await until(lambda: states(writer) == ["sent", "sent"], lambda: str(messenger.took))
        await stop(running)

    asyncio.run(go())
    assert messenger.took == ["yang:一", "yang:二"]
    assert states(writer) == ["sent", "sent"]


def test_a_word_of_which_nothing_can_be_kept_stays_in_doubt(
    short_pauses: None,
    monkeypatch: pytest.MonkeyPatch,
    people: None,
    database_url: str,
    writer: Writer,
    messenger: Messenger,
    clock: Clock,
) -> None:
    monkeypatch.setattr(delivery, "SETTLE_TRIES", 2)
    put(writer, to("yang", "一"))
    failing = Writer(open_engine(database_url, KEYRING))
    messenger.before = lambda _: failing.close()
    deliver(Delivery(failing, "telegram", messenger, clock))
    assert states(writer) == ["sending"]

    messenger.before = lambda _: None
    clock.now += LEASE
    deliver(Delivery(writer, "telegram", messenger, clock))
    assert messenger.took == ["yang:一", "yang:（重发）一"]
