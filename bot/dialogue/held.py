"""Under a safety hold: nothing of the form, but a person and a case's own words still work."""

from __future__ import annotations

from bot.dialogue import case_words, privacy, safety, sent, whereabouts
from bot.dialogue.effects import Say, TakeAnswer
from bot.dialogue.events import (
    AnswerTaken,
    Attached,
    CaseEnded,
    Chose,
    Event,
    Located,
    Refused,
    SessionGivenBack,
    StatusFound,
    Told,
)
from bot.dialogue.state import Dialogue
from bot.dialogue.view import Turn, View
from bot.dialogue.words import cannot_speak, command_in
from domain.errors import NothingAsked, TooMuchEvidence
from nlu.interpreter import Understanding

WANTED = {
    "human_agent": "person",
    "case_status": "status",
    "reschedule": "reschedule",
    "change_mediator": "change_mediator",
    "cancel": "cancel",
    "refuse_mediation": "refuse",
}


def in_hold(state: Dialogue, event: Event, view: View) -> Turn:
    """Take an event under a safety hold. Only an officer ends the hold."""
    match event:
        case Told(heard):
            return _told(state, heard, view)
        case Chose(id_):
            return _chose(state, id_, view)
        case StatusFound():
            return case_words.say_status(state, event, view)
        case CaseEnded():
            return case_words.say_ended(state, event, view)
    return _answered(state, event, view) or listen(state)


def _answered(state: Dialogue, event: Event, view: View) -> Turn | None:
    match event:
        case Attached(attachment):
            return sent.attached_in_hold(state, attachment)
        case Located():
            return whereabouts.located_in_hold(state)
        case AnswerTaken(template):
            return state, (Say(template),)
        case SessionGivenBack():
            return state, (case_words.given_back(state),)
        case Refused(TooMuchEvidence()):
            return sent.too_many(state, view)
        case Refused(NothingAsked()):
            return state, (Say("nothing_asked"),)
        case Refused():
            return state, (_locked(),)
    return None


def listen(state: Dialogue) -> Turn:
    """Answer somebody under a safety hold: no form, no questions, a person is on the way."""
    return state, (Say("held_listening", {}, ("do:person",)),)


def _locked() -> Say:
    return Say("locked", {}, ("do:person",))


def _told(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if cannot_speak(heard.text):
        return state, (Say("held_quiet"),)
    state, warnings = safety.warn(state, heard.flags)
    if heard.intent == "privacy_request":
        return privacy.asked_freely(state, heard.text)
    wanted = command_in(heard.text) or WANTED.get(heard.intent, "")
    after, effects = _wanted(state, wanted, view, heard) or listen(state)
    return after, (*warnings, *effects)


def _wanted(
    state: Dialogue, wanted: str, view: View, heard: Understanding | None = None
) -> Turn | None:
    if wanted in {"person", "lawyer"}:
        return case_words.call_person(state, view)
    return _about_case(state, wanted, view, heard) if state.case_number is not None else None


def _about_case(
    state: Dialogue, wanted: str, view: View, heard: Understanding | None
) -> Turn | None:
    match wanted:
        case "status":
            return case_words.look_up(state, wanted, view)
        case "reschedule" | "change_mediator":
            return state, (_locked(),)
        case "cancel" | "refuse":
            return case_words.ask_to_end(state, heard, cancel=wanted == "cancel")
        case "decline" if state.is_respondent:
            return case_words.end(state, wanted)
        case "give_back" | "withdraw" | "other_side_refuses":
            return case_words.end(state, wanted)
    return None


def _chose(state: Dialogue, id_: str, view: View) -> Turn:
    verb, _, rest = id_.partition(":")
    if verb == "do" and rest == "safe":
        return state, (Say("held_safe", {}, ("do:person",)),)
    if verb == "do":
        return _wanted(state, rest, view) or listen(state)
    if verb == "answer":
        return chosen_answer(state, rest) or listen(state)
    return listen(state)


def chosen_answer(state: Dialogue, rest: str) -> Turn | None:
    """Take a tapped answer to a follow-up question; None where it can be none."""
    row, _, answer = rest.partition(":")
    numbers = state.case_numbers
    if not numbers or answer not in case_words.PERFORMANCES or not row.isdecimal():
        return None
    return state, (TakeAnswer(numbers[0], answer, int(row) or None),)
