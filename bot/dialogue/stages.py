"""What words mean in each state of the dialogue: one short function a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.dialogue import (
    case_words,
    corrections,
    intake,
    meeting,
    permitting,
    pressed,
    replying,
)
from bot.dialogue.effects import KeepWaiting, Say
from bot.dialogue.intents import beside_words, by_intent, if_likely, if_sure
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import ending_in, is_yes
from domain.catalogue import Fact
from nlu.interpreter import DISPUTE, Understanding

SHORT = 12  # characters of a reply, not of a story
ENDINGS = frozenset({"cancel", "refuse_mediation"})


def _telling(state: Dialogue, heard: Understanding, view: View) -> Turn:
    turn = None if intake.is_story(heard) else by_intent(state, heard, view)
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
    return if_sure(state, heard, view) or intake.hear_story(state, heard, view)


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
        turn = beside_words(state, heard, view)
    elif turn is None:
        turn = _unread_reply(state, fact, heard, view)
    return turn or replying.answer_fact(state, fact, heard, view)


def _unread_reply(state: Dialogue, fact: Fact, heard: Understanding, view: View) -> Turn | None:
    if replying.can_read(fact, heard.text, view):
        return None
    if fact.at_booking and heard.facts.wishes:
        return meeting.take_wish(state, heard.facts)
    return replying.tell_another(state, heard, view) or if_likely(state, heard, view)


def _reading_back(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if is_yes(heard.text):
        return intake.register(state, view)
    turn = if_sure(state, heard, view) or corrections.correct(state, heard, view)
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
    return by_intent(state, heard, view) or (state, intake.ask_again(state, view))


def _choosing_slot(state: Dialogue, heard: Understanding, view: View) -> Turn:
    kind = meeting.kind_in(heard.text)
    if kind is not None and kind != state.session_kind:
        return meeting.choose_kind(state, kind, view, heard.facts)
    if meeting.is_any(heard.text) and state.offered:
        return pressed.chose(state, state.offered[0].id, view)
    turn = meeting.take_wish(state, heard.facts)
    return turn or by_intent(state, heard, view) or (state, intake.ask_again(state, view))


def _confirming(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take a reply to the question about the end; nothing ends by a word that is not clear."""
    ending = ending_in(state.confirming or "", heard.text)
    if ending == "continue":
        return case_words.resume(state, view)
    if ending is not None:
        return case_words.end(state, ending)
    if is_yes(heard.text) or heard.intent in ENDINGS:
        return state, intake.ask_again(state, view)
    return if_sure(state, heard, view) or case_words.resume(state, view)


def _resting(state: Dialogue, heard: Understanding, view: View) -> Turn:
    turn = None if heard.intent == DISPUTE else by_intent(state, heard, view)
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
