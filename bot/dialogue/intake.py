"""The intake: from the story over the dispute type and its facts to the read-back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.dialogue.effects import Book, ChangeCase, Effect, RegisterCase, Say
from bot.dialogue.facts import facts_told, missing, reply_value
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import corrected_part
from domain.catalogue import Closed, DisputeSheet, Fact
from domain.facts import FactKind, FactValue
from nlu.interpreter import Understanding
from nlu.readers.answers import Unknown, Unread
from nlu.readers.facts import read_facts

STORY_LIMIT = 1500  # characters that are kept of a story
QUESTIONS_BEFORE_PERSON = 8
TRIES = 2
CHOICES = 3
NUMERIC = frozenset({FactKind.AMOUNT, FactKind.DATE, FactKind.COUNT, FactKind.AREA, FactKind.PHONE})


def hear_story(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take a story: propose its dispute type, or go on at once where the model is sure."""
    story = f"{state.story}\n{heard.text}".strip()[:STORY_LIMIT]
    state = replace(state, story=story)
    if heard.dispute_type is None or not heard.ranking:
        return ask_for_more(state)
    if heard.is_sure:
        state = replace(state, dispute_type=heard.dispute_type, trail=("dispute_type",))
        said = Say(
            "type_taken",
            {"label": view.catalogue.sheet(heard.dispute_type).label, "reasons": heard.reasons},
        )
        return _then(say=(said,), turn=take_facts(state, heard, view))
    best = tuple(each.dispute_type for each in heard.ranking[:CHOICES])
    return propose(replace(state, proposed=best), heard.reasons)


def ask_for_more(state: Dialogue) -> Turn:
    """Ask for the story, or for other words, or after that offer a person."""
    template = ("tell_story", "tell_more", "tell_person")[min(state.retold, 2)]
    state = replace(state, stage=Stage.TELLING, retold=state.retold + 1)
    return state, (Say(template, {}, ("do:person",) if state.retold > 1 else ()),)


def propose(state: Dialogue, reasons: Sequence[str] = ()) -> Turn:
    """Ask which of two or three types it is, 都不是 among the choices."""
    choices = (*(f"type:{name}" for name in state.proposed), "type:none")
    return (
        replace(state, stage=Stage.PROPOSING),
        (Say("type_choices", {"reasons": reasons}, choices),),
    )


def choose_type(state: Dialogue, dispute_type: str, view: View) -> Turn:
    """Take the type that the person chose, with the facts that the story holds of it."""
    if dispute_type == "none" or dispute_type not in view.catalogue.sheets:
        return ask_for_more(
            replace(state, proposed=(), dispute_type=None, retold=state.retold or 1)
        )
    state = replace(state, dispute_type=dispute_type, trail=("dispute_type",))
    told = facts_told(
        view.catalogue.sheet(dispute_type), state.story, read_facts(state.story, view.now)
    )
    return ask_next(state.learn(told | dict(state.known)), view)


def take_facts(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Learn what the text tells, and ask for the first thing that it does not."""
    sheet = view.sheet_of(state)
    if sheet is None:
        return ask_for_more(state)
    state = state.learn(facts_told(sheet, heard.text, heard.facts) | dict(state.known))
    return ask_next(state, view)


def ask_next(state: Dialogue, view: View) -> Turn:
    """Ask for the next missing fact, or say why this goes elsewhere, or read everything back."""
    sheet = view.sheet_of(state)
    if sheet is None:
        return ask_for_more(state)
    closed = closed_by(sheet, state)
    if closed is not None:
        return refer(state, sheet, closed, view)
    fact = next(missing(sheet, state.known, state.unknown, at_booking=False), None)
    if fact is None:
        return read_back(state, view)
    state = replace(
        state, stage=Stage.ASKING, asked=fact.name, tries=0, questions=state.questions + 1
    )
    return state, (ask(state, fact),)


def ask(state: Dialogue, fact: Fact, why: bool = False) -> Say:
    """Return the question for a fact. 不晓得 is always a choice, and a person after eight."""
    choices = [f"fact:{fact.name}:{choice.id}" for choice in fact.choices]
    if not fact.at_booking:
        choices.append(f"fact:{fact.name}:unknown")
    if state.questions > QUESTIONS_BEFORE_PERSON:
        choices.append("do:person")
    return Say(
        "ask_fact",
        {"question": fact.question, "why": fact.why if why else ""},
        tuple(choices),
        {"name": fact.name, "kind": fact.kind.value},
    )


def ask_again(state: Dialogue, view: View, why: bool = False) -> tuple[Effect, ...]:
    """Return the words that lead back to what is open; nothing where nothing is."""
    sheet = view.sheet_of(state)
    match state.stage:
        case Stage.ASKING if sheet is not None and state.asked:
            return (ask(state, sheet.fact(state.asked), why),)
        case Stage.PROPOSING:
            return propose(state)[1]
        case Stage.READING_BACK:
            return read_back(state, view)[1]
        case Stage.CHOOSING_KIND | Stage.CHOOSING_SLOT:
            return (Say("choose_above", {}, tuple(id_ for id_, _ in state.offered)),)
    return ()


def answer_fact(state: Dialogue, text: str, view: View) -> Turn:
    """Take the reply to the open question; after two that cannot be read the form goes on."""
    sheet = view.sheet_of(state)
    if sheet is None or state.asked is None:
        return ask_for_more(state)
    fact = sheet.fact(state.asked)
    value = reply_value(fact, text, view.now)
    if isinstance(value, FactValue):
        return go_on(_learnt(state, fact.name, value), view)
    if isinstance(value, Unknown):
        return go_on(not_known(state, fact.name), view)
    return _not_read(state, fact, value, view)


def can_read(fact: Fact, text: str, view: View) -> bool:
    """Whether the text answers the fact's question, 不晓得 included."""
    return not isinstance(reply_value(fact, text, view.now), Unread)


def _not_read(state: Dialogue, fact: Fact, unread: Unread, view: View) -> Turn:
    if state.tries + 1 < TRIES or (fact.at_booking and state.tries < TRIES):
        state = replace(state, tries=state.tries + 1)
        return state, (
            Say("not_read", {"why": unread.why, "kind": fact.kind.value}),
            ask(state, fact),
        )
    return _then(
        say=(Say("left_open", {"label": fact.label}),),
        turn=go_on(not_known(state, fact.name), view),
    )


def _learnt(state: Dialogue, name: str, value: FactValue) -> Dialogue:
    trail = tuple(each for each in state.trail if each != name)
    return replace(state.learn({name: value}), trail=(*trail, name), asked=None)


def not_known(state: Dialogue, name: str) -> Dialogue:
    """Return the state knowing that the person does not know."""
    state = state.forget(name)
    trail = tuple(each for each in state.trail if each != name)
    return replace(state, unknown=(*state.unknown, name), trail=(*trail, name), asked=None)


def choose_answer(state: Dialogue, name: str, choice: str, view: View) -> Turn:
    """Take a tapped answer, also of an older question: that is a correction."""
    sheet = view.sheet_of(state)
    if sheet is None or name not in sheet.by_name:
        return state, ask_again(state, view)
    fact = sheet.fact(name)
    if choice == "unknown":
        return go_on(not_known(state, name), view)
    label = next((each.label for each in fact.choices if each.id == choice), None)
    if label is None:
        return state, ask_again(state, view)
    return go_on(_learnt(state, name, FactValue(fact.kind, choice, label)), view)


def go_on(state: Dialogue, view: View) -> Turn:
    """Go to the next question of the intake, or back to the booking that asked for a fact."""
    if state.slot is not None:
        return finish_booking(state, view)
    if state.case_number is not None and state.stage is not Stage.ASKING:
        return _change_case(state)
    return ask_next(state, view)


def finish_booking(state: Dialogue, view: View) -> Turn:
    """Ask for name and phone where they are missing, then take the chosen time."""
    sheet = view.sheet_of(state)
    slot, number = state.slot, state.case_number
    if sheet is None or slot is None or number is None:
        return state.rest(), (Say("choice_over"),)
    fact = next(missing(sheet, state.known, state.unknown, at_booking=True), None)
    if fact is not None:
        state = replace(state, stage=Stage.ASKING, asked=fact.name, tries=0)
        return state, (ask(state, fact),)
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


def _change_case(state: Dialogue) -> Turn:
    number = state.case_number or 0
    return state.rest(), (
        ChangeCase(number, dict(state.known)),
        Say("case_changed", {"number": number}),
    )


def closed_by(sheet: DisputeSheet, state: Dialogue) -> Closed | None:
    """Return the rule by which people's mediation may not take the matter, if one fits (2.6)."""
    for rule in sheet.not_for_mediation:
        value = state.known.get(rule.fact)
        if value is not None and value.value in rule.answers:
            return rule
    return None


def refer(state: Dialogue, sheet: DisputeSheet, closed: Closed, view: View) -> Turn:
    """Say in one breath why not here, which body, which deadline; offer a lawyer."""
    deadline = view.catalogue.deadlines.get(closed.deadline) if closed.deadline else None
    state = replace(state.rest(), known={}, unknown=(), story="", dispute_type=None, trail=())
    data = {"label": sheet.label, "closed": closed, "deadline": deadline, "now": view.now}
    return state, (Say("not_for_mediation", data, ("do:lawyer", "do:person", "do:restart")),)


def read_back(state: Dialogue, view: View) -> Turn:
    """Read everything back and ask whether it is right."""
    sheet = view.sheet_of(state)
    if sheet is None:
        return ask_for_more(state)
    state = replace(state, stage=Stage.READING_BACK, asked=None)
    rows = [
        (fact.label, fact, state.known.get(fact.name))
        for fact in sheet.facts
        if fact.name in state.known or fact.name in state.unknown
    ]
    data = {"label": sheet.label, "rows": rows, "story": state.story}
    return state, (Say("read_back", data, ("back:right", "back:change", "do:retype")),)


def register(state: Dialogue) -> Turn:
    """Open the case."""
    wish = RegisterCase(state.dispute_type or "other_civil", state.story, state.known, state.flags)
    return state, (wish,)


def offer_changes(state: Dialogue, view: View) -> Turn:
    """Ask which answer is to be changed."""
    sheet = view.sheet_of(state)
    names = [f.name for f in sheet.facts if f.name in state.known] if sheet else []
    return state, (Say("which_change", {}, tuple(f"change:{name}" for name in names)),)


def reopen(state: Dialogue, name: str, view: View) -> Turn:
    """Ask one fact again."""
    sheet = view.sheet_of(state)
    if sheet is None or name not in sheet.by_name:
        return state, ask_again(state, view)
    state = replace(state, stage=Stage.ASKING, asked=name, tries=0)
    return state, (ask(state, sheet.fact(name)),)


def undo(state: Dialogue, view: View) -> Turn:
    """Take the last answer back and ask for it again."""
    if not state.trail:
        return state, (Say("nothing_to_undo"), *ask_again(state, view))
    last = state.trail[-1]
    state = replace(state, trail=state.trail[:-1], slot=None)
    if last == "dispute_type":
        return retype(state)
    return _then(say=(Say("undone"),), turn=reopen(state.forget(last), last, view))


def retype(state: Dialogue) -> Turn:
    """Let the person choose the dispute type again."""
    others = [name for name in state.proposed if name != state.dispute_type]
    if not others:
        return ask_for_more(replace(state, dispute_type=None, retold=1))
    return propose(replace(state, dispute_type=None, proposed=tuple(others)))


def correct(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Change an earlier answer as the text says, and go back to the open question once.

    Returns None where the text names no fact that was told and holds no new value.
    """
    sheet = view.sheet_of(state)
    if sheet is None:
        return None
    found = _corrected_fact(sheet, state, heard, view)
    if found is None:
        return None
    fact, value = found
    state = state.learn({fact.name: value})
    said = Say("corrected", {"label": fact.label, "fact": fact, "value": value})
    if state.stage is Stage.RESTING and state.case_number is not None:
        return state, (said, ChangeCase(state.case_number, {fact.name: value}))
    if state.asked == fact.name or closed_by(sheet, state) is not None:
        return _then(say=(said,), turn=ask_next(state, view))
    return state, (said, *ask_again(state, view))


def _corrected_fact(
    sheet: DisputeSheet, state: Dialogue, heard: Understanding, view: View
) -> tuple[Fact, FactValue] | None:
    part = corrected_part(heard.text)
    known = [fact for fact in sheet.facts if fact.name in state.known]
    named = [
        fact for fact in known if any(word in heard.text for word in (fact.label, *fact.called))
    ]
    last_first = sorted(
        known, key=lambda fact: state.trail.index(fact.name) if fact.name in state.trail else -1
    )
    by_value = [fact for fact in reversed(last_first) if fact.kind in NUMERIC]
    for fact in (*named, *by_value):
        value = reply_value(fact, part, view.now)
        if isinstance(value, FactValue) and value.value != state.known[fact.name].value:
            return fact, value
    return None


def _then(say: tuple[Effect, ...], turn: Turn) -> Turn:
    state, effects = turn
    return state, (*say, *effects)
