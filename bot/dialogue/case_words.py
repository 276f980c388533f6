"""Words about a case that work from every state: status, moving, ending, answers, a person."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.effects import (
    CallPerson,
    EndCase,
    GiveBack,
    LookUpStatus,
    Say,
    TakeAnswer,
)
from bot.dialogue.events import CaseEnded, StatusFound
from bot.dialogue.intake import ask_again, ask_for_more, confirm
from bot.dialogue.meeting import change_mediator, move
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.times import wish_data
from bot.dialogue.view import Turn, View
from bot.dialogue.words import command_in, names_other_side, performance_in
from domain.conversation import TaskKind
from nlu.interpreter import Understanding

HOURS_TO_PERSON = 24 * 60
PERFORMANCES = ("kept", "partly", "not_kept", "disputed")
REST_CHOICES = ("do:status", "do:reschedule", "do:cancel", "do:new", "do:person")
INVITED_CHOICES = ("do:status", "do:reschedule", "do:retell", "do:decline", "do:person")


def look_up(state: Dialogue, purpose: str, view: View, heard: Understanding | None = None) -> Turn:
    """Look the case up, for whatever is wanted of it; without a case say so and go on."""
    numbers = state.case_numbers
    if not numbers:
        return state, (Say("no_case_yet"), *_onward(state, view))
    if purpose == "status":
        others = tuple(LookUpStatus(number, "other_status") for number in numbers[:0:-1])
        return state, (*others, LookUpStatus(numbers[0], purpose))
    state = state.turn_to_case()
    wish = wish_data(heard.facts.wishes) if heard is not None else {}
    return replace(state, wish=wish), (LookUpStatus(numbers[0], purpose),)


def _onward(state: Dialogue, view: View) -> tuple[Say, ...]:
    again = tuple(each for each in ask_again(state, view) if isinstance(each, Say))
    return again or (Say("tell_story"),)


def found(state: Dialogue, status: StatusFound, view: View) -> Turn:
    """Go on with what the case was looked up for."""
    if status.stage == "paused" and status.purpose != "status":
        return paused(state)
    if status.purpose == "reschedule":
        return move(state, status)
    if status.purpose == "change_mediator":
        return change_mediator(state, status)
    return say_status(state, status, view)


def say_status(state: Dialogue, status: StatusFound, view: View) -> Turn:
    """Say how a case stands; after the last of several, lead back to what is open."""
    label = "" if state.is_respondent else view.catalogue.sheet(status.dispute_type).label
    say = Say("case_status", {"status": status, "label": label})
    return state, (say, *(ask_again(state, view) if status.purpose == "status" else ()))


def call_person(state: Dialogue, view: View, kind: TaskKind = TaskKind.PERSON_WANTED) -> Turn:
    """Ask a person to get in touch, and say how to reach one at once."""
    if state.stage is Stage.HELD and kind is TaskKind.PERSON_WANTED:
        return state, (Say("person_is_told"),)  # the safety task is open, due within minutes
    call = CallPerson(kind, HOURS_TO_PERSON, str(kind), state.case_number)
    return state, (call, Say("person_called"), *ask_again(state, view))


def ask_to_end(state: Dialogue, heard: Understanding | None, cancel: bool) -> Turn:
    """Ask once which ending is meant; to say it again is clear enough (人民调解法 17)."""
    if state.stage is Stage.CONFIRMING and state.confirming == "stop":
        return end(state, "stop")
    if state.is_mid_intake and state.case_number is None:
        return _confirming(state, "stop")
    state = state.turn_to_case()
    if state.case_number is None:
        return state, (Say("nothing_to_cancel"), Say("tell_story"))
    if state.is_respondent:
        return _ask_to_decline(state, heard, cancel)
    if cancel:
        return _confirming(state, "cancel")
    by_other_side = heard is not None and names_other_side(heard.text)
    if state.stage is Stage.CONFIRMING and state.confirming in {"refusal", "other_side"}:
        return end(state, "other_side_refuses" if by_other_side else "withdraw")
    return _confirming(state, "other_side" if by_other_side else "refusal")


def _ask_to_decline(state: Dialogue, heard: Understanding | None, cancel: bool) -> Turn:
    """Let the invited side out: a plain no ends it at once, a doubtful one is asked about."""
    is_plain = heard is not None and command_in(heard.text) in {"refuse", "withdraw"}
    is_again = state.stage is Stage.CONFIRMING and state.confirming == "decline"
    if not cancel and (is_plain or is_again):
        return end(state, "decline")
    return _confirming(state, "session" if cancel else "decline")


def _confirming(state: Dialogue, what: str) -> Turn:
    if state.stage is Stage.HELD:
        return state, (confirm(what),)
    back_to = state.back_to if state.stage is Stage.CONFIRMING else state.stage
    state = replace(state, stage=Stage.CONFIRMING, confirming=what, back_to=back_to)
    return state, (confirm(what),)


def end(state: Dialogue, choice: str) -> Turn:
    """Carry out the chosen ending."""
    number = state.case_number
    if number is None:
        return state.turn_to_next(), (Say("stopped"),)
    if choice == "give_back":
        return state, (GiveBack(number),)
    by_other_side = state.is_respondent or choice == "other_side_refuses"
    return state, (EndCase(number, other_side=by_other_side),)


def resume(state: Dialogue, view: View) -> Turn:
    """Go back to what was open before the question."""
    if state.stage is Stage.CONFIRMING:
        state = replace(state, stage=state.back_to or Stage.TELLING, confirming=None, back_to=None)
    again = ask_again(state, view)
    if again:
        return state, (Say("welcome_back"), *again)
    if state.case_number is not None:
        return state, (at_rest(state),)
    return ask_for_more(replace(state, retold=0))


def rest_choices(state: Dialogue) -> tuple[str, ...]:
    """Return what a side can do while nothing is open."""
    return INVITED_CHOICES if state.is_respondent else REST_CHOICES


def at_rest(state: Dialogue) -> Say:
    """Return what is said when nothing is open and a case exists."""
    return Say("at_rest", {"number": state.case_number}, rest_choices(state))


def paused(state: Dialogue) -> Turn:
    """Say that a person arranges this now; why (the other side's safety, say) is not told."""
    return state.rest(), (Say("paused", {}, ("do:person",)),)


def given_back(state: Dialogue) -> Say:
    """Return what is said once the coming session is cancelled."""
    leave = "do:decline" if state.is_respondent else "do:withdraw"
    onward = ("do:person",) if state.stage is Stage.HELD else ("do:book",)
    data = {"number": state.case_number, "is_invited": state.is_respondent}
    return Say("session_given_back", data, (*onward, leave))


def say_ended(state: Dialogue, ended: CaseEnded, view: View) -> Turn:
    """Say that mediation ends and which lawful ways remain (人民调解法 26)."""
    after = state.turn_to_next()
    if state.stage in {Stage.HELD, Stage.NOTICE}:
        after = replace(after, stage=state.stage)
    if state.is_respondent:
        return after, (Say("declined"),)
    data = {"type": state.dispute_type, "now": view.now}
    template = "other_side_refused" if ended.other_side else "case_withdrawn"
    return after, (Say(template, {"number": ended.number}), Say("remedies", data, ("do:lawyer",)))


def take_answer(state: Dialogue, heard: Understanding) -> Turn:
    """Take a free-text answer to a follow-up question of somebody who has a case."""
    answer = performance_in(heard.text)
    if answer is None:
        choices = tuple(f"answer:{state.follow_up or 0}:{each}" for each in PERFORMANCES)
        return state, (Say("which_answer", {}, choices),)
    return replace(state, follow_up=None), (
        TakeAnswer(state.case_numbers[0], answer, state.follow_up),
    )
