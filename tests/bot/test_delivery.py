"""Words on their way: in order, each once, at the messenger's pace, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

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
from domain.conversation import TaskKind
from storage.engine import open_engine
from storage.outbox import LEASE
from storage.writer import Writer
from tests.bot.loopback import until
from tests.bot.messenger import Messenger, deliver, put, states, stop, to
from tests.bot.webhouse import Clock
from tests.conftest import KEYRING, NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, keep


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


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the messenger's pace, which goes only when it is moved."""
    second = [0.0]
    monkeypatch.setattr(delivery, "monotonic", lambda: second[0])
    return second


def test_no_more_words_start_than_the_messenger_takes_in_a_second(
    people: None, work: OpenWork, writer: Writer, messenger: Messenger, second: list[float]
) -> None:
    keep(work, *(a_conversation(f"p{n}", channel="telegram", sender=f"p{n}") for n in range(8)))
    put(writer, *(to(f"p{n}", "一") for n in range(8)))

    outgoing = Delivery(writer, "telegram", messenger, lambda: NOW, per_second=3)
    deliver(outgoing, 2)
    assert len(messenger.took) == 3

    second[0] += 0.7
    deliver(outgoing, 2)
    assert len(messenger.took) == 5


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
    second: list[float], outgoing: Delivery, writer: Writer, messenger: Messenger
) -> None:
    put(writer, *(to("yang", str(number)) for number in range(9)), to("luo", "一"))

    deliver(outgoing, 10)

    assert messenger.took.count("luo:一") == 1
    assert len(messenger.took) - 1 == A_PERSON_AT_ONCE

    second[0] += 1
    deliver(outgoing, 3)
    assert len(messenger.took) - 1 == A_PERSON_AT_ONCE + 1


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
    people: None, work: OpenWork, writer: Writer, messenger: Messenger, second: list[float]
) -> None:
    keep(work, *(a_conversation(f"p{n}", channel="telegram", sender=f"p{n}") for n in range(9)))
    put(writer, *(to(f"p{n}", "明天见面", unasked=True) for n in range(9)))
    slowly = Delivery(writer, "telegram", messenger, lambda: NOW, per_second=4)
    deliver(slowly)
    assert len(messenger.took) == 4

    put(writer, to("yang", "一"))
    second[0] += 0.3
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
