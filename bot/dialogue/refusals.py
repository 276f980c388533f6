"""What a refusal means in a conversation: why it is not done, and what is open now."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import case_words, intake, meeting, sent
from bot.dialogue.effects import Effect, Say
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from domain.errors import (
    MediationLocked,
    NoSuchBooking,
    NothingAsked,
    SlotNotOffered,
    SlotTaken,
    TooMuchEvidence,
)


def refused(state: Dialogue, refusal: Exception, view: View) -> Turn:
    """Say why something is not done, and lead back.

    A lock that this chat knows nothing of is the other side's safety: it is not spoken of.
    """
    match refusal:
        case SlotTaken() | SlotNotOffered() if state.case_number is not None:
            say = Say("slot_taken" if isinstance(refusal, SlotTaken) else "slot_gone")
            again = replace(state, stage=Stage.CHOOSING_SLOT, asked=None, slot=None)
            return again, (say, *meeting.search(again))
        case MediationLocked():
            return case_words.paused(state)
        case NothingAsked():
            return state, (Say("nothing_asked"), *intake.ask_again(state, view))
        case TooMuchEvidence():
            return sent.too_many(state, view)
        case NoSuchBooking():
            state = state.rest()
            return state, (Say("nothing_to_cancel"), case_words.at_rest(state))
    impossible: tuple[Effect, ...] = (Say("not_possible", {}, ("do:person",)),)
    if state.case_number is None:
        return state, (*impossible, *intake.ask_again(state, view))
    return state.rest(), impossible
