"""Codes for another device, in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from domain.conversation import ResumeCode
from domain.errors import ConversationMovedOn, NoSuchCode, TalkMovedAway
from tests.conftest import NOW
from tests.storage.test_pages import OpenWork, a_conversation, keep

CODE = ResumeCode("hash-1", "c1", NOW + timedelta(days=30))


def test_a_code_is_found_by_its_hash_until_a_newer_one_replaces_it(work: OpenWork) -> None:
    keep(work, a_conversation("c1"))
    with work() as kept:
        kept.resume_codes.put(CODE)
        assert kept.resume_codes.get("hash-1") == CODE
        kept.resume_codes.put(replace(CODE, code_hash="hash-2"))
        kept.commit()

    with work() as kept:
        assert kept.resume_codes.get("hash-1") is None
        assert kept.resume_codes.get("hash-2") is not None


def test_a_used_code_cannot_be_used_again_and_still_says_who_left(work: OpenWork) -> None:
    keep(work, a_conversation("c1"))
    with work() as kept:
        kept.resume_codes.put(CODE)
        kept.resume_codes.use("hash-1", "old", "new")
        with pytest.raises(NoSuchCode):
            kept.resume_codes.use("hash-1", "old", "other")
        kept.resume_codes.put(replace(CODE, code_hash="hash-2"))

        assert kept.resume_codes.has_left("old")
        assert not kept.resume_codes.has_left("new")


def test_a_conversation_goes_to_its_new_device_and_the_old_one_cannot_begin_it_anew(
    work: OpenWork,
) -> None:
    talk = a_conversation("c1")
    keep(work, talk)
    with work() as kept:
        kept.resume_codes.put(CODE)
        kept.resume_codes.use("hash-1", talk.sender, "new")
        kept.conversations.hand_over(talk, "new")
        moved = kept.conversations.get(talk.channel, "new")

        assert moved is not None
        assert (moved.id, moved.version) == ("c1", talk.version + 1)
        with pytest.raises(ConversationMovedOn):  # a turn that began before the move
            kept.conversations.save(talk)
        with pytest.raises(TalkMovedAway):
            kept.conversations.add(replace(talk, id="c9"))


def test_erasing_a_conversation_erases_its_codes(work: OpenWork, engine: Engine) -> None:
    keep(work, a_conversation("c1"))
    with work() as kept:
        kept.resume_codes.put(CODE)
        kept.commit()

    with engine.begin() as connection:
        connection.execute(text("DELETE FROM conversation WHERE id = 'c1'"))
        assert connection.execute(text("SELECT count(*) FROM resume_code")).scalar_one() == 0
