"""Replies to the open question, and what follows from an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.dialogue.effects import Book, ChangeCase, Say
from bot.dialogue.facts import (
    facts_told,
    missing,
    reply_told,
    reply_value,
    rough_place,
)
from bot.dialogue.intake import (
    add_story,
    ask,
    ask_again,
    ask_for_more,
    ask_next,
    open_fact,
    then,
)
from bot.dialogue.state import Dialogue
from bot.dialogue.times import wish_told
from bot.dialogue.view import Turn, View
from domain.calendar import LOCAL
from domain.catalogue import Fact
from domain.facts import FactKind, FactValue
from nlu.interpreter import DISPUTE, Understanding
from nlu.readers.answers import Unknown, Unread, read_answer

TRIES = 2
TRIES_AT_BOOKING = 3  # without a phone number nobody can be told of a change
ANY_TIME = datetime(2026, 1, 1, tzinfo=LOCAL)  # a choice has no time
# Kinds of fact that are read from their own form, not from words of a sheet.
PLAINLY_READ = frozenset({FactKind.PLACE, FactKind.AMOUNT, FactKind.DATE, FactKind.AREA})
STORY_LIKE = 15  # characters from which on a reply that speaks of a dispute belongs to the story


def open_question(state: Dialogue, view: View) -> Fact | None:
    """Return the fact that is asked, if one is."""
    sheet = view.sheet_of(state)
    return sheet.by_name.get(state.asked or "") if sheet else None


def can_read(fact: Fact, text: str, view: View) -> bool:
    """Whether the text answers the fact's question, 不晓得 included."""
    return not isinstance(reply_value(fact, text, view.now), Unread)


def is_unknown(text: str) -> bool:
    """Whether the text says that the person does not know, and nothing else."""
    return len(text) < STORY_LIKE and isinstance(read_answer("choice", text, ANY_TIME), Unknown)


def answer_fact(state: Dialogue, fact: Fact, heard: Understanding, view: View) -> Turn:
    """Take the reply to the open question, and all that it tells beside."""
    value, others = reply_told(view.sheet_in_hand(state), fact, heard.text, view.now)
    new = {name: each for name, each in others.items() if name not in state.known}
    state = _keep_words(state.learn(new), fact, heard, view)
    if isinstance(value, FactValue):
        return settle(learn_answer(state, fact.name, value), fact, view, others=new)
    if isinstance(value, Unknown):
        return settle(not_known(state, fact.name), fact, view, others=new)
    return _not_read(state, fact, value, heard, view)


def tell_another(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Keep a reply that answers another question than the open one, and ask the open one again.

    None where it is not mostly such an answer (兴街镇龙坪村, asked since when).
    """
    told = {
        name: value
        for name, value in facts_told(view.sheet_in_hand(state), heard.text, heard.facts).items()
        if name not in state.known
        and value.kind in PLAINLY_READ
        and 2 * len(value.words) > len(heard.text)
    }
    if not told or state.case_number is not None:
        return None
    state = state.learn(told)
    return state, (Say("noted"), *ask_again(state, view))


def tell_more(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Add to the story after it was read back, and read it back again."""
    sheet = view.sheet_of(state)
    if sheet is None:
        return ask_for_more(state)
    told = facts_told(sheet, heard.text, heard.facts)
    new = {name: each for name, each in told.items() if name not in state.known}
    return ask_next(add_story(state.learn(new), heard.text, view), view)


def _keep_words(state: Dialogue, fact: Fact, heard: Understanding, view: View) -> Dialogue:
    """Add a reply that goes on with the story to it, and keep a time that it wishes for."""
    is_story = heard.intent == DISPUTE and len(heard.text) >= STORY_LIKE
    if is_story and fact.kind is not FactKind.TEXT and state.case_number is None:
        return add_story(state, heard.text, view)
    return replace(state, wish=wish_told(heard.text, view) or state.wish)


def _not_read(
    state: Dialogue, fact: Fact, unread: Unread, heard: Understanding, view: View
) -> Turn:
    """Ask once more in other words; after that keep what there is and go on."""
    state = replace(state, tries=state.tries + 1)
    if state.tries < (TRIES_AT_BOOKING if fact.at_booking else TRIES):
        again = Say(
            "not_read", {"why": unread.why, "kind": fact.kind.value, "number": fact.bare_number}
        )
        return state, (again, ask(state, fact))
    if fact.name in state.known:
        return settle(replace(state, asked=None), fact, view)
    if fact.kind is FactKind.PLACE:
        place = rough_place(heard.text, view.now)
        if place is not None:
            return settle(learn_answer(state, fact.name, place), fact, view)
    said = (Say("left_open", {"label": fact.label}),)
    return then(said, settle(not_known(state, fact.name), fact, view))


def learn_answer(state: Dialogue, name: str, value: FactValue) -> Dialogue:
    """Return the state knowing the answer to the open question, as the last that was given."""
    trail = tuple(each for each in state.trail if each != name)
    return replace(state.learn({name: value}), trail=(*trail, name), asked=None)


def not_known(state: Dialogue, name: str) -> Dialogue:
    """Return the state knowing that the person does not know."""
    state = state.forget(name)
    trail = tuple(each for each in state.trail if each != name)
    return replace(state, unknown=(*state.unknown, name), trail=(*trail, name), asked=None)


def choose_answer(state: Dialogue, name: str, choice: str, view: View) -> Turn | None:
    """Take a tapped answer, also of an older question: that is a correction.

    None for an answer to something that is not asked in this matter.
    """
    sheet = view.sheet_of(state)
    fact = sheet.by_name.get(name) if sheet else None
    if fact is None:
        return None
    is_open = state.asked == name
    label = next((each.label for each in fact.choices if each.id == choice), None)
    if choice == "unknown" and (is_open or state.case_number is None):
        return settle(not_known(state, name), fact, view)
    if label is None:
        return None
    value = FactValue(fact.kind, choice, label)
    if is_open or state.case_number is None:
        return settle(learn_answer(state, name, value), fact, view)
    state = state.learn({name: value})
    return state, (*change_case(state, {name: value}), *ask_again(state, view))


def change_case(state: Dialogue, facts: Mapping[str, FactValue]) -> tuple[ChangeCase | Say, ...]:
    """Return the effects that put facts into the open case."""
    number = state.case_number or 0
    return ChangeCase(number, facts), Say("case_changed", {"number": number})


def settle(
    state: Dialogue, fact: Fact, view: View, others: Mapping[str, FactValue] | None = None
) -> Turn:
    """Go on from a settled fact: to the next question, the booking, or the case it belongs to."""
    if state.case_number is None:
        return ask_next(state, view)
    told = dict(others or {})
    if fact.name in state.known and not fact.at_booking:
        told[fact.name] = state.known[fact.name]
    changed = (ChangeCase(state.case_number, told),) if told else ()
    if state.slot is not None:
        return then(changed, finish_booking(state, view))
    said = Say("case_changed", {"number": state.case_number})
    return state.rest(), (*changed, said)


def finish_booking(state: Dialogue, view: View) -> Turn:
    """Ask for name and phone where they are missing, then take the chosen time."""
    sheet = view.sheet_of(state)
    slot, number = state.slot, state.case_number
    if sheet is None or slot is None or number is None:
        return state.rest(), (Say("choice_over"),)
    fact = next(missing(sheet, state.known, state.unknown, at_booking=True), None)
    if fact is not None:
        return open_fact(state, fact)
    name, phone = (state.known.get(key) for key in ("name", "phone"))
    return state, (
        Book(
            number,
            slot,
            name.value if name else None,
            phone.value if phone else None,
            state.moving,
        ),
    )
