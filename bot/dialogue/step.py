"""One step of the dialogue: safety first, then words that always work, then the open state."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import (
    answers,
    case_words,
    consenting,
    contact,
    corrections,
    intake,
    meeting,
    pressed,
    privacy,
    respondent,
    safety,
    sent,
    side_questions,
    whereabouts,
)
from bot.dialogue.effects import AWAITING, Say, TakeAnswer
from bot.dialogue.events import (
    AnswerTaken,
    Attached,
    CaseEnded,
    CaseOpened,
    Chose,
    Event,
    InvitationRefused,
    InvitationTaken,
    Located,
    NothingWaiting,
    PlaceRecalled,
    Refused,
    SessionBooked,
    SessionGivenBack,
    SlotsFound,
    Started,
    StatusFound,
    Told,
    ToldPrivate,
)
from bot.dialogue.held import in_hold
from bot.dialogue.refusals import refused
from bot.dialogue.stages import STAGES
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import command_in, is_correction
from domain.invitation import START
from nlu.interpreter import Understanding

SHORT_ANSWER = 14  # characters


def step(state: Dialogue, event: Event, view: View) -> Turn:
    """Take the dialogue one event further. Pure: the same arguments give the same turn."""
    if isinstance(event, Told) and event.spoken is not None:
        kept = sent.spoken(state, event.spoken)
        return intake.then(kept, step(state, replace(event, spoken=None), view))
    flags = safety.dangers(state, event)
    if flags:
        return safety.hold(state, flags)
    if isinstance(event, ToldPrivate):
        return sent.told_private(state, view)
    turn = privacy.taken(state, event, view)
    if turn is not None:
        return turn
    if state.stage is Stage.HELD:
        return in_hold(state, event, view)
    return _back_to_begun(_step(state, event, view), view)


def _back_to_begun(turn: Turn, view: View) -> Turn:
    """Go back to the matter that was begun before a word about a case, now that it is answered."""
    state, effects = turn
    is_done = state.stage is Stage.RESTING and not any(isinstance(e, AWAITING) for e in effects)
    if not is_done or not any(each.case_number is None for each in state.parked):
        return turn
    kept = replace(state, parked=())
    begun = next(each for each in state.parked if each.case_number is None)
    others = tuple(each for each in state.parked if each is not begun)
    begun = replace(begun, flags=state.flags, parked=(kept, *others))
    return begun, (*effects, Say("welcome_back"), *intake.ask_again(begun, view))


def _step(state: Dialogue, event: Event, view: View) -> Turn:
    match event:
        case Told(heard):
            return _told(state, heard, view)
        case Chose(id_):
            return pressed.chose(state, id_, view)
        case Attached() | Located() | Started():
            return _sent(state, event, view)
        case Refused(refusal):
            return refused(state, refusal, view)
    return _answered(state, event, view)


def _sent(state: Dialogue, event: Attached | Located | Started, view: View) -> Turn:
    match event:
        case Attached(attachment):
            return sent.attached(state, attachment, view)
        case Located():
            return whereabouts.located(state, event, view)
    if event.code.startswith(START):
        return respondent.bring_code(state, event.code.removeprefix(START))
    return whereabouts.started(state, event, view)


def _answered(state: Dialogue, event: Event, view: View) -> Turn:
    match event:
        case PlaceRecalled(place):
            return replace(state, near=place), ()
        case NothingWaiting() if state.is_respondent:
            return state, intake.ask_again(state, view)
        case NothingWaiting():
            return case_words.resume(state, view)
        case AnswerTaken(template):
            return state, (Say(template), *intake.ask_again(state, view))
        case StatusFound():
            return case_words.found(state, event, view)
        case CaseEnded():
            return case_words.say_ended(state, event, view)
    return _met(state, event, view)


def _met(state: Dialogue, event: Event, view: View) -> Turn:
    match event:
        case InvitationTaken():
            return respondent.come_in(state, event, view)
        case InvitationRefused():
            return respondent.stay_out(state, event, view)
        case CaseOpened(number):
            return meeting.ask_kind(state, number)
        case SlotsFound():
            return meeting.offer(state, event)
        case SessionBooked():
            return meeting.say_booked(state, event)
        case SessionGivenBack():
            state = state.rest()
            return state, (case_words.given_back(state),)
    raise AssertionError(event)


def _told(state: Dialogue, heard: Understanding, view: View) -> Turn:
    flags = heard.flags if state.stage is not Stage.NOTICE else heard.flags & {"hazard"}
    if state.stage is Stage.ASKING and len(heard.text) <= SHORT_ANSWER:
        flags -= {"mass"}  # a number told as an answer is no crowd; a dangerous place still counts
    state, warnings = safety.warn(state, flags)
    state, doubts = safety.doubt(state, heard)
    return intake.then((*warnings, *doubts), _heard(state, heard, view))


def _heard(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if state.stage is Stage.NOTICE:
        return consenting.heard(state, heard, view)
    by_form = _heard_by_form(state, heard, view)
    if by_form is not None:
        return by_form
    if side_questions.is_open(state):
        return respondent.told(state, heard, view)
    return STAGES[state.stage](state, heard, view)


def _heard_by_form(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take commands and corrections, which are known by their form alone."""
    answered = whereabouts.typed(state, heard.text, view) or contact.typed(state, heard.text)
    if answered is not None:
        return answered
    name = command_in(heard.text)
    if name is not None:
        return _command(state, name, heard, view)
    if state.follow_up is not None and state.stage is Stage.RESTING and state.case_number:
        answered = case_words.take_answer(state, heard)
        if isinstance(answered[1][0], TakeAnswer):
            return answered
    if is_correction(heard.text) and not state.is_respondent and not _wishes_time(state, heard):
        return None if state.stage is Stage.CONFIRMING else corrections.correct(state, heard, view)
    return None


def _wishes_time(state: Dialogue, heard: Understanding) -> bool:
    """Whether a time is wished for while times are offered (改成周四下午)."""
    return state.stage in pressed.MEETING and bool(heard.facts.wishes)


def _command(state: Dialogue, name: str, heard: Understanding, view: View) -> Turn | None:
    match name:
        case "person":
            return case_words.call_person(state, view)
        case "status" | "reschedule" | "change_mediator":
            return case_words.look_up(state, name, view, heard)
        case "cancel" | "refuse" | "withdraw":
            return case_words.ask_to_end(state, heard, cancel=name == "cancel")
        case "resume":
            return case_words.resume(state, view)
        case "hello":
            return answers.greet(state, view)
    return _form_command(state, name, view)


def _form_command(state: Dialogue, name: str, view: View) -> Turn | None:
    match name:
        case "undo":
            return corrections.undo(state, view)
        case "restart":
            return pressed.restart(state)
        case "later":
            return state, (Say("left"),)
        case "move_device":
            return state, (Say("move_device"), *intake.ask_again(state, view))
        case "retype":
            return corrections.retype(state)
    is_asking = state.stage is Stage.ASKING
    return (state, intake.ask_again(state, view, why=True)) if is_asking else None
