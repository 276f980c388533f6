from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.case import Stage
from domain.conversation import HeardMessage, OutboxState, OutWord
from domain.session import BookingStatus
from storage.pages import ConversationFilter, Counts
from tests.conftest import NOW
from tests.storage.samples import (
    OpenWork,
    a_case,
    a_conversation,
    a_follow_up,
    a_message,
    a_session,
    a_task,
    a_word,
    keep,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def five_conversations(work: OpenWork) -> None:
    keep(work, a_case(1, flags=frozenset({"mass"})).advance(Stage.SESSION_BOOKED))
    keep(
        work,
        a_conversation("c1", updated_at=NOW - 4 * HOUR, case_number=1, dispute_type="labour_wage"),
        a_conversation("c2", updated_at=NOW - 3 * HOUR, is_held=True),
        a_conversation("c3", updated_at=NOW - 2 * HOUR, dispute_type="loan"),
        a_conversation("c4", updated_at=NOW - 1 * HOUR, channel="telegram"),
        a_conversation("c5", updated_at=NOW),
    )
    with work() as kept:
        kept.inbox.add(a_message("1", "c1", intent="greet", confidence=0.5))
        kept.outbox.add([a_word("你好", "c1")])
        kept.inbox.add(a_message("2", "c1", intent="dispute", confidence=0.9, flags=("now",)))
        kept.inbox.add(a_message("3", "c1", text=None, choice="do:yes"))
        kept.inbox.add(a_message("4", "c2", flags=("dv", "now")))
        kept.inbox.add(a_message("5", "c3", flags=("harm_others",)))
        kept.commit()


@pytest.mark.usefixtures("five_conversations")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ConversationFilter(), ["c5", "c4", "c3", "c2", "c1"]),
        (ConversationFilter(dispute_type="loan"), ["c3"]),
        (ConversationFilter(flag="now"), ["c2", "c1"]),
        (ConversationFilter(flag="mass"), ["c1"]),
        (ConversationFilter(flag="harm"), []),
        (ConversationFilter(flag="%"), []),
        (ConversationFilter(stage=Stage.SESSION_BOOKED), ["c1"]),
        (ConversationFilter(stage=Stage.AGREED), []),
        (ConversationFilter(is_held=True), ["c2"]),
        (ConversationFilter(channel="telegram"), ["c4"]),
        (ConversationFilter(flag="now", is_held=False), ["c1"]),
    ],
)
def test_conversations_are_listed_the_newest_first_and_as_asked_for(
    work: OpenWork, wanted: ConversationFilter, found: list[str]
) -> None:
    with work() as kept:
        page = kept.pages.conversations(wanted)

    assert [line.conversation.id for line in page.lines] == found
    assert not page.has_more


@pytest.mark.usefixtures("five_conversations")
def test_a_line_of_the_list_tells_stage_flags_and_what_was_last_understood(
    work: OpenWork,
) -> None:
    with work() as kept:
        lines = kept.pages.conversations(ConversationFilter()).lines
        told = kept.conversations.by_id("c1")

    assert lines[-1].conversation == told
    assert lines[-1].stage is Stage.SESSION_BOOKED
    assert lines[-1].flags == ("mass", "now")
    assert (lines[-1].last_intent, lines[-1].last_confidence) == ("dispute", 0.9)
    assert (lines[0].stage, lines[0].flags, lines[0].last_intent) == (None, (), None)


@pytest.mark.usefixtures("five_conversations")
def test_a_long_list_comes_in_pages(work: OpenWork) -> None:
    with work() as kept:
        pages = [kept.pages.conversations(ConversationFilter(), page, 2) for page in (1, 2, 3)]

    found = [[line.conversation.id for line in page.lines] for page in pages]
    assert found == [["c5", "c4"], ["c3", "c2"], ["c1"]]
    assert [page.has_more for page in pages] == [True, True, False]


def test_a_transcript_stands_in_the_order_of_the_talk_even_if_the_clock_stood_still(
    work: OpenWork,
) -> None:
    keep(work, a_conversation("c1"), a_conversation("c2"))
    turns = [("你好", ["请同意", "可以吗？"]), ("同意", ["发生了什么？"]), ("欠钱", [])]
    with work() as kept:
        for number, (said, answers) in enumerate(turns):
            kept.inbox.add(a_message(f"m{number}", "c1", text=said))
            kept.inbox.add(a_message(f"other {number}", "c2", text="别人"))
            kept.outbox.add([a_word(answer, "c1") for answer in answers])
        kept.commit()

    with work() as kept:
        lines = kept.pages.transcript("c1")

    assert [(type(line), line.text) for line in lines] == [
        (HeardMessage, "你好"),
        (OutWord, "请同意"),
        (OutWord, "可以吗？"),
        (HeardMessage, "同意"),
        (OutWord, "发生了什么？"),
        (HeardMessage, "欠钱"),
    ]


def test_a_page_that_knows_the_last_word_gets_only_those_after_it(work: OpenWork) -> None:
    keep(work, a_conversation("c1"), a_conversation("c2"), a_conversation("c3"))
    with work() as kept:
        first, _, _, last = kept.outbox.add(
            [a_word("一"), a_word("二"), a_word("别人", "c2"), a_word("三")]
        )
        kept.commit()

    with work() as kept:
        assert [word.text for word in kept.pages.out_words_after("c1", first)] == ["二", "三"]
        assert [word.text for word in kept.pages.out_words_after("c1", first, 1)] == ["二"]
        assert kept.pages.out_words_after("c1", last) == []
        listened = kept.pages.listened(["c1", "c2", "c3", "c4"])
        assert {id_: number for id_, (_, number) in listened.items()} == {
            "c1": last,
            "c2": last - 1,
            "c3": 0,
        }
        assert listened["c1"][0] == a_conversation("c1").sender
        assert kept.pages.listened([]) == {}


@pytest.mark.usefixtures("roster")
def test_a_day_shows_each_mediators_sessions_from_midnight_to_midnight(work: OpenWork) -> None:
    keep(work, a_case())
    morning = NOW.replace(day=24, hour=0)
    with work() as kept:
        late = kept.sessions.add(a_session(starts_at=morning.replace(hour=17)))
        early = kept.sessions.add(a_session(starts_at=morning))
        other = kept.sessions.add(a_session(mediator_id="xichou-3"))
        kept.sessions.add(a_session(starts_at=morning + timedelta(days=1)))
        kept.sessions.add(a_session(starts_at=morning - HOUR))
        ended = other.end_as(BookingStatus.CANCELLED)
        kept.sessions.end(ended)
        kept.commit()

    with work() as kept:
        day = kept.pages.sessions_of_day(date(2026, 11, 24))
    assert day == {"xichou-1": [early, late], "xichou-3": [ended]}


def test_the_counts_leave_out_what_is_settled(work: OpenWork) -> None:
    keep(work, a_case(1), a_case(2).withdraw(), a_conversation())
    with work() as kept:
        kept.outbox.add([a_word(), a_word(), replace(a_word(), state=OutboxState.SENT)])
        kept.tasks.open(a_task("a"))
        kept.tasks.open(a_task("b"))
        kept.tasks.close(kept.tasks.still_open()[0].id, NOW)
        kept.follow_ups.add([a_follow_up("a"), a_follow_up("b")])
        kept.follow_ups.cancel_of_case(1)
        kept.follow_ups.add([a_follow_up("c")])

        assert kept.pages.counts() == Counts(
            conversations=1,
            cases={"applied": 1, "withdrawn": 1},
            outbox={"queued": 2},
            open_tasks={"phone": 1},
            follow_ups={"pending": 1},
        )
