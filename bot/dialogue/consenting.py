"""Before the person agrees to the notice: what needs nothing kept is answered, the rest waits."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import answers, case_words, intake, privacy, respondent
from bot.dialogue.effects import (
    ForgetWaiting,
    GiveConsent,
    KeepWaiting,
    RecallPlace,
    RecallWaiting,
    Say,
)
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import command_in, is_consent
from nlu.interpreter import SERVICE_QUESTION, Understanding

SURE_OF_CRIME = 0.8


def consent(state: Dialogue, agreed: bool) -> Turn:
    """Take the answer to the notice; who said no may still say yes."""
    if not agreed:
        if state.back_to is not None:
            return privacy.revoke(state)
        return state, (ForgetWaiting(), Say("no_consent", {}, ("consent:yes",)))
    has_own_case = state.case_number is not None and not state.is_respondent
    rest = Stage.RESTING if has_own_case else Stage.TELLING
    state = replace(state, stage=state.back_to or rest, back_to=None)
    return state, (GiveConsent(), Say("consent_thanks"), RecallPlace(), RecallWaiting())


def heard(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Answer what needs nothing kept; hold everything else until the person agrees."""
    agreed = is_consent(heard.text)
    if agreed is not None:
        return consent(state, agreed)
    notice = intake.notice(state)
    command = command_in(heard.text)
    if state.is_respondent and command == "refuse":
        return respondent.decline(state)
    if heard.intent == "privacy_request":
        return privacy.asked_freely(state, heard.text)
    if heard.intent == "human_agent" or command == "person":
        return intake.then(case_words.call_person(state, view)[1], (state, (notice,)))
    if heard.intent == SERVICE_QUESTION:
        return state, (answers.service(heard), notice)
    if heard.intent == "crime_fraud" and heard.intent_confidence >= SURE_OF_CRIME:
        return state, (Say("crime_fraud"), notice)
    if heard.intent in {"greet", "thanks_bye"} and not intake.is_story(heard):
        return state, (notice,)  # and what waits, waits on
    return state, (KeepWaiting(), notice)


def chose(state: Dialogue, verb: str, rest: str, view: View) -> Turn:
    """Take a choice that was tapped before the person agreed."""
    if verb == "consent":
        return consent(state, rest == "yes")
    if verb == "do" and rest in {"person", "lawyer"}:
        return case_words.call_person(state, view)
    if verb == "do" and rest == "decline" and state.is_respondent:
        return respondent.decline(state)
    return state, (intake.notice(state),)
