"""One step of the dialogue: safety first, then words that always work, then the open state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.dialogue import answers, case_words, intake, meeting, safety
from bot.dialogue.effects import (
    ChangeCase,
    Effect,
    GiveConsent,
    KeepWaiting,
    RecallWaiting,
    Say,
    TakeAnswer,
)
from bot.dialogue.events import (
    AnswerTaken,
    Attached,
    CaseEnded,
    CaseOpened,
    Chose,
    Event,
    NothingWaiting,
    Refused,
    SessionBooked,
    SessionGivenBack,
    SlotsFound,
    StatusFound,
    Told,
)
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import cannot_speak, command_in, is_consent, is_correction, is_yes
from domain.catalogue import Fact
from domain.conversation import TaskKind
from domain.errors import MediationLocked, NothingAsked, SlotNotOffered, SlotTaken
from domain.facts import FactKind
from nlu.interpreter import DISPUTE, LEGAL_QUESTION, SERVICE_QUESTION, Understanding

SURE_OF_INTENT = 0.8  # below this a reply to an open question is taken as its answer
ABOUT_A_CASE = frozenset(
    {"case_status", "reschedule", "change_mediator", "cancel", "refuse_mediation"}
)
LIKELY_INTENT = 0.35  # enough for a reply that is no answer to the open question
WRITTEN = frozenset({FactKind.TEXT, FactKind.NAME})


def step(state: Dialogue, event: Event, view: View) -> Turn:
    """Take the dialogue one event further. Pure: the same arguments give the same turn."""
    match event:
        case Told(heard):
            return _told(state, heard, view)
        case Chose(id_):
            return _chose(state, id_, view)
        case Attached():
            return state, (Say("attachment_seen"), *intake.ask_again(state, view))
        case Refused(refusal):
            return _refused(state, refusal, view)
    return _answered(state, event, view)


def _answered(state: Dialogue, event: Event, view: View) -> Turn:
    match event:
        case NothingWaiting():
            return intake.ask_for_more(replace(state, retold=0))
        case AnswerTaken(template):
            return state, (Say(template), *intake.ask_again(state, view))
        case StatusFound():
            return case_words.found(state, event, view)
        case CaseEnded():
            return case_words.say_ended(state, event, view)
    return _met(state, event)


def _met(state: Dialogue, event: Event) -> Turn:
    match event:
        case CaseOpened(number):
            return meeting.ask_kind(state, number)
        case SlotsFound():
            return meeting.offer(state, event)
        case SessionBooked():
            return meeting.say_booked(state, event)
        case SessionGivenBack():
            state = state.rest()
            return state, (
                Say(
                    "session_given_back", {"number": state.case_number}, ("do:book", "do:withdraw")
                ),
            )
    raise AssertionError(event)


def _told(state: Dialogue, heard: Understanding, view: View) -> Turn:
    flags = safety.locking(heard.flags)
    if flags:
        return safety.hold(state, flags)
    if state.stage is Stage.HELD and cannot_speak(heard.text):
        return state, (Say("held_quiet"),)
    if state.stage is Stage.NOTICE:
        return _before_consent(state, heard)
    state, warnings = safety.warn(state, heard.flags)
    after, effects = _heard_by_form(state, heard, view) or _heard_by_stage(state, heard, view)
    return after, (*warnings, *effects)


def _before_consent(state: Dialogue, heard: Understanding) -> Turn:
    agreed = is_consent(heard.text)
    if agreed is None:
        return state, (KeepWaiting(), Say("notice", {}, ("consent:yes", "consent:no")))
    return _consent(state, agreed)


def _consent(state: Dialogue, agreed: bool) -> Turn:
    if not agreed:
        return state, (Say("no_consent", {}, ("consent:yes",)),)
    state = replace(state, stage=Stage.TELLING)
    return state, (GiveConsent(), Say("consent_thanks"), RecallWaiting())


def _heard_by_form(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take commands and corrections, which are known by their form alone."""
    name = command_in(heard.text)
    if state.stage is Stage.HELD and state.case_number is None and name != "person":
        return None
    if name is not None:
        return _command(state, name, heard, view)
    if is_correction(heard.text) and state.dispute_type is not None:
        return intake.correct(state, heard, view) if state.stage is not Stage.HELD else None
    return None


def _command(state: Dialogue, name: str, heard: Understanding, view: View) -> Turn | None:
    match name:
        case "person":
            return case_words.call_person(state, view)
        case "status" | "reschedule" | "change_mediator":
            return _look_up(state, name, view, heard)
        case "cancel" | "refuse":
            return case_words.ask_to_end(state, heard, cancel=name == "cancel")
        case "resume":
            return case_words.resume(state, view)
    return None if state.stage is Stage.HELD else _form_command(state, name, view)


def _form_command(state: Dialogue, name: str, view: View) -> Turn | None:
    match name:
        case "undo":
            return intake.undo(state, view)
        case "restart":
            return _restart(state)
        case "later":
            return state, (Say("left"),)
        case "retype":
            return intake.retype(state)
        case "why" if state.stage is Stage.ASKING:
            return state, intake.ask_again(state, view, why=True)
    return None


def _look_up(state: Dialogue, purpose: str, view: View, heard: Understanding | None = None) -> Turn:
    if state.stage is Stage.HELD and purpose != "status":
        return state, (Say("locked", {}, ("do:person",)),)
    return case_words.look_up(state, purpose, view, heard)


def _restart(state: Dialogue) -> Turn:
    fresh = Dialogue(Stage.TELLING, flags=state.flags)
    if state.case_number is not None:
        return replace(fresh, case_number=None), (Say("new_matter"), Say("tell_story"))
    return fresh, (Say("restarted"), Say("tell_story"))


def _heard_by_stage(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if state.stage is Stage.HELD:
        return _held(state, heard, view)
    handler = STAGES[state.stage]
    return handler(state, heard, view)


def _held(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Hear somebody under a safety hold: nothing of the form, but a case's own words work."""
    about_case = heard.intent in ABOUT_A_CASE and state.case_number is not None
    if about_case or heard.intent in {"human_agent", "privacy_request"}:
        return _by_intent(state, heard, view) or safety.listen_while_held(state)
    return safety.listen_while_held(state)


def _by_intent(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take the intents that mean the same in every state; None for anything else."""
    match heard.intent:
        case "human_agent":
            return case_words.call_person(state, view)
        case "privacy_request":
            return case_words.call_person(state, view, TaskKind.PRIVACY)
        case "case_status":
            return _look_up(state, "status", view)
        case "reschedule" | "change_mediator":
            return _look_up(state, heard.intent, view, heard)
        case "cancel" | "refuse_mediation":
            return case_words.ask_to_end(state, heard, cancel=heard.intent == "cancel")
    if state.stage is Stage.HELD:
        return None
    return _by_remark(state, heard, view)


def _by_remark(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    if heard.intent == SERVICE_QUESTION:
        return answers.answer_service(state, heard, view)
    if heard.intent == LEGAL_QUESTION:
        return answers.answer_law(state, heard, view)
    if heard.intent in answers.REMARKS:
        return answers.remark(state, heard, view)
    if heard.intent in answers.REFERRED:
        return answers.refer_matter(state, heard, view)
    if heard.intent == "book":
        return _book(state, heard, view)
    if heard.intent == "followup_answer" and state.case_number is not None:
        return case_words.take_answer(state, heard, view)
    return None


def _book(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if state.case_number is None:
        return intake.ask_for_more(replace(state, retold=0))
    return case_words.look_up(state, "reschedule", view, heard)


def _telling(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if heard.intent != DISPUTE:
        turn = _by_intent(state, heard, view)
        if turn is not None:
            return turn
    if not heard.is_ours and not state.story:
        return intake.ask_for_more(state)
    return intake.hear_story(state, heard, view)


def _proposing(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if heard.intent != DISPUTE and heard.intent_confidence >= SURE_OF_INTENT:
        turn = _by_intent(state, heard, view)
        if turn is not None:
            return turn
    return intake.hear_story(state, heard, view)


def _asking(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take the reply as the answer, unless it is a question or wish of another kind.

    Any words answer a question for words, so there the intent has to be sure; elsewhere a reply
    that cannot be read as an answer is one of those with less.
    """
    fact = _open_fact(state, view)
    if fact is None:
        return intake.ask_for_more(state)
    needed = SURE_OF_INTENT if fact.kind in WRITTEN else LIKELY_INTENT
    other = heard.intent != DISPUTE and heard.intent_confidence >= needed
    if other and not _answers(fact, heard, view):
        turn = _by_intent(state, heard, view)
        if turn is not None:
            return turn
    return intake.answer_fact(state, heard.text, view)


def _open_fact(state: Dialogue, view: View) -> Fact | None:
    sheet = view.sheet_of(state)
    return sheet.by_name.get(state.asked or "") if sheet else None


def _answers(fact: Fact, heard: Understanding, view: View) -> bool:
    if fact.kind in WRITTEN:
        return False
    return intake.can_read(fact, heard.text, view)


def _reading_back(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if is_yes(heard.text):
        return intake.register(state)
    if heard.intent != DISPUTE and heard.intent_confidence >= SURE_OF_INTENT:
        turn = _by_intent(state, heard, view)
        if turn is not None:
            return turn
    corrected = intake.correct(state, heard, view)
    return corrected or intake.offer_changes(state, view)


def _choosing_kind(state: Dialogue, heard: Understanding, view: View) -> Turn:
    kind = meeting.kind_in(heard.text)
    if kind is not None:
        return meeting.choose_kind(state, kind, view, heard.facts)
    return _by_intent(state, heard, view) or (state, intake.ask_again(state, view))


def _choosing_slot(state: Dialogue, heard: Understanding, view: View) -> Turn:
    kind = meeting.kind_in(heard.text)
    if kind is not None and kind != state.session_kind:
        return meeting.choose_kind(state, kind, view, heard.facts)
    turn = meeting.take_wish(state, heard.facts)
    return turn or _by_intent(state, heard, view) or (state, intake.ask_again(state, view))


def _confirming(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if is_yes(heard.text) and state.confirming == "stop":
        return case_words.end(state, "stop")
    if is_yes(heard.text) and state.confirming == "other_side":
        return case_words.end(state, "other_side_refuses")
    return case_words.resume(state, view)


def _resting(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if heard.intent != DISPUTE:
        turn = _by_intent(state, heard, view)
        if turn is not None:
            return turn
    if not heard.is_ours:
        return case_words.resume(state, view)
    choices = ("do:add", "do:new_story", "do:person")
    state = replace(state, story=heard.text[: intake.STORY_LIMIT])
    return state, (KeepWaiting(), Say("more_or_new", {}, choices))


Handler = Callable[[Dialogue, Understanding, View], Turn]
STAGES: dict[Stage, Handler] = {
    Stage.TELLING: _telling,
    Stage.PROPOSING: _proposing,
    Stage.ASKING: _asking,
    Stage.READING_BACK: _reading_back,
    Stage.CHOOSING_KIND: _choosing_kind,
    Stage.CHOOSING_SLOT: _choosing_slot,
    Stage.CONFIRMING: _confirming,
    Stage.RESTING: _resting,
}


def _chose(state: Dialogue, id_: str, view: View) -> Turn:
    verb, _, rest = id_.partition(":")
    if verb == "consent":
        return (
            _consent(state, rest == "yes") if state.stage is Stage.NOTICE else _stale(state, view)
        )
    if state.stage is Stage.NOTICE and id_ not in {"do:person", "do:safe"}:
        return state, (Say("notice", {}, ("consent:yes", "consent:no")),)
    if verb == "do":
        return _do(state, rest, view)
    if verb == "answer":
        return _chose_answer(state, rest, view)
    if state.stage is Stage.HELD:
        return safety.listen_while_held(state)
    return _chose_in_form(state, verb, rest, view)


def _chose_in_form(state: Dialogue, verb: str, rest: str, view: View) -> Turn:
    match verb:
        case "type":
            return intake.choose_type(state, rest, view)
        case "fact":
            name, _, choice = rest.partition(":")
            return intake.choose_answer(state, name, choice, view)
        case "back" if state.stage is Stage.READING_BACK:
            right = rest == "right"
            return intake.register(state) if right else intake.offer_changes(state, view)
        case "change":
            return intake.reopen(state, rest, view)
        case "kind" if state.case_number is not None:
            return meeting.choose_kind(state, rest, view)
        case "slot" if state.stage is Stage.CHOOSING_SLOT:
            return meeting.choose_slot(state, f"slot:{rest}", view)
    return _stale(state, view)


def _stale(state: Dialogue, view: View) -> Turn:
    """Answer a button that no longer fits: say so, and show what is open."""
    return state, (Say("choice_over"), *intake.ask_again(state, view))


def _chose_answer(state: Dialogue, rest: str, view: View) -> Turn:
    row, _, answer = rest.partition(":")
    if state.case_number is None or answer not in case_words.PERFORMANCES or not row.isdigit():
        return _stale(state, view)
    return state, (TakeAnswer(state.case_number, answer, int(row) or None),)


def _do(state: Dialogue, what: str, view: View) -> Turn:
    match what:
        case "person" | "lawyer":
            return case_words.call_person(state, view)
        case "safe":
            return state, (Say("held_safe", {}, ("do:person",)),)
        case "status" | "reschedule" | "change_mediator":
            return _look_up(state, what, view)
        case "cancel":
            return case_words.ask_to_end(state, None, cancel=True)
        case "stop" | "give_back" | "withdraw" | "other_side_refuses":
            return case_words.end(state, what)
        case "continue":
            return case_words.resume(state, view)
    if state.stage is Stage.HELD:
        return safety.listen_while_held(state)
    return _do_in_form(state, what, view)


def _do_in_form(state: Dialogue, what: str, view: View) -> Turn:
    match what:
        case "retype":
            return intake.retype(state)
        case "restart" | "new":
            return _restart(state)
        case "book" | "other_kind" if state.case_number is not None:
            return meeting.ask_kind_again(state)
        case "no_session":
            number = {"number": state.case_number}
            return state.rest(), (Say("no_session_now", number, case_words.REST_CHOICES),)
        case "add" if state.case_number is not None:
            words = ChangeCase(state.case_number, {}, state.story)
            return state, (words, Say("case_changed", {"number": state.case_number}))
        case "new_story":
            fresh = Dialogue(Stage.TELLING, flags=state.flags)
            return fresh, (Say("new_matter"), RecallWaiting())
    return _stale(state, view)


def _refused(state: Dialogue, refusal: Exception, view: View) -> Turn:
    match refusal:
        case SlotTaken() | SlotNotOffered():
            say = Say("slot_taken" if isinstance(refusal, SlotTaken) else "slot_gone")
            again = replace(state, stage=Stage.CHOOSING_SLOT, slot=None)
            return again, (say, *meeting.search(again))
        case MediationLocked():
            return replace(state, stage=Stage.HELD), (Say("locked", {}, ("do:person",)),)
        case NothingAsked():
            return state, (Say("nothing_asked"), *intake.ask_again(state, view))
    effects: tuple[Effect, ...] = (Say("not_possible", {}, ("do:person",)),)
    return state.rest(), effects
