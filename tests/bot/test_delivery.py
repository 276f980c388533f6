from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from sqlalchemy import Engine

from bot import delivery
from bot.delivery import (
    A_PERSON_AT_ONCE,
    FRESH,
    RETRY,
    Delivery,
    Gone,
    MaybeSent,
    NotSent,
    NotTaken,
)
from domain.case import Stage
from domain.conversation import OutWord, TaskKind
from domain.follow_up import FollowUpKind
from domain.ports import UnitOfWork
from domain.services import booking
from domain.services.booking import BookSession
from domain.session import SessionKind
from storage.engine import open_engine
from storage.outbox import LEASE
from storage.writer import Writer
from tests.bot.outage import Outage
from tests.bot.telegram_peer import until
from tests.bot.webhouse import Clock
from tests.conftest import KEYRING, NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, a_word, keep

TOMORROW = NOW + timedelta(days=1)


@dataclass
class Messenger:
    """A messenger that remembers what it took, and fails as it was told to."""

    took: list[str] = field(default_factory=list)
    fails: dict[str, list[Exception]] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _: None
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    async def send(self, to: str, text: str, choices: Sequence[Mapping[str, str]]) -> None:
        self.before(to)
        if to in self.held:
            await self.held[to].wait()
        failure = self.fails[to].pop(0) if self.fails.get(to) else None
        if failure is None or isinstance(failure, MaybeSent):
            self.took.append(f"{to}:{text}")
        if failure is not None:
            raise failure


@pytest.fixture
def messenger() -> Messenger:
    return Messenger()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def people(work: OpenWork) -> None:
    keep(
        work,
        a_conversation("yang", channel="telegram", sender="yang"),
        a_conversation("luo", channel="telegram", sender="luo"),
        a_conversation("li", channel="webchat", sender="li"),
    )


@pytest.fixture
def outgoing(people: None, writer: Writer, messenger: Messenger, clock: Clock) -> Delivery:
    return Delivery(writer, "telegram", messenger, clock)


def put(writer: Writer, *words: OutWord) -> None:
    writer.submit(lambda work: work.outbox.add(words)).result()


def to(person: str, text: str, **others: object) -> OutWord:
    return a_word(text, person, **others)


def deliver(outgoing: Delivery, times: int = 1) -> None:
    """Deliver what is due, `times` words to each person at most."""

    async def go() -> None:
        for _ in range(times):
            await outgoing.deliver_due()

    asyncio.run(go())


def states(writer: Writer, person: str = "yang") -> list[str]:
    words = writer.read(lambda work: work.pages.out_words_after(person, 0))
    return [str(word.state) for word in words]


def test_words_of_one_channel_go_out_in_order(
    outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"), to("luo", "三"), to("li", "别的渠道"))

    deliver(outgoing, 3)

    assert messenger.took == ["yang:一", "luo:三", "yang:二"]
    assert states(writer) == ["sent", "sent"]
    assert states(writer, "li") == ["queued"]


def test_one_who_is_slow_to_reach_holds_up_nobody_else(
    outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    put(writer, *(to(person, each) for each in "一二三" for person in ("yang", "luo")))

    async def go() -> None:
        messenger.held["yang"] = asyncio.Event()
        running = asyncio.create_task(outgoing.run())
        await until(lambda: len(messenger.took) == 3, lambda: str(messenger.took))
        assert messenger.took == ["luo:一", "luo:二", "luo:三"]

        messenger.held["yang"].set()
        await until(lambda: len(messenger.took) == 6, lambda: str(messenger.took))
        await stop(running)

    asyncio.run(go())
    assert messenger.took[3:] == ["yang:一", "yang:二", "yang:三"]


async def stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def test_a_word_that_surely_was_not_taken_waits_and_later_ones_behind_it(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"), to("luo", "三"))
    messenger.fails["yang"] = [NotSent(timedelta(seconds=30))]

    deliver(outgoing, 3)
    clock.pass_by(seconds=29)
    deliver(outgoing, 3)
    assert messenger.took == ["luo:三"]

    clock.pass_by(seconds=1)
    deliver(outgoing, 3)
    assert messenger.took == ["luo:三", "yang:一", "yang:二"]


@pytest.mark.parametrize("failure", [MaybeSent(), ConnectionResetError("a fault of our own")])
def test_a_reply_that_may_have_arrived_goes_once_more_marked_before_later_ones(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock, failure: Exception
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"))
    messenger.fails["yang"] = [failure]

    deliver(outgoing, 3)
    assert states(writer) == ["unknown", "queued"]
    messenger.took.clear()

    clock.now += RETRY
    deliver(outgoing, 3)
    assert messenger.took == ["yang:（重发）一", "yang:二"]
    assert states(writer) == ["sent", "sent"]


def test_a_reply_that_was_lost_twice_is_left_and_the_next_one_goes(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"))
    messenger.fails["yang"] = [MaybeSent(), MaybeSent()]

    for _ in range(5):
        deliver(outgoing, 3)
        clock.now += LEASE

    assert messenger.took == ["yang:一", "yang:（重发）一", "yang:二"]
    assert states(writer) == ["unknown", "sent"]


def test_a_reminder_that_may_have_arrived_never_goes_again(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    put(writer, to("yang", "明天见面", unasked=True))
    messenger.fails["yang"] = [MaybeSent()]

    for _ in range(5):
        deliver(outgoing)
        clock.now += LEASE

    assert messenger.took == ["yang:明天见面"]
    assert states(writer) == ["unknown"]


def test_after_a_crash_on_the_way_the_reply_is_marked_and_the_reminder_is_not_repeated(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    put(writer, to("yang", "一"), to("luo", "明天见面", unasked=True))
    writer.submit(lambda work: work.outbox.claim("telegram", NOW, 10)).result()  # and it died

    deliver(outgoing)
    assert messenger.took == []

    clock.now += LEASE
    deliver(outgoing)
    assert messenger.took == ["yang:（重发）一"]
    assert states(writer, "luo") == ["unknown"]


def test_a_process_that_slept_since_its_claim_sends_nothing(
    people: None, writer: Writer, messenger: Messenger
) -> None:
    put(writer, to("yang", "一"))
    times: Iterator[datetime] = iter([NOW, NOW + FRESH + timedelta(seconds=1)])

    deliver(Delivery(writer, "telegram", messenger, lambda: next(times)))

    assert messenger.took == []


def test_two_processes_that_deliver_at_once_send_each_word_once(
    people: None, database_url: str, work: OpenWork, writer: Writer, messenger: Messenger
) -> None:
    keep(work, *(a_conversation(f"p{n}", channel="telegram", sender=f"p{n}") for n in range(15)))
    put(writer, *(to(f"p{n}", each) for each in "一二三" for n in range(15)))
    other = Writer(open_engine(database_url, KEYRING))

    async def go() -> None:
        both = [
            asyncio.create_task(Delivery(each, "telegram", messenger, lambda: NOW, 500).run())
            for each in (writer, other)
        ]
        await until(lambda: len(messenger.took) >= 45, lambda: str(len(messenger.took)))
        await asyncio.sleep(0.05)
        for running in both:
            await stop(running)

    asyncio.run(go())
    other.close()
    assert sorted(messenger.took) == sorted(f"p{n}:{each}" for each in "一二三" for n in range(15))
    for n in range(15):
        assert [took for took in messenger.took if took.startswith(f"p{n}:")] == [
            f"p{n}:{each}" for each in "一二三"
        ]


def test_no_more_words_start_than_the_messenger_takes_in_a_second(
    people: None, work: OpenWork, writer: Writer, messenger: Messenger
) -> None:
    keep(work, *(a_conversation(f"p{n}", channel="telegram", sender=f"p{n}") for n in range(8)))
    put(writer, *(to(f"p{n}", "一") for n in range(8)))

    deliver(Delivery(writer, "telegram", messenger, lambda: NOW, per_second=3), 2)

    assert len(messenger.took) == 3


def test_who_cannot_be_written_to_is_phoned_where_there_is_a_case(
    outgoing: Delivery, work: OpenWork, writer: Writer, messenger: Messenger
) -> None:
    keep(work, a_case(7))
    put(writer, to("yang", "一", case_number=7), to("yang", "二", case_number=7), to("luo", "三"))
    messenger.fails = {"yang": [Gone(), Gone()], "luo": [Gone()]}

    deliver(outgoing, 2)

    assert states(writer) == ["dead", "dead"]
    assert states(writer, "luo") == ["dead"]
    tasks = writer.read(lambda work: work.tasks.still_open())
    assert [(task.kind, task.case_number) for task in tasks] == [(TaskKind.PHONE, 7)]


def test_to_one_person_a_flood_goes_out_slowly_and_holds_up_nobody_else(
    outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    put(writer, *(to("yang", str(number)) for number in range(9)), to("luo", "一"))
    began = time.monotonic()

    deliver(outgoing, 10)

    assert messenger.took.count("luo:一") == 1
    assert len(messenger.took) - 1 <= A_PERSON_AT_ONCE + time.monotonic() - began
    assert len(messenger.took) - 1 >= A_PERSON_AT_ONCE


def test_who_has_rested_gets_the_rest_in_order(
    outgoing: Delivery, writer: Writer, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "A_PERSON_A_SECOND", 50.0)
    put(writer, *(to("yang", str(number)) for number in range(9)))

    async def go() -> None:
        running = asyncio.create_task(outgoing.run())
        await until(lambda: len(messenger.took) == 9)
        await until(lambda: not outgoing._resting())
        await stop(running)

    asyncio.run(go())
    assert messenger.took == [f"yang:{number}" for number in range(9)]


def test_a_reply_passes_the_reminders_that_wait_for_the_messengers_pace(
    people: None, work: OpenWork, writer: Writer, messenger: Messenger
) -> None:
    keep(work, *(a_conversation(f"p{n}", channel="telegram", sender=f"p{n}") for n in range(9)))
    put(writer, *(to(f"p{n}", "明天见面", unasked=True) for n in range(9)))
    slowly = Delivery(writer, "telegram", messenger, lambda: NOW, per_second=4)
    deliver(slowly)
    assert len(messenger.took) == 4

    put(writer, to("yang", "一"))
    time.sleep(0.3)
    deliver(slowly)

    assert messenger.took[4] == "yang:一"


def test_to_who_has_blocked_us_nothing_more_goes_out_unasked_until_they_write(
    outgoing: Delivery, work: OpenWork, writer: Writer, messenger: Messenger
) -> None:
    keep(work, a_case(7))
    put(writer, *(to("yang", each, unasked=True, case_number=7) for each in "一二三"))
    messenger.fails["yang"] = [Gone()]

    deliver(outgoing, 3)
    put(writer, to("yang", "四", unasked=True, case_number=7))
    deliver(outgoing)

    assert messenger.took == []
    assert states(writer) == ["dead"] * 4
    tasks = writer.read(lambda work: work.tasks.still_open())
    assert [(task.kind, task.details["reason"]) for task in tasks] == [
        (TaskKind.PHONE, "not_reached")
    ]


def test_a_word_that_is_refused_for_what_it_is_calls_a_person_and_the_next_one_goes(
    outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    put(writer, to("yang", "一"), to("yang", "二"))
    messenger.fails["yang"] = [NotTaken()]

    deliver(outgoing, 2)

    assert messenger.took == ["yang:二"]
    assert states(writer) == ["dead", "sent"]
    tasks = writer.read(lambda work: work.tasks.still_open())
    assert [task.details["reason"] for task in tasks] == ["word_not_taken"]


def test_about_a_reminder_in_doubt_a_helper_phones(
    outgoing: Delivery, work: OpenWork, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    keep(work, a_case(7))
    put(writer, to("yang", "明天见面", unasked=True, case_number=7), to("luo", "二"))
    writer.submit(lambda work: work.outbox.claim("telegram", NOW, 10)).result()  # and it died

    clock.now += LEASE
    deliver(outgoing)

    tasks = writer.read(lambda work: work.tasks.still_open())
    assert [(task.kind, task.details["reason"]) for task in tasks] == [(TaskKind.PHONE, "in_doubt")]
    assert messenger.took == ["luo:（重发）二"]


def test_a_word_is_not_held_up_by_a_clock_that_went_back(
    outgoing: Delivery, writer: Writer, messenger: Messenger, clock: Clock
) -> None:
    put(writer, to("yang", "一"))
    writer.submit(lambda work: work.outbox.claim("telegram", NOW, 10)).result()  # and it died

    clock.now = NOW - timedelta(hours=1)
    deliver(outgoing)

    assert messenger.took == ["yang:（重发）一"]


# what nobody asked for is looked at again


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
        await until(lambda: messenger.took == ["yang:一"])
        await stop(running)

    asyncio.run(go())


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
        await until(lambda: messenger.took == ["yang:一", "yang:二"], lambda: str(messenger.took))
        await until(lambda: states(writer) == ["sent", "sent"])
        await stop(running)

    asyncio.run(go())


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
