"""Photos, voice notes and files in the dialogue: kept, or one sentence why not and what to do."""

from __future__ import annotations

import pytest

from bot.dialogue.effects import CallPerson
from bot.messages import REFUSALS, Attachment
from domain.conversation import TaskKind
from tests.bot.dialogue.people import booked, lender, newcomer
from tests.bot.reply_samples import RENDERER


def test_what_is_sent_before_the_notice_is_agreed_to_is_not_kept():
    person = newcomer().sends(Attachment("photo", refused="not_agreed"))

    assert person.templates == ["evidence_refused", "notice"]
    assert person.said[0].data["why"] == "not_agreed"


def test_a_photo_is_kept_and_the_open_question_stays():
    person = lender().sends(Attachment("photo", evidence_id="e1"))

    assert person.templates == ["evidence_kept", "ask_fact"]


def test_a_voice_note_calls_a_person_within_a_working_day():
    person = booked().sends(Attachment("voice", evidence_id="e1"))

    assert person.templates == ["voice_kept"]
    assert person.did(CallPerson) == [
        CallPerson(TaskKind.PHONE, 24 * 60, "voice_note", person.state.case_number)
    ]


@pytest.mark.parametrize("why", REFUSALS)
def test_what_is_refused_says_why_and_calls_nobody(why):
    person = lender().sends(Attachment("file", refused=why))

    assert person.templates == ["evidence_refused", "ask_fact"]
    assert person.said[0].data == {"kind": "file", "why": why}
    assert person.did(CallPerson) == []


def test_every_reason_has_a_sentence_of_its_own():
    words = {RENDERER.reply("evidence_refused", {"kind": "file", "why": why}) for why in REFUSALS}

    assert len(words) == len(REFUSALS)
