from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from domain.conversation import OutboxState
from storage.outbox import LEASE
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_conversation, a_word, keep

SOON = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def two_people(work: OpenWork) -> None:
    keep(
        work,
        a_conversation("c1", channel="telegram", sender="yang"),
        a_conversation("c2", channel="telegram", sender="luo"),
        a_conversation("c3", channel="webchat", sender="li"),
    )
    with work() as kept:
        kept.outbox.add(
            [
                a_word("一", "c1"),
                a_word("二", "c1"),
                a_word("三", "c2"),
                a_word("别的渠道", "c3"),
                a_word("已经发过", "c1", state=OutboxState.SENT),
            ]
        )
        kept.commit()


def claimed(work: OpenWork, at: datetime = NOW, limit: int = 10) -> Sequence[str]:
    """Claim and return each word as `sender:text`, with a `!` where an earlier try is in doubt."""
    with work() as kept:
        kept.outbox.lapse("telegram", at)
        due = kept.outbox.claim("telegram", at, limit)
        kept.commit()
    return [f"{each.sender}:{each.word.text}{'!' if each.was_sending else ''}" for each in due]


def settle(work: OpenWork, number: int, state: OutboxState, until: datetime | None = None) -> None:
    with work() as kept:
        kept.outbox.mark(number, state, until)
        kept.commit()


def remind(work: OpenWork, text: str = "明天见面", conversation_id: str = "c1") -> int:
    with work() as kept:
        number = kept.outbox.add([a_word(text, conversation_id, unasked=True)])[0]
        kept.commit()
    return number


def state_of(work: OpenWork, number: int) -> OutboxState:
    with work() as kept:
        words = [*kept.pages.out_words_after("c1", 0), *kept.pages.out_words_after("c2", 0)]
    return next(word.state for word in words if word.id == number)


def test_one_word_a_person_is_on_its_way_oldest_first(work: OpenWork) -> None:
    assert claimed(work) == ["yang:一", "luo:三"]
    assert claimed(work) == []

    settle(work, 1, OutboxState.SENT)
    assert claimed(work) == ["yang:二"]


def test_no_more_is_handed_out_than_was_asked_for(work: OpenWork) -> None:
    assert claimed(work, limit=1) == ["yang:一"]
    assert claimed(work, limit=1) == ["luo:三"]


def test_who_waits_for_an_answer_comes_before_who_is_reminded(work: OpenWork) -> None:
    for number in (1, 2, 3):
        settle(work, number, OutboxState.SENT)
    remind(work, "明天见面", "c1")
    with work() as kept:
        kept.outbox.add([a_word("四", "c2")])
        kept.commit()

    assert claimed(work) == ["luo:四", "yang:明天见面"]


def test_a_word_that_must_wait_keeps_later_words_to_the_same_person_behind_it(
    work: OpenWork,
) -> None:
    claimed(work)
    settle(work, 1, OutboxState.QUEUED, NOW + SOON)
    settle(work, 3, OutboxState.SENT)

    assert claimed(work) == []
    assert claimed(work, NOW + SOON) == ["yang:一"]


def test_a_reply_whose_sender_died_is_handed_out_once_more_and_marked(work: OpenWork) -> None:
    claimed(work)

    assert claimed(work, NOW + LEASE - SOON) == []
    assert claimed(work, NOW + LEASE) == ["yang:一!", "luo:三!"]


def test_a_reply_goes_out_no_third_time(work: OpenWork) -> None:
    claimed(work)
    claimed(work, NOW + LEASE)

    assert claimed(work, NOW + 2 * LEASE) == ["yang:二"]
    assert state_of(work, 1) is OutboxState.UNKNOWN


def test_a_reply_that_may_have_arrived_waits_goes_once_more_and_is_then_left(
    work: OpenWork,
) -> None:
    claimed(work)
    settle(work, 1, OutboxState.UNKNOWN, NOW + SOON)
    settle(work, 3, OutboxState.SENT)

    assert claimed(work) == []
    assert claimed(work, NOW + SOON) == ["yang:一!"]

    settle(work, 1, OutboxState.UNKNOWN, NOW + 2 * SOON)
    assert claimed(work, NOW + LEASE) == ["yang:二"]


def test_a_second_sending_that_was_put_off_is_still_the_second(work: OpenWork) -> None:
    claimed(work)
    settle(work, 1, OutboxState.UNKNOWN)
    claimed(work)
    settle(work, 1, OutboxState.QUEUED, NOW + SOON)
    settle(work, 3, OutboxState.SENT)

    assert claimed(work, NOW + SOON) == ["yang:一!"]
    assert claimed(work, NOW + LEASE + SOON) == ["yang:二"]


@pytest.mark.parametrize("told", [True, False], ids=["time-out", "death of the sender"])
def test_a_reminder_that_may_have_arrived_is_never_handed_out_again(
    work: OpenWork, told: bool
) -> None:
    settle(work, 1, OutboxState.SENT)
    settle(work, 2, OutboxState.SENT)
    reminder = remind(work)
    assert "yang:明天见面" in claimed(work)
    if told:
        settle(work, reminder, OutboxState.UNKNOWN)

    assert claimed(work, NOW + 2 * LEASE) == ["luo:三!"]
    assert state_of(work, reminder) is OutboxState.UNKNOWN


def test_in_the_night_reminders_wait_and_hold_up_no_reply(work: OpenWork) -> None:
    settle(work, 1, OutboxState.SENT)
    settle(work, 2, OutboxState.SENT)
    settle(work, 3, OutboxState.SENT)
    remind(work)
    with work() as kept:
        kept.outbox.add([a_word("晚上好", "c1")])
        kept.commit()

    assert claimed(work, NOW.replace(hour=21)) == ["yang:晚上好"]
    assert claimed(work, NOW.replace(day=24, hour=8)) == ["yang:明天见面"]


def test_a_word_that_is_settled_stays_settled(work: OpenWork) -> None:
    claimed(work)
    settle(work, 1, OutboxState.SENT)
    settle(work, 1, OutboxState.UNKNOWN)
    settle(work, 3, OutboxState.DEAD)

    assert claimed(work, NOW + LEASE) == ["yang:二"]
    assert state_of(work, 1) is OutboxState.SENT


def test_of_eight_senders_that_claim_at_once_no_two_get_the_same_word(
    work: OpenWork, engine: Engine
) -> None:
    keep(work, *(a_conversation(f"p{n}", channel="telegram") for n in range(40)))
    with work() as kept:
        kept.outbox.add([a_word(f"词{n}", f"p{n}") for n in range(40)])
        kept.commit()

    def claim(_: int) -> list[int]:
        with SqlUnitOfWork(engine) as kept:
            due = kept.outbox.claim("telegram", NOW, 6)
            kept.commit()
        return [each.word.id for each in due]

    with ThreadPoolExecutor(8) as pool:
        handed_out = [number for numbers in pool.map(claim, range(8)) for number in numbers]

    assert len(handed_out) == len(set(handed_out)) == 42  # and one each of 杨 and 罗
