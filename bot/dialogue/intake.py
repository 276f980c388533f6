"""The intake: from the story over the dispute type and its facts to the read-back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.dialogue import sensitive, side_questions
from bot.dialogue.effects import Effect, RegisterCase, Say
from bot.dialogue.facts import facts_told, is_told, missing
from bot.dialogue.marks import Marks
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.times import wish_data, wish_told
from bot.dialogue.view import Turn, View
from domain.catalogue import Closed, DisputeSheet, Fact
from domain.facts import FactKind
from nlu.interpreter import DISPUTE, Understanding
from nlu.readers.facts import read_facts

STORY_LIMIT = 1500  # characters that are kept of a story
QUESTIONS_BEFORE_PERSON = 8
CHOICES = 3
STORY_LIKE = 20  # characters
LIKELY_TYPE = 0.5
BESIDE_STORY = frozenset({"book", "proxy_speaker", "greet", "thanks_bye", "followup_answer"})
ANY_TYPE = "other_civil"


def notice(state: Dialogue) -> Say:
    """Return the notice that stands before everything, with the question whether we may keep.

    Somebody who was invited can refuse to mediate before having agreed to anything.
    """
    choices = ("consent:yes", "consent:no")
    return Say("notice", {}, (*choices, "do:decline") if state.is_respondent else choices)


def is_story(heard: Understanding) -> bool:
    """Whether the message tells a matter: a long one may do so beside a greeting or a wish."""
    if heard.intent == DISPUTE:
        return True
    speaks_of_matter = heard.is_ours and heard.confidence >= LIKELY_TYPE
    return heard.intent in BESIDE_STORY and len(heard.text) >= STORY_LIKE and speaks_of_matter


def hear_story(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Take a story: propose its dispute type, or go on at once where the model is sure."""
    if state.dispute_type is not None:  # what was referred elsewhere is over
        state = Dialogue(Stage.TELLING, flags=state.flags, parked=state.parked)
    state = add_story(state, heard.text, view)
    likely = (each.dispute_type for each in heard.ranking)
    best = tuple(name for name in likely if name not in state.rejected)[:CHOICES]
    if not best or (heard.dispute_type is None and not is_story(heard)):
        return ask_for_more(state)
    state = replace(state, proposed=best)
    if heard.is_sure and heard.ranking[0].dispute_type == best[0]:
        return take_type(state, best[0], view, heard.reasons)
    return propose(state, heard.reasons)


def add_story(state: Dialogue, text: str, view: View) -> Dialogue:
    """Return the state with these words added to the story, and the time they wish for."""
    return replace(
        state,
        story=f"{state.story}\n{text}".strip()[:STORY_LIMIT],
        told_at=state.told_at or view.now.isoformat(),
        wish=wish_told(text, view) or state.wish,
    )


def add_wish(state: Dialogue, heard: Understanding) -> Dialogue:
    """Return the state wishing for the time that was told, if one was."""
    return replace(state, wish=wish_data(heard.facts.wishes) or state.wish)


def ask_for_more(state: Dialogue) -> Turn:
    """Ask for the story, or for other words, or after that offer a person or no certain type."""
    template = ("tell_story", "tell_more", "tell_person")[min(state.retold, 2)]
    choices: tuple[str, ...] = ()
    if state.retold > 1:
        choices = (f"type:{ANY_TYPE}", "do:person") if state.story else ("do:person",)
    state = replace(state, stage=Stage.TELLING, retold=state.retold + 1, offered=())
    return state, (Say(template, {}, choices),)


def propose(state: Dialogue, reasons: Sequence[str] = ()) -> Turn:
    """Ask which of two or three types it is, 都不是 among the choices."""
    choices = (*(f"type:{name}" for name in state.proposed), "type:none")
    return (
        replace(state, stage=Stage.PROPOSING),
        (Say("type_choices", {"reasons": reasons}, choices),),
    )


def reject_types(state: Dialogue) -> Turn:
    """Hear that it is none of the offered types: they are not offered again for this story."""
    rejected = tuple(dict.fromkeys((*state.rejected, *state.proposed)))
    return ask_for_more(replace(state, proposed=(), rejected=rejected, retold=state.retold or 1))


def take_type(state: Dialogue, name: str, view: View, reasons: Sequence[str] | None = None) -> Turn:
    """Take a type with all facts of it that the story holds; `reasons` say why we took it.

    Facts known before stay known: another type asks for many of the same.
    """
    sheet = view.catalogue.sheet(name)
    state = replace(
        state,
        dispute_type=name,
        trail=(*(each for each in state.trail if each in sheet.by_name), "dispute_type"),
        rejected=tuple(each for each in state.rejected if each != name),
    )
    told_at = datetime.fromisoformat(state.told_at) if state.told_at else view.now
    told = facts_told(sheet, state.story, read_facts(state.story, told_at))
    fresh = {key: value for key, value in told.items() if not is_told(sheet.fact(key), state.known)}
    label = {"label": sheet.label, "reasons": reasons}
    said = () if reasons is None else (Say("type_taken", label),)
    return then(said, ask_next(state.learn(fresh), view))


def ask_next(state: Dialogue, view: View) -> Turn:
    """Ask for the next missing fact, or say why this goes elsewhere, or read everything back."""
    sheet = view.sheet_in_hand(state)
    closed = closed_by(sheet, state)
    if closed is not None:
        return refer(state, sheet, closed, view)
    state = sensitive.leave_out_declined(state, sheet)
    fact = next(missing(sheet, state.known, state.unknown, at_booking=False), None)
    if fact is None:
        return read_back(state, view)
    state = replace(state, questions=state.questions + 1)
    return open_fact(state, fact)


def open_fact(state: Dialogue, fact: Fact) -> Turn:
    """Ask one fact."""
    state = replace(state, stage=Stage.ASKING, asked=fact.name, tries=0, offered=())
    return state, (ask(state, fact),)


def confirm_place(near: Mapping[str, str | None], asks: Mapping[str, str] | None = None) -> Say:
    """Return the question whether the matter is at the place that is proposed."""
    return Say("confirm_place", {"place": near}, ("place:yes", "place:no"), asks)


def ask(state: Dialogue, fact: Fact, why: bool = False) -> Say:
    """Return the question for a fact, or whether it may be asked.

    不晓得 is always a choice, and a person after eight.
    """
    if sensitive.is_shut(state, fact):
        return sensitive.question(fact, why)
    asks = {"name": fact.name, "kind": fact.kind.value}
    if fact.kind is FactKind.PLACE and state.near:
        return confirm_place(state.near, asks)
    choices = [f"fact:{fact.name}:{choice.id}" for choice in fact.choices]
    if not fact.at_booking:
        choices.append(f"fact:{fact.name}:unknown")
    if state.questions > QUESTIONS_BEFORE_PERSON:
        choices.append("do:person")
    return Say(
        "ask_fact",
        {"question": fact.question, "why": fact.why if why else ""},
        tuple(choices),
        asks,
        _marks(fact),
    )


def _marks(fact: Fact) -> Marks:
    if not fact.choices:
        return Marks.NONE
    return Marks.NUMBERS if fact.bare_number is None else Marks.LETTERS


def ask_again(state: Dialogue, view: View, why: bool = False) -> tuple[Effect, ...]:
    """Return the words that lead back to what is open; nothing where nothing is."""
    sheet = view.sheet_of(state)
    match state.stage:
        case Stage.TELLING | Stage.ASKING if side_questions.is_open(state):
            return (side_questions.ask(state, view),)
        case Stage.ASKING if sheet is not None and state.asked and state.asked in sheet.by_name:
            return (ask(state, sheet.fact(state.asked), why),)
        case Stage.PROPOSING:
            return propose(state)[1]
        case Stage.READING_BACK:
            return read_back(state, view)[1]
        case Stage.CHOOSING_KIND | Stage.CHOOSING_SLOT:
            return (Say("choose_above", {}, tuple(each.id for each in state.offered)),)
        case Stage.CONFIRMING:
            return (confirm(state.confirming),)
    return ()


def confirm(what: str | None) -> Say:
    """Return the one question that is asked before something ends."""
    match what:
        case "stop":
            return Say("confirm_stop", {}, ("do:stop", "do:continue"))
        case "decline":
            return Say("confirm_decline", {}, ("do:decline", "do:continue"))
        case "session":
            choices = ("do:give_back", "do:decline", "do:continue")
            return Say("confirm_session", {}, choices)
        case "other_side":
            return Say("confirm_other_side", {}, ("do:other_side_refuses", "do:continue"))
        case "refusal":
            choices = ("do:other_side_refuses", "do:withdraw", "do:continue")
            return Say("confirm_refusal", {}, choices)
    return Say("confirm_cancel", {}, ("do:give_back", "do:withdraw", "do:continue"))


def closed_by(sheet: DisputeSheet, state: Dialogue) -> Closed | None:
    """Return the rule by which people's mediation may not take the matter, if one fits (2.6)."""
    for rule in sheet.not_for_mediation:
        value = state.known.get(rule.fact)
        if value is not None and value.value in rule.answers:
            return rule
    return None


def refer(state: Dialogue, sheet: DisputeSheet, closed: Closed, view: View) -> Turn:
    """Say in one breath why not here, which body, which deadline; offer a lawyer.

    What was told stays until another story begins: the fact that closed it may be a mistake.
    """
    deadline = view.catalogue.deadlines.get(closed.deadline) if closed.deadline else None
    data = {"label": sheet.label, "closed": closed, "deadline": deadline, "now": view.now}
    choices = ("do:lawyer", "do:person", "do:restart")
    return state.rest(), (Say("not_for_mediation", data, choices),)


def read_back(state: Dialogue, view: View) -> Turn:
    """Read everything back and ask whether it is right."""
    sheet = view.sheet_of(state)
    if sheet is None:
        return ask_for_more(state)
    state = replace(state, stage=Stage.READING_BACK, asked=None)
    rows = [
        (fact.label, fact, state.known.get(fact.name))
        for fact in sheet.facts
        if is_told(fact, state.known) or fact.name in state.unknown
    ]
    data = {"label": sheet.label, "rows": rows, "story": state.story}
    return state, (Say("read_back", data, ("back:right", "back:change", "do:retype")),)


def register(state: Dialogue, view: View) -> Turn:
    """Open the case with the facts of its own sheet."""
    sheet = view.sheet_of(state)
    if sheet is None:
        return ask_for_more(state)
    known = {f.name: state.known[f.name] for f in sheet.facts if is_told(f, state.known)}
    return state, (RegisterCase(sheet.type, state.story, known, state.flags),)


def then(said: tuple[Effect, ...], turn: Turn) -> Turn:
    """Return the turn with something said before it."""
    state, effects = turn
    return state, (*said, *effects)
