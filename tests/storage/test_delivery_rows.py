from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.conversation import OutboxState
from storage.outbox import LEASE
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


def claimed(work: OpenWork, after: timedelta = timedelta(0), limit: int = 10) -> Sequence[str]:
    with work() as kept:
        due = kept.outbox.claim("telegram", NOW + after, limit)
        kept.commit()
    return [f"{each.sender}:{each.word.text}{'!' if each.was_sending else ''}" for each in due]


def settle(work: OpenWork, number: int, state: OutboxState, wait: timedelta | None = None) -> None:
    with work() as kept:
        kept.outbox.mark(number, state, NOW + wait if wait else None)
        kept.commit()


def test_queued_words_of_a_channel_are_handed_out_once_oldest_first(work: OpenWork) -> None:
    assert claimed(work, limit=2) == ["yang:一", "yang:二"]
    assert claimed(work) == ["luo:三"]
    assert claimed(work) == []


def test_a_word_whose_sender_died_is_handed_out_again_and_marked(work: OpenWork) -> None:
    claimed(work)

    assert claimed(work, LEASE - SOON) == []
    assert claimed(work, LEASE + SOON) == ["yang:一!", "yang:二!", "luo:三!"]


def test_a_word_that_is_settled_stays_settled(work: OpenWork) -> None:
    claimed(work)
    settle(work, 1, OutboxState.SENT)
    settle(work, 1, OutboxState.UNKNOWN)
    settle(work, 3, OutboxState.DEAD)

    assert claimed(work, LEASE + SOON) == ["yang:二!"]
    with work() as kept:
        states = [word.state for word in kept.pages.out_words_after("c1", 0)]
    assert states == [OutboxState.SENT, OutboxState.SENDING, OutboxState.SENT]


def test_a_word_that_must_wait_keeps_later_words_to_the_same_person_behind_it(
    work: OpenWork,
) -> None:
    claimed(work, limit=1)
    assert claimed(work) == ["luo:三"]  # 二 waits, for 一 is being sent

    settle(work, 1, OutboxState.QUEUED, wait=SOON)
    assert claimed(work) == []
    assert claimed(work, 2 * SOON) == ["yang:一", "yang:二"]
