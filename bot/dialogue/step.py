"""One step of the dialogue: safety first, then words that always work, then the open state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.dialogue import (
    answers,
    case_words,
    consenting,
    contact,
    corrections,
    intake,
    meeting,
    permitting,
    pressed,
    privacy,
    replying,
    respondent,
    safety,
    sent,
    side_questions,
    whereabouts,
)
from bot.dialogue.effects import AWAITING, KeepWaiting, Say, TakeAnswer
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
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import command_in, ending_in, is_correction, is_question, is_yes
from domain.catalogue import Fact
from domain.invitation import START
from nlu.interpreter import DISPUTE, LEGAL_QUESTION, SERVICE_QUESTION, Understanding

SURE_OF_INTENT = 0.8  # below this a reply to an open question is taken as its answer
SHORT_ANSWER = 14  # characters
LIKELY_INTENT = 0.35  # enough for a reply that is no answer to the open question
SHORT = 12  # characters of a reply, not of a story
# Words that ask for nothing may well be the answer to a question for words (我帮我奶要回钱).
FREE_WORDS = frozenset(
    {"smalltalk", "out_of_scope", "proxy_speaker", "admin_petition", "followup_answer", "book"}
)
ENDINGS = frozenset({"cancel", "refuse_mediation"})


def step(state: Dialogue, event: Event, view: View) -> Turn:
    """Take the dialogue one event further. Pure: the same arguments give the same turn."""
    if isinstance(event, Told) and event.spoken is not None:
        kept = sent.spoken(state, event.spoken)
        return intake.then(kept, step(state, replace(event, spoken=None), view))
    if isinstance(event, Told):
        flags = safety.locking(event.heard.flags)
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
    return intake.then(warnings, _heard(state, heard, view))


def _heard(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if state.stage is Stage.NOTICE:
        return consenting.heard(state, heard, view)
    by_form = _heard_by_form(state, heard, view)
    if by_form is not None:
        return by_form
    if side_questions.is_open(state):
        return respondent.told(state, heard, view, _if_likely, _beside_words)
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


def _by_intent(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take the intents that mean the same in every state; None for anything else."""
    match heard.intent:
        case "human_agent":
            return case_words.call_person(state, view)
        case "privacy_request":
            return privacy.asked_freely(state, heard.text)
        case "case_status":
            return case_words.look_up(state, "status", view)
        case "reschedule" | "change_mediator":
            return case_words.look_up(state, heard.intent, view, heard)
        case "cancel" | "refuse_mediation":
            return case_words.ask_to_end(state, heard, cancel=heard.intent == "cancel")
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
    if heard.intent == "followup_answer" and state.case_numbers:
        return case_words.take_answer(state, heard)
    return None


def _book(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if state.case_number is None:
        state = intake.add_wish(state, heard)
        return case_words.resume(state, view)
    return case_words.look_up(state, "reschedule", view, heard)


def _if_sure(
    state: Dialogue, heard: Understanding, view: View, needed: float = SURE_OF_INTENT
) -> Turn | None:
    """Take the intent where the model is sure enough that this is no part of the matter."""
    is_other = heard.intent != DISPUTE and heard.intent_confidence >= needed
    return _by_intent(state, heard, view) if is_other else None


def _if_likely(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    return _if_sure(state, heard, view, LIKELY_INTENT)


def _telling(state: Dialogue, heard: Understanding, view: View) -> Turn:
    turn = None if intake.is_story(heard) else _by_intent(state, heard, view)
    if turn is not None:
        return turn
    if not heard.is_ours and not state.story:
        return intake.ask_for_more(state)
    return intake.hear_story(state, heard, view)


def _proposing(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take a reply to the question of the type; who does not know gets the likeliest."""
    only = is_yes(heard.text) and len(state.proposed) == 1
    if state.proposed and (only or replying.is_unknown(heard.text)):
        return intake.take_type(state, state.proposed[0], view, reasons=())
    if is_yes(heard.text):
        return intake.propose(state)
    return _if_sure(state, heard, view) or intake.hear_story(state, heard, view)


def _asking(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take the reply as the answer, unless it is a question or wish of another kind.

    Any words answer a question for words, so there the intent has to be sure; elsewhere a reply
    that cannot be read as an answer is one of those with less.
    """
    fact = replying.open_question(state, view)
    if fact is None:
        return intake.ask_for_more(state)
    turn = permitting.told(state, fact, heard.text, view)
    if turn is None and fact.kind in corrections.WRITTEN:
        turn = _beside_words(state, heard, view)
    elif turn is None:
        turn = _unread_reply(state, fact, heard, view)
    return turn or replying.answer_fact(state, fact, heard, view)


def _beside_words(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    is_other = heard.intent not in FREE_WORDS and _fits_its_form(heard)
    return _if_sure(state, heard, view) if is_other else None


def _fits_its_form(heard: Understanding) -> bool:
    """Whether a reply taken for a question of law asks something (退回彩礼 does not)."""
    return heard.intent != LEGAL_QUESTION or is_question(heard.text)


def _unread_reply(state: Dialogue, fact: Fact, heard: Understanding, view: View) -> Turn | None:
    if replying.can_read(fact, heard.text, view):
        return None
    if fact.at_booking and heard.facts.wishes:
        return meeting.take_wish(state, heard.facts)
    return _if_sure(state, heard, view, LIKELY_INTENT)


def _reading_back(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if is_yes(heard.text):
        return intake.register(state, view)
    turn = _if_sure(state, heard, view) or corrections.correct(state, heard, view)
    if turn is not None:
        return turn
    if len(heard.text) < SHORT:
        return corrections.offer_changes(state, view)
    return replying.tell_more(state, heard, view)


def _choosing_kind(state: Dialogue, heard: Understanding, view: View) -> Turn:
    kind = meeting.kind_in(heard.text)
    if kind is None and (meeting.is_any(heard.text) or replying.is_unknown(heard.text)):
        kind = meeting.KINDS[0]
    if kind is not None:
        return meeting.choose_kind(state, kind, view, heard.facts)
    if heard.facts.wishes:
        return meeting.ask_kind_again(intake.add_wish(state, heard))
    return _by_intent(state, heard, view) or (state, intake.ask_again(state, view))


def _choosing_slot(state: Dialogue, heard: Understanding, view: View) -> Turn:
    kind = meeting.kind_in(heard.text)
    if kind is not None and kind != state.session_kind:
        return meeting.choose_kind(state, kind, view, heard.facts)
    if meeting.is_any(heard.text) and state.offered:
        return pressed.chose(state, state.offered[0][0], view)
    turn = meeting.take_wish(state, heard.facts)
    return turn or _by_intent(state, heard, view) or (state, intake.ask_again(state, view))


def _confirming(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take a reply to the question about the end; nothing ends by a word that is not clear."""
    ending = ending_in(state.confirming or "", heard.text)
    if ending == "continue":
        return case_words.resume(state, view)
    if ending is not None:
        return case_words.end(state, ending)
    if is_yes(heard.text) or heard.intent in ENDINGS:
        return state, intake.ask_again(state, view)
    return _if_sure(state, heard, view) or case_words.resume(state, view)


def _resting(state: Dialogue, heard: Understanding, view: View) -> Turn:
    turn = None if heard.intent == DISPUTE else _by_intent(state, heard, view)
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
