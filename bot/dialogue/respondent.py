"""The side that was invited: it hears who asks and that it is free to refuse, then tells its view.

It comes with a code; of the case it learns the number, what kind of matter it is, and whom to ask.
"""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import side_questions
from bot.dialogue.case_words import rest_choices
from bot.dialogue.effects import ChangeCase, Effect, EndCase, LookUpStatus, Say, TakeInvitation
from bot.dialogue.events import InvitationRefused, InvitationTaken
from bot.dialogue.facts import reply_value
from bot.dialogue.intake import is_story, notice, then
from bot.dialogue.intents import beside_words, if_likely
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.times import wish_data
from bot.dialogue.view import Turn, View
from bot.dialogue.whereabouts import notice_or_open
from domain.facts import FactKind, FactValue
from nlu.interpreter import Understanding
from nlu.readers.answers import Unknown, Unread

STORY_LIKE = 15  # characters from which on words at the first question are the person's account
ABOUT_TIMES = frozenset({"book", "reschedule", "cancel"})  # 周末下午都可以 sounds like these


def bring_code(state: Dialogue, code: str) -> Turn:
    """Look what a code opens."""
    return state, (TakeInvitation(code),)


def come_in(state: Dialogue, taken: InvitationTaken, view: View) -> Turn:
    """Say who asks, for what kind of matter, and that to refuse costs nothing; then the notice."""
    state = state.come_invited(taken.number, taken.dispute_type)
    data = {
        "number": taken.number,
        "type": taken.dispute_type,
        "mediator": taken.mediator,
        "phone": taken.phone,
    }
    said: tuple[Effect, ...] = (Say("invited", data, (side_questions.DECLINE,)),)
    if state.stage is Stage.NOTICE:
        return state, (*said, notice(state))
    return state, (*said, side_questions.ask(state, view))


def stay_out(state: Dialogue, refused: InvitationRefused, view: View) -> Turn:
    """Say why the code opens nothing, and lead back."""
    unknown = refused.why == "not_known"
    say = Say("code_not_known") if unknown else Say("code_not_taken", {"why": refused.why})
    return state, (say, *notice_or_open(state, view))


def decline(state: Dialogue) -> Turn:
    """End the mediation at once: one clear no is enough (人民调解法 17)."""
    return state, (EndCase(state.case_number or 0, other_side=True),)


def told(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take the answer to the open question, unless it is a question or wish of another kind.

    Any words answer a question for words, so there the other kind has to be sure.
    """
    question = side_questions.open_question(state, view)
    if question is None:
        is_own = is_story(heard) or len(heard.text) >= STORY_LIKE
        turn = None if is_own else if_likely(state, heard, view)
        return turn or _account(state, heard, view)
    fact = question[1]
    if fact.kind is FactKind.TEXT:
        is_time = state.asked == side_questions.TIMES.name and heard.intent in ABOUT_TIMES
        turn = None if is_time else beside_words(state, heard, view)
        return turn or _words(state, heard, view)
    value = reply_value(fact, heard.text, view.now)
    if isinstance(value, Unread):
        return if_likely(state, heard, view) or _unread(state, value, fact.kind, view)
    return _go_on(state, {} if isinstance(value, Unknown) else {fact.name: value}, view)


def skip(state: Dialogue, view: View) -> Turn | None:
    """Pass over the open question; None where none is open."""
    return _go_on(state, {}, view) if side_questions.is_open(state) else None


def tell_again(state: Dialogue, view: View) -> Turn:
    """Let the person add to the own view from its first question on."""
    state = replace(state.rest(), stage=Stage.TELLING)
    return state, (side_questions.ask(state, view),)


def _account(state: Dialogue, heard: Understanding, view: View) -> Turn:
    kept = (ChangeCase(state.case_number or 0, {}, heard.text),)
    return then(kept, _go_on(state, {}, view))


def _words(state: Dialogue, heard: Understanding, view: View) -> Turn:
    asked = state.asked or ""
    if asked == side_questions.TIMES.name:
        state = replace(state, wish=wish_data(heard.facts.wishes) or state.wish)
    return _go_on(state, {asked: FactValue(FactKind.TEXT, heard.text, heard.text)}, view)


def _unread(state: Dialogue, unread: Unread, kind: FactKind, view: View) -> Turn:
    """Ask once more in other words, then go on without."""
    if state.tries:
        return _go_on(state, {}, view)
    again = Say("not_read", {"why": unread.why, "kind": kind.value, "number": None})
    return replace(state, tries=1), (again, side_questions.ask(state, view))


def _go_on(state: Dialogue, facts: dict[str, FactValue], view: View) -> Turn:
    number = state.case_number or 0
    kept = (ChangeCase(number, facts),) if facts else ()
    following = side_questions.following(state, view)
    state = state.learn(facts)
    if following is not None:
        state = replace(state, stage=Stage.ASKING, asked=following.name, tries=0, offered=())
        return state, (*kept, side_questions.ask(state, view))
    state = replace(state.rest(), wish=state.wish)
    noted = Say("side_noted", {}, rest_choices(state))
    return state, (*kept, noted, LookUpStatus(number, "status"))
