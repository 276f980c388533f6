"""A shared position or a code of a place: proposed, and a fact only once it is confirmed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.dialogue.effects import CallPerson, Effect, KeepPlace, Say
from bot.dialogue.events import Located, Started
from bot.dialogue.intake import ask_again, ask_for_more, confirm_place, notice
from bot.dialogue.replying import change_case, learn_answer, open_question, settle
from bot.dialogue.safety import MINUTES_TO_PERSON
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import TIDY, is_yes
from domain.catalogue import Fact
from domain.conversation import TaskKind
from domain.facts import FactKind, FactValue

PLACE = "place"  # the fact of every sheet that says where
NOT_HERE = re.compile(r"(不是|不在|不对|没有?)(的|呢|这里|那里|这儿|那儿|哪里)?")


def located(state: Dialogue, event: Located, view: View) -> Turn:
    """Ask whether the matter is at the shared place; where it is unknown, ask for it in words."""
    if state.stage is Stage.NOTICE:
        return _before_consent(state, event.place)
    if event.place is not None and _is_known(state, event.place):
        return _noted(state, Say("place_noted"), view)
    if event.place is not None:
        state = replace(state, near=event.place)
        return state, (confirm_place(state.near),)
    unknown: Effect = Say("place_outside") if event.is_outside else Say("place_not_found")
    is_asked = open_place(state, view) is not None
    return state, (unknown,) if is_asked else (unknown, *ask_again(state, view))


def started(state: Dialogue, event: Started, view: View) -> Turn:
    """Greet who comes by a code of a place; a code that is not known is said to be so."""
    if event.place is None:
        return state, (Say("code_not_known"), *notice_or_open(state, view))
    return located(state, Located(event.place), view)


def notice_or_open(state: Dialogue, view: View) -> tuple[Effect, ...]:
    """Return what leads on after a code: the notice, or what is open."""
    return (notice(state),) if state.stage is Stage.NOTICE else ask_again(state, view)


def _is_known(state: Dialogue, place: Mapping[str, str | None]) -> bool:
    """Whether the place told already says all that the shared one says, or more."""
    told = state.known.get(PLACE)
    return told is not None and all(
        told.value.get(level) == name for level, name in place.items() if name is not None
    )


def _before_consent(state: Dialogue, place: Mapping[str, str | None] | None) -> Turn:
    kept = (KeepPlace(place),) if place is not None else ()
    return state, (*kept, notice(state))


def located_in_hold(state: Dialogue) -> Turn:
    """Tell the duty person where somebody in danger may be; the position is in the transcript."""
    call = CallPerson(TaskKind.SAFETY, MINUTES_TO_PERSON, "location", state.case_number)
    return state, (call, Say("location_held"))


def typed(state: Dialogue, text: str, view: View) -> Turn | None:
    """Take a typed yes or no to the proposed place; None for anything else."""
    if not state.near or not any(each.id == "place:yes" for each in state.offered):
        return None
    if is_yes(text):
        return confirmed(state, "yes", view)
    return confirmed(state, "no", view) if NOT_HERE.fullmatch(TIDY.sub("", text)) else None


def confirmed(state: Dialogue, answer: str, view: View) -> Turn | None:
    """Take the answer to the proposed place; None where none is proposed."""
    near = state.near
    if not near or answer not in {"yes", "no"}:
        return None
    state = replace(state, near={})
    fact = open_place(state, view)
    if answer == "no":
        return _elsewhere(state, fact, view)
    value = FactValue(FactKind.PLACE, dict(near), "".join(part or "" for part in near.values()))
    if fact is not None:
        return settle(learn_answer(state, fact.name, value), fact, view)
    state = state.learn({PLACE: value})
    if state.case_number is not None:
        return state, (*change_case(state, {PLACE: value}), *ask_again(state, view))
    return _noted(state, Say("place_noted"), view)


def _elsewhere(state: Dialogue, fact: Fact | None, view: View) -> Turn:
    if fact is not None:
        return state, ask_again(state, view)
    return _noted(state, Say("place_later"), view)


def _noted(state: Dialogue, said: Say, view: View) -> Turn:
    again = ask_again(state, view)
    if again or state.case_number is not None:
        return state, (said, *again)
    state, asked = ask_for_more(replace(state, retold=0))
    return state, (said, *asked)


def open_place(state: Dialogue, view: View) -> Fact | None:
    """Return the fact that asks where, if it is the open question."""
    fact = open_question(state, view) if state.stage is Stage.ASKING else None
    return fact if fact is not None and fact.kind is FactKind.PLACE else None
