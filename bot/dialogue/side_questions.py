"""What the other side is asked: own words, sum and day as that side sees it, wishes. All neutral.

The questions are ours and not the sheet's, which speak to somebody who has a claim (差你们多少钱);
the sheet says only which of them make sense and under which names the answers are kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.dialogue.effects import Say
from bot.dialogue.marks import Marks
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import View
from domain.catalogue import DisputeSheet, Fact
from domain.facts import FactKind

SKIP = "own:skip"
DECLINE = "do:decline"
TIMES = Fact("times", FactKind.TEXT, "时间", "", "")
NEUTRAL = (FactKind.AMOUNT, FactKind.DATE)  # asked only where the sheet has one that is primary


def is_open(state: Dialogue) -> bool:
    """Whether the side that was invited is telling its own view; a booking asks by the sheet."""
    return state.is_respondent and state.stage in {Stage.TELLING, Stage.ASKING} and not state.slot


def questions(sheet: DisputeSheet) -> Iterator[tuple[str, Fact]]:
    """Yield what is asked after the own account, each under the name of its sentence."""
    for kind in NEUTRAL:
        fact = next((each for each in sheet.facts if each.kind is kind and each.primary), None)
        if fact is not None:
            yield kind.value, fact
    if "wish" in sheet.by_name:
        yield "wish", sheet.fact("wish")
    yield TIMES.name, TIMES


def open_question(state: Dialogue, view: View) -> tuple[str, Fact] | None:
    """Return the open question and the fact that its answer is kept under; None for the account."""
    asked = (each for each in questions(view.sheet_in_hand(state)) if each[1].name == state.asked)
    return next(asked, None)


def ask(state: Dialogue, view: View) -> Say:
    """Return the open question; every one of them may be passed over."""
    question = open_question(state, view)
    if question is None:
        return Say("ask_side", {"what": "account"}, (SKIP, DECLINE))
    what, fact = question
    asks = {"name": fact.name, "kind": fact.kind.value}
    return Say("ask_side", {"what": what}, (SKIP, DECLINE), asks, Marks.NONE)


def following(state: Dialogue, view: View) -> Fact | None:
    """Return the fact that is asked next; None when all were."""
    facts = [fact for _, fact in questions(view.sheet_in_hand(state))]
    names = [fact.name for fact in facts]
    place = names.index(state.asked) + 1 if state.asked in names else 0
    return facts[place] if place < len(facts) else None
