"""Whether the applicant agrees that we get in touch with the other side; asked after booking."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.effects import AllowContact, Effect, Say
from bot.dialogue.state import Dialogue
from bot.dialogue.view import Turn
from bot.dialogue.words import TIDY, is_consent

YES, NO = "contact:yes", "contact:no"


def ask(state: Dialogue) -> tuple[Dialogue, tuple[Effect, ...]]:
    """Return the question, once for a case; nothing where it was asked, or for the other side."""
    if state.contact or state.is_respondent or state.case_number is None:
        return state, ()
    return replace(state, contact="asked"), (Say("ask_contact", {}, (YES, NO)),)


def typed(state: Dialogue, text: str) -> Turn | None:
    """Take a typed yes or no to the question just asked; None for anything else."""
    if state.contact != "asked" or not any(each.id == YES for each in state.offered):
        return None
    agreed = is_consent(TIDY.sub("", text))
    return None if agreed is None else answer(state, agreed)


def answer(state: Dialogue, agreed: bool) -> Turn | None:
    """Keep the answer; it may be changed as often as the button is found again."""
    number = state.case_number
    if state.is_respondent or number is None or not state.contact:
        return None
    state = replace(state, contact="yes" if agreed else "no")
    said = Say("contact_agreed") if agreed else Say("contact_refused", {}, (YES,))
    return state, (AllowContact(number, agreed), said)
