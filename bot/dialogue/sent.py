"""What was sent in place of words: photos, voice notes and files."""

from __future__ import annotations

from bot.dialogue.effects import CallPerson, Effect, KeepEvidence, Say
from bot.dialogue.intake import ask_again, notice
from bot.dialogue.safety import MINUTES_TO_PERSON
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.messages import Attachment
from domain.conversation import TaskKind

WORKING_DAY = 24 * 60  # minutes until somebody has listened to a voice note and called back


def attached(state: Dialogue, sent: Attachment, view: View) -> Turn:
    """Say what became of what was sent, and lead back to what is open."""
    if state.stage is Stage.NOTICE:
        refused = Say("evidence_refused", {"kind": sent.kind, "why": "not_agreed"})
        return state, (refused, notice(state))
    return state, (*_received(state, sent), *ask_again(state, view))


def _received(state: Dialogue, sent: Attachment) -> tuple[Effect, ...]:
    if sent.evidence_id is None:
        return (Say("evidence_refused", {"kind": sent.kind, "why": sent.refused or "broken"}),)
    keep = KeepEvidence(sent, state.case_number)
    if sent.kind == "voice":  # nobody but a person understands it
        call = CallPerson(TaskKind.PHONE, WORKING_DAY, "voice_note", state.case_number)
        return keep, call, Say("voice_kept")
    return keep, Say("evidence_kept", {"kind": sent.kind})


def spoken(state: Dialogue, sent: Attachment | None) -> tuple[Effect, ...]:
    """Keep a voice note whose words are read like written ones, where words may be kept at all."""
    if sent is None or sent.evidence_id is None or state.stage is Stage.NOTICE:
        return ()
    return (KeepEvidence(sent, state.case_number),)


def attached_in_hold(state: Dialogue, sent: Attachment) -> Turn:
    """Tell the duty person at once: it may come from somebody in danger."""
    call = CallPerson(TaskKind.SAFETY, MINUTES_TO_PERSON, "evidence", state.case_number)
    if sent.evidence_id is None:
        return state, (call, Say("evidence_held", {"is_kept": False}))
    keep = KeepEvidence(sent, state.case_number)
    return state, (keep, call, Say("evidence_held", {"is_kept": True}))


def too_many(state: Dialogue, view: View) -> Turn:
    """Say that the matter has as many files as one may have; under a hold a person still hears."""
    if state.stage is Stage.HELD:
        return attached_in_hold(state, Attachment("file", refused="too_many"))
    refused = Say("evidence_refused", {"kind": "file", "why": "too_many"})
    return state, (refused, *ask_again(state, view))
