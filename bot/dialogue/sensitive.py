"""What may not be asked before the person has said that it may (个人信息保护法 28-30)."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.effects import Say
from bot.dialogue.state import Dialogue
from domain.catalogue import DisputeSheet, Fact


def is_shut(state: Dialogue, fact: Fact) -> bool:
    """Whether the person is still to be asked if such things may be asked in this matter."""
    answered = (*state.permitted, *state.declined)
    return fact.sensitive is not None and fact.sensitive not in answered


def question(fact: Fact, why: bool) -> Say:
    """Return the one sentence before the first fact of a kind."""
    kind = fact.sensitive
    data = {"kind": kind, "why": fact.why if why else ""}
    asks = {"name": fact.name, "kind": fact.kind.value}
    return Say("may_ask", data, (f"may:{kind}:yes", f"may:{kind}:no"), asks)


def leave_out_declined(state: Dialogue, sheet: DisputeSheet) -> Dialogue:
    """Return the state with every fact of a declined kind that was not told among the unknown."""
    names = tuple(
        fact.name
        for fact in sheet.facts
        if fact.sensitive in state.declined and not fact.optional
        if fact.name not in state.known and fact.name not in state.unknown
    )
    return replace(state, unknown=(*state.unknown, *names)) if names else state
