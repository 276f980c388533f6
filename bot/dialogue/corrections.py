"""Earlier answers taken back: corrected in words, chosen to be changed, undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.dialogue.effects import ChangeCase, Effect, Say
from bot.dialogue.facts import reply_value
from bot.dialogue.intake import (
    ask_again,
    ask_next,
    closed_by,
    open_fact,
    propose,
    reject_types,
    then,
)
from bot.dialogue.replying import can_read, open_question
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import corrected_part, only_takes_back, takes_back
from domain.catalogue import DisputeSheet, Fact
from domain.facts import FactKind, FactValue
from nlu.interpreter import Understanding

WRITTEN = frozenset({FactKind.TEXT, FactKind.NAME})  # any words could be their value
_CLAUSE = re.compile(r"[，,。；;！!\n]")
Corrected = list[tuple[Fact, FactValue]]


def offer_changes(state: Dialogue, view: View) -> Turn:
    """Ask which answer is to be changed."""
    sheet = view.sheet_of(state)
    told = {*state.known, *state.unknown}
    names = [fact.name for fact in sheet.facts if fact.name in told] if sheet else []
    choices = tuple(f"change:{name}" for name in names)
    return state, (Say("which_change", {}, (*choices, "do:retype")),)


def reopen(state: Dialogue, name: str, view: View) -> Turn | None:
    """Ask one fact again; None where the matter has no such fact."""
    sheet = view.sheet_of(state)
    fact = sheet.by_name.get(name) if sheet else None
    return None if fact is None else open_fact(state, fact)


def undo(state: Dialogue, view: View) -> Turn:
    """Take the last answer back and ask for it again."""
    if not state.trail or state.dispute_type is None:
        return state, (Say("nothing_to_undo"), *ask_again(state, view))
    last = state.trail[-1]
    state = replace(state, trail=state.trail[:-1])
    if last == "dispute_type":
        return retype(state)
    turn = reopen(state.forget(last), last, view)
    return undo(state, view) if turn is None else then((Say("undone"),), turn)


def retype(state: Dialogue) -> Turn:
    """Let the person choose the dispute type again; a case that is open keeps its own."""
    if state.case_number is not None:
        return state, (Say("not_possible", {}, ("do:person",)),)
    trail = tuple(name for name in state.trail if name != "dispute_type")
    wrong = (state.dispute_type,) if state.dispute_type else ()
    state = replace(state, dispute_type=None, asked=None, trail=trail)
    others = tuple(name for name in state.proposed if name not in wrong)
    if not others:
        return reject_types(replace(state, proposed=(*state.proposed, *wrong)))
    rejected = tuple(dict.fromkeys((*state.rejected, *wrong)))
    return propose(replace(state, proposed=others, rejected=rejected))


def correct(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Change earlier answers as the text says, and go back to the open question once.

    Returns None where the text corrects nothing that is known.
    """
    sheet = view.sheet_of(state)
    if sheet is None:
        return None
    found = _corrected_facts(sheet, state, heard.text, view)
    if not found:
        bare = only_takes_back(heard.text) and state.case_number is None
        return offer_changes(state, view) if bare else None
    values = {fact.name: value for fact, value in found}
    state = state.learn(values)
    said: tuple[Effect, ...] = tuple(
        Say("corrected", {"label": fact.label, "fact": fact, "value": value})
        for fact, value in found
    )
    if state.case_number is not None:
        said = (*said, ChangeCase(state.case_number, values))
    elif state.asked in values or state.asked is None or closed_by(sheet, state) is not None:
        return then(said, ask_next(state, view))
    return state, (*said, *ask_again(state, view))


def _corrected_facts(sheet: DisputeSheet, state: Dialogue, text: str, view: View) -> Corrected:
    """Return what is corrected by its name, else what the new value can only be meant for."""
    names = {*state.known, *state.unknown, state.asked}
    told = [fact for fact in sheet.facts if fact.name in names]
    clauses = [clause for clause in _CLAUSE.split(text) if clause.strip()]
    named = _by_name(told, clauses, state, view, takes_back(text))
    if named:
        return named
    fact = open_question(state, view)
    if not takes_back(text) and fact is not None and can_read(fact, text, view):
        return []
    for clause in reversed(clauses):
        words = _new_words(clause)
        meant = next(_by_value(told, state, words, view), None) if words else None
        if meant is not None:
            return [meant]
    return []


def _by_name(
    told: list[Fact], clauses: list[str], state: Dialogue, view: View, sure: bool
) -> Corrected:
    """Return every fact that a clause names, with the value in the same clause or a later one."""
    found: dict[str, tuple[Fact, FactValue]] = {}
    current: list[Fact] = []
    sure = sure or state.stage is Stage.READING_BACK
    for clause in clauses:
        named = [fact for fact in told if any(word in clause for word in _names(fact))]
        if named and (sure or current or _MARK.search(clause)):
            current = named
        words = _new_words(clause)
        for fact in current if words else ():
            value = _changed(fact, words, clause, state, view)
            if value is not None and fact.name not in found:
                found[fact.name] = (fact, value)
                break
    return list(found.values())


def _names(fact: Fact) -> tuple[str, ...]:
    return (fact.label, *fact.called, *_KIND_NAMES.get(fact.kind, ()))


_KIND_NAMES = {
    FactKind.AMOUNT: ("金额", "数目"),
    FactKind.DATE: ("日期", "日子", "时间"),
    FactKind.PHONE: ("电话", "手机"),
    FactKind.PLACE: ("地点", "地方", "地址"),
}
_MARK = re.compile(r"不对|错|应该是|其实是|不是|改")
_SAID = re.compile(r"(?:改成|改为|应该是|更正为|其实是|(?<![不还])是|叫做?|姓)")
_WRONG = re.compile(r".*(?:不对|错了?|不准)(?:了|的|呢)?")
_UNITS = {
    FactKind.COUNT: re.compile(r"[人个户家口]"),
    FactKind.AREA: re.compile(r"[亩分厘平]"),
}


def _new_words(clause: str) -> str:
    """Return the part of a clause that can hold the new value; empty where it only denies one."""
    part = corrected_part(clause)
    if part != clause:
        return part
    return "" if "不是" in clause else _WRONG.sub("", clause)


def _changed(fact: Fact, words: str, clause: str, state: Dialogue, view: View) -> FactValue | None:
    if fact.kind in WRITTEN and not _SAID.search(clause):
        return None
    value = reply_value(fact, words, view.now)
    old = state.known.get(fact.name)
    is_new = isinstance(value, FactValue) and (old is None or value.value != old.value)
    return value if isinstance(value, FactValue) and is_new else None


def _by_value(
    told: list[Fact], state: Dialogue, words: str, view: View
) -> Iterator[tuple[Fact, FactValue]]:
    """Yield facts that can take the value though none is named, the one answered last first."""
    order = {name: place for place, name in enumerate(state.trail)}
    for fact in sorted(told, key=lambda each: -order.get(each.name, -1)):
        unit = _UNITS.get(fact.kind)
        is_last = bool(state.trail) and state.trail[-1] == fact.name
        if fact.kind in WRITTEN or (unit is not None and not unit.search(words)):
            continue
        if fact.kind is FactKind.YES_NO and not is_last:
            continue
        value = _changed(fact, words, words, state, view)
        if value is not None:
            yield fact, value
