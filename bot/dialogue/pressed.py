"""Choices that were tapped, the fitting ones and the stale."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import (
    case_words,
    consenting,
    contact,
    corrections,
    intake,
    meeting,
    permitting,
    replying,
    respondent,
    whereabouts,
)
from bot.dialogue.effects import (
    ChangeCase,
    RecallWaiting,
    Say,
)
from bot.dialogue.held import chosen_answer
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View

TYPE_OPEN = frozenset({Stage.TELLING, Stage.PROPOSING, Stage.ASKING, Stage.READING_BACK})
MEETING = frozenset({Stage.CHOOSING_KIND, Stage.CHOOSING_SLOT})


def chose(state: Dialogue, id_: str, view: View) -> Turn:
    """Take a choice; one that no longer fits is answered with what is open."""
    verb, _, rest = id_.partition(":")
    if state.stage is Stage.NOTICE:
        return consenting.chose(state, verb, rest, view)
    turn = _do(state, rest, view) if verb == "do" else _in_form(state, verb, rest, view)
    return turn or stale(state, view)


def stale(state: Dialogue, view: View) -> Turn:
    """Answer a button that no longer fits: say so, and show what is open."""
    again = intake.ask_again(state, view)
    if not again:
        again = (case_words.at_rest(state) if state.case_number else Say("tell_story"),)
    return state, (Say("choice_over"), *again)


def _in_form(state: Dialogue, verb: str, rest: str, view: View) -> Turn | None:
    match verb:
        case "type":
            return _type(state, rest, view)
        case "fact":
            name, _, choice = rest.partition(":")
            return replying.choose_answer(_resumed(state), name, choice, view)
        case "back" if state.stage is Stage.READING_BACK:
            is_right = rest == "right"
            return (
                intake.register(state, view) if is_right else corrections.offer_changes(state, view)
            )
        case "change":
            return corrections.reopen(_resumed(state), rest, view)
        case "answer":
            return chosen_answer(state, rest)
    return _beside_form(state, verb, rest, view) or _meet(state, verb, rest, view)


def _beside_form(state: Dialogue, verb: str, rest: str, view: View) -> Turn | None:
    match verb:
        case "place":
            return whereabouts.confirmed(_resumed(state), rest, view)
        case "may":
            return permitting.chosen(_resumed(state), rest, view)
        case "contact" if rest in {"yes", "no"}:
            return contact.answer(state, rest == "yes")
        case "own" if rest == "skip":
            return respondent.skip(_resumed(state), view)
    return None


def _type(state: Dialogue, name: str, view: View) -> Turn | None:
    if state.case_number is not None or state.stage not in TYPE_OPEN:
        return None
    if name == "none" and state.stage is Stage.PROPOSING:
        return intake.reject_types(state)
    return intake.take_type(state, name, view) if name in view.catalogue.sheets else None


def _meet(state: Dialogue, verb: str, rest: str, view: View) -> Turn | None:
    if state.case_number is None:
        return None
    if verb == "kind" and state.stage in MEETING and rest in meeting.KINDS:
        return meeting.choose_kind(state, rest, view)
    is_open = state.stage is Stage.CHOOSING_SLOT or state.slot is not None
    if verb == "slot" and is_open and meeting.is_slot(f"slot:{rest}"):
        return meeting.choose_slot(state, f"slot:{rest}", view)
    return None


def _resumed(state: Dialogue) -> Dialogue:
    """Return the state without the question whether to stop: who goes on does not stop."""
    if state.stage is not Stage.CONFIRMING:
        return state
    return replace(state, stage=state.back_to or Stage.TELLING, confirming=None, back_to=None)


def _do(state: Dialogue, what: str, view: View) -> Turn | None:
    match what:
        case "person" | "lawyer":
            return case_words.call_person(state, view)
        case "status" | "reschedule" | "change_mediator":
            return case_words.look_up(state, what, view)
        case "book" if state.case_number is not None:
            return case_words.look_up(state, "reschedule", view)
        case "cancel":
            return case_words.ask_to_end(state, None, cancel=True)
        case "stop" | "give_back" | "withdraw" | "other_side_refuses":
            return _end(state, what)
        case "continue":
            return case_words.resume(state, view)
        case "decline" | "retell":
            return _invited(state, what, view)
    return _do_in_form(state, what)


def _invited(state: Dialogue, what: str, view: View) -> Turn | None:
    """Do what only the invited side can; a refusal needs one tap and no question."""
    if not state.is_respondent or state.case_number is None:
        return None
    return respondent.decline(state) if what == "decline" else respondent.tell_again(state, view)


def _end(state: Dialogue, what: str) -> Turn | None:
    """End at once what was asked about just now; an older button is asked about first."""
    if what == "stop":
        is_asked = state.stage is Stage.CONFIRMING and state.confirming == "stop"
        return case_words.end(state, what) if is_asked else None
    if state.case_number is None:
        return None
    is_offered = any(each.id == f"do:{what}" for each in state.offered)
    if state.stage is Stage.CONFIRMING or is_offered:
        return case_words.end(state, what)
    return case_words.ask_to_end(state, None, cancel=what != "other_side_refuses")


def _do_in_form(state: Dialogue, what: str) -> Turn | None:
    has_case = state.case_number is not None
    match what:
        case "retype":
            return corrections.retype(state) if state.is_mid_intake and not has_case else None
        case "restart":
            return restart(state)
        case "new" if has_case:
            return restart(state)
        case "other_kind" if state.stage is Stage.CHOOSING_SLOT:
            return meeting.ask_kind_again(state)
        case "no_session" if state.stage in MEETING:
            return _no_session(state)
        case "add" | "new_story" if state.stage is Stage.RESTING and state.story:
            return _add(state) if what == "add" else _new_story(state)
    return None


def _no_session(state: Dialogue) -> Turn:
    if state.moving:
        state = state.rest()
        return state, (case_words.at_rest(state),)
    choices = case_words.rest_choices(state)
    said = Say("no_session_now", {"number": state.case_number}, choices)
    state, asked = contact.ask(state.rest())
    return state, (said, *asked)


def _add(state: Dialogue) -> Turn:
    number = state.case_number or 0
    added = ChangeCase(number, {}, state.story)
    return replace(state, story=""), (added, Say("case_changed", {"number": number}))


def _new_story(state: Dialogue) -> Turn:
    return replace(state, story="").begin_anew(), (Say("new_matter"), RecallWaiting())


def restart(state: Dialogue) -> Turn:
    """Begin from the start; a matter that has a case stays as it is, this is another."""
    template = "restarted" if state.case_number is None else "new_matter"
    return state.begin_anew(), (Say(template), Say("tell_story"))
