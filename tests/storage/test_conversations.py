from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversation import OutboxState
from domain.errors import AlreadyHeard, ConversationMovedOn
from storage.columns import Moment, NaiveMoment
from storage.engine import to_json
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, a_message, a_word, keep


def test_a_conversation_comes_back_as_it_was_kept(work: OpenWork) -> None:
    keep(work, a_case(2026000015))
    told = a_conversation(
        state={"stage": "asking", "known": {"wish": "拿回工钱"}, "tried": 0},
        updated_at=NOW + timedelta(microseconds=7),
        case_number=2026000015,
        consented_at=NOW,
        is_held=True,
        with_person=True,
        dispute_type="labour_wage",
    )
    keep(work, told)

    with work() as kept:
        assert kept.conversations.get("webchat", told.sender) == told
        assert kept.conversations.by_id("c1") == told
        assert kept.conversations.get("telegram", told.sender) is None
        assert kept.conversations.by_id("c2") is None


def test_of_two_turns_that_read_the_same_state_the_second_is_refused(work: OpenWork) -> None:
    keep(work, a_conversation())
    with work() as kept:
        read = kept.conversations.by_id("c1")
        assert read is not None
        kept.conversations.save(replace(read, state={"turn": "first"}))

        with pytest.raises(ConversationMovedOn):
            kept.conversations.save(replace(read, state={"turn": "second"}))

        saved = kept.conversations.by_id("c1")
        assert saved == replace(read, state={"turn": "first"}, version=1)


def test_a_person_has_one_conversation_on_a_channel(work: OpenWork) -> None:
    keep(work, a_conversation("c1", sender="yang"))
    with work() as kept:
        with pytest.raises(ConversationMovedOn):
            kept.conversations.add(a_conversation("c2", sender="yang"))
        kept.conversations.add(a_conversation("c3", sender="yang", channel="telegram"))
        kept.commit()

    with work() as kept:
        assert kept.conversations.by_id("c2") is None
        assert kept.conversations.by_id("c3") is not None


def test_a_message_that_comes_twice_is_taken_once_and_spoils_nothing_else(work: OpenWork) -> None:
    keep(work, a_conversation())
    with work() as kept:
        kept.inbox.add(a_message("m1"))
        with pytest.raises(AlreadyHeard):
            kept.inbox.add(a_message("m1", text="老板欠我工钱！"))
        kept.inbox.add(a_message("m2"))
        kept.inbox.add(a_message("m1", channel="telegram"))
        kept.commit()

    with work() as kept, pytest.raises(AlreadyHeard):
        kept.inbox.add(a_message("m2"))


def test_words_that_waited_for_consent_are_filled_in(work: OpenWork) -> None:
    keep(work, a_conversation())
    whole = a_message(
        intent="dispute",
        dispute_type="labour_wage",
        confidence=0.91,
        flags=("mass", "now"),
        model="m-1",
    )
    with work() as kept:
        kept.inbox.add(a_message(text=None))
        kept.inbox.complete(whole)
        kept.commit()

    with work() as kept:
        assert kept.pages.transcript("c1") == [whole]


def test_words_out_get_rising_numbers_and_a_planned_word_is_kept_once(work: OpenWork) -> None:
    keep(work, a_conversation())
    with work() as kept:
        first, planned, last = kept.outbox.add(
            [a_word("一"), a_word("二", key="check_week:1"), a_word("三")]
        )
        again = kept.outbox.add([a_word("二", key="check_week:1"), a_word("四")])
        kept.commit()

    assert first < planned < last < again[1]
    assert again[0] == planned
    with work() as kept:
        assert [word.text for word in kept.pages.out_words_after("c1", 0)] == [*"一二三四"]


def test_a_word_out_comes_back_as_it_was_kept(work: OpenWork) -> None:
    keep(work, a_case(2026000015), a_conversation())
    word = a_word(
        choices=({"id": "fact:prior:none", "label": "没有找过"},),
        asks={"name": "prior", "kind": "choice"},
        case_number=2026000015,
        key="k",
        unasked=True,
        state=OutboxState.SENT,
    )
    with work() as kept:
        (number,) = kept.outbox.add([word])

        assert kept.pages.out_words_after("c1", 0) == [replace(word, id=number)]


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_survives_to_the_microsecond(told: datetime) -> None:
    kind = Moment()

    assert kind.process_result_value(kind.process_bind_param(told, None), None) == told


def test_a_moment_without_a_time_zone_is_refused(work: OpenWork) -> None:
    with work() as kept, pytest.raises(NaiveMoment):
        kept.conversations.add(a_conversation(updated_at=datetime(2026, 11, 23)))  # noqa: DTZ001


def test_moments_come_back_in_local_time(work: OpenWork) -> None:
    keep(work, a_conversation())
    with work() as kept:
        read = kept.conversations.by_id("c1")

    assert read is not None
    assert str(read.updated_at) == "2026-11-23 10:00:00+08:00"


def test_characters_that_no_database_takes_do_not_stop_a_turn(work: OpenWork) -> None:
    keep(work, a_conversation(sender="y\0ang", state={"words": "\ud83d\0"}))
    with work() as kept:
        kept.inbox.add(a_message("m\0", text="老板\0欠我\ud83d工钱"))
        kept.outbox.add([a_word("好\0的\udc00")])
        kept.commit()

    with work() as kept:
        assert kept.conversations.get("webchat", "yang") is not None
        assert [line.text for line in kept.pages.transcript("c1")] == ["老板欠我?工钱", "好的?"]


def test_json_is_kept_readable() -> None:
    assert to_json({"事": "欠薪"}) == '{"事":"欠薪"}'


def test_what_is_not_committed_is_gone(work: OpenWork) -> None:
    with work() as kept:
        kept.conversations.add(a_conversation())

    with work() as kept:
        assert kept.conversations.by_id("c1") is None


def test_several_conversations_are_recalled_in_the_order_asked_for(work: OpenWork) -> None:
    with work() as kept:
        for number in range(3):
            kept.conversations.add(a_conversation(id=f"c{number}", sender=f"s{number}"))
        kept.commit()

    with work() as kept:
        asked = [("webchat", "s2"), ("webchat", "nobody"), ("webchat", "s0"), ("telegram", "s1")]
        found = kept.conversations.get_all(asked)

    assert [each and each.id for each in found] == ["c2", None, "c0", None]
