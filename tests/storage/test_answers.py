"""Words that are given in answer to a message at once, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from domain.conversation import OutboxState, OutWord
from storage.writer import Writer
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_conversation, a_word, keep

LATER = NOW + timedelta(seconds=20)


@pytest.fixture(autouse=True)
def person(work: OpenWork) -> None:
    keep(work, a_conversation("c1", channel="wechat"))


def put(writer: Writer, *words: OutWord) -> None:
    writer.submit(lambda work: work.outbox.add(words)).result()


def answer(writer: Writer, message_id: str = "m1", most: int = 8) -> Sequence[str] | None:
    """Claim what can be answered; return the texts that were claimed, marked where they went."""

    def job(work: Any) -> list[str] | None:
        due = work.outbox.answering("c1", message_id, NOW)
        if due is None:
            return None
        claimed = work.outbox.claim_answer([d.word for d in due][:most], message_id, LATER)
        marked = {each.word.id for each in due if each.was_sending}
        return [("again: " if word.id in marked else "") + word.text for word in claimed]

    return writer.submit(job).result()


def mark(writer: Writer, state: OutboxState) -> None:
    def job(work: Any) -> None:
        for word in work.pages.out_words_after("c1", 0):
            work.outbox.mark(word.id, state)

    writer.submit(job).result()


def claim(writer: Writer, seconds: int = 0) -> list[str]:
    at = NOW + timedelta(seconds=seconds)
    writer.submit(lambda work: work.outbox.lapse("wechat", at)).result()
    due = writer.submit(lambda work: work.outbox.claim("wechat", at, 9)).result()
    return [("again: " if each.was_sending else "") + each.word.text for each in due]


def states(writer: Writer) -> list[str]:
    return [str(w.state) for w in writer.read(lambda work: work.pages.out_words_after("c1", 0))]


def test_an_answer_holds_all_that_waits_in_order_also_what_was_not_due_yet(
    writer: Writer,
) -> None:
    put(writer, a_word("一", not_before=LATER), a_word("二"), a_word("三", not_before=LATER))

    assert answer(writer) == ["一", "二", "三"]
    assert states(writer) == ["sending"] * 3
    assert claim(writer) == []


def test_a_word_that_waits_for_an_answer_is_not_sent_before(writer: Writer) -> None:
    put(writer, a_word("一", not_before=NOW + timedelta(seconds=5)))

    assert claim(writer) == []
    assert claim(writer, seconds=5) == ["一"]


def test_nothing_is_answered_past_a_word_on_its_way(writer: Writer) -> None:
    put(writer, a_word("一"), a_word("二"))
    assert claim(writer) == ["一"]

    assert answer(writer) is None
    assert states(writer) == ["sending", "queued"]


def test_who_asks_again_gets_the_same_words_whatever_was_thought_of_them(writer: Writer) -> None:
    put(writer, a_word("一"), a_word("二"))
    first = answer(writer)

    for state in (OutboxState.SENT, OutboxState.UNKNOWN):
        mark(writer, state)
        assert answer(writer) == first
        assert states(writer) == ["sending"] * 2


def test_another_message_is_not_answered_with_them_again(writer: Writer) -> None:
    put(writer, a_word("一"))
    answer(writer)
    mark(writer, OutboxState.SENT)
    put(writer, a_word("二"))

    assert answer(writer, "m2") == ["二"]


def test_an_answer_lost_twice_is_still_sent_once_more_and_marked(writer: Writer) -> None:
    put(writer, a_word("一"))
    for _ in range(2):
        answer(writer)
        mark(writer, OutboxState.UNKNOWN)

    assert claim(writer) == ["again: 一"]


def test_a_word_whose_sending_never_ended_is_marked_in_the_answer(writer: Writer) -> None:
    put(writer, a_word("一"))
    claim(writer)
    mark(writer, OutboxState.UNKNOWN)

    assert answer(writer) == ["again: 一"]


def test_an_answer_whose_process_died_is_sent_once_its_lease_is_over(writer: Writer) -> None:
    put(writer, a_word("一"))
    answer(writer)

    assert claim(writer, seconds=19) == []
    assert claim(writer, seconds=20) == ["again: 一"]


def test_a_planned_word_keeps_its_own_key_and_is_given_in_one_answer_only(
    writer: Writer,
) -> None:
    put(writer, a_word("明天见面", unasked=True, key="session_tomorrow:1"))
    assert answer(writer) == ["明天见面"]
    mark(writer, OutboxState.SENT)
    put(writer, a_word("明天见面", unasked=True, key="session_tomorrow:1"))

    assert answer(writer) == []
    assert claim(writer) == []


def test_of_two_who_answer_and_one_who_sends_each_word_is_claimed_once(writer: Writer) -> None:
    for number in range(15):
        put(writer, a_word(f"{number}"))
        with ThreadPoolExecutor(3) as pool:
            jobs = [
                pool.submit(answer, writer, f"a{number}"),
                pool.submit(answer, writer, f"b{number}"),
                pool.submit(claim, writer),
            ]
            claimed = [text for job in jobs for text in (job.result() or [])]
        mark(writer, OutboxState.SENT)
        assert claimed == [f"{number}"]
