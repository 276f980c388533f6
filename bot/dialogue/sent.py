"""What was sent in place of words: photos, voice notes and files."""

from __future__ import annotations

from bot.dialogue.effects import CallPerson, Effect, KeepEvidence, Say
from bot.dialogue.intake import ask_again, notice
from bot.dialogue.safety import MINUTES_TO_PERSON
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.messages import NOT_FILES, Attachment
from domain.conversation import TaskKind

ELSEWHERE = ("private", "not_here")  # may come by our own page
WORKING_DAY = 24 * 60  # minutes until somebody has listened to a voice note and called back


def attached(state: Dialogue, sent: Attachment, view: View) -> Turn:
    """Say what became of what was sent, and lead back to what is open."""
    if state.stage is Stage.NOTICE:
        why = sent.refused if sent.refused in NOT_FILES else "not_agreed"
        return state, (Say("evidence_refused", {"kind": sent.kind, "why": why}), notice(state))
    if sent.is_more and sent.evidence_id is not None:
        return state, (KeepEvidence(sent, state.case_number),)
    link = upload_link(view) if sent.refused in ELSEWHERE else ()
    return state, (*_received(state, sent), *link, *ask_again(state, view))


def told_private(state: Dialogue, view: View) -> Turn:
    """Say that such data are not taken here; to somebody in danger nothing is said of it."""
    if state.stage is Stage.HELD:
        return state, ()
    link = () if state.stage is Stage.NOTICE else upload_link(view)
    return state, (Say("private_told"), *link)


def upload_link(view: View) -> tuple[Effect, ...]:
    """Return the word with the one-time link to our own page, where there is such a page."""
    return (Say("upload_link", {"url": view.upload}),) if view.upload else ()


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
    if sent.refused in {"edited", "not_words"}:
        return state, (Say("held_listening", {}, ("do:person",)),)
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
