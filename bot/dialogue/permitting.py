"""Takes the answer to whether something sensitive may be asked; no is as good as yes."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.dialogue.intake import open_fact
from bot.dialogue.replying import not_known, open_question, settle
from bot.dialogue.sensitive import is_shut
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import TIDY, is_yes
from domain.catalogue import Fact

_MAY = re.compile(r"(?:可以|能|行|你|就)*(?:问|说|讲)(?:吧|嘛|的|了)?|愿意(?:说|讲)?|没关系|没得事")
_MAY_NOT = re.compile(
    r"(?:我|还是|先|也|都)*(?:不想|不愿意?|不方便|不可以|不能|不要|不行|不肯|不)"
    r"(?:说|讲|问|提|告诉你?|透露)?(?:了|的|嘛|吧|这个|这些)*|(?:莫|别|不要)问(?:了|嘛|这个|这些)*"
)


def told(state: Dialogue, fact: Fact, text: str, view: View) -> Turn | None:
    """Take a clear yes or no; None where such things may be asked, or the words say neither.

    Who tells the fact itself has told it freely: that is read as an answer.
    """
    if not is_shut(state, fact):
        return None
    tidy = TIDY.sub("", text)
    if _MAY_NOT.fullmatch(tidy):
        return _decline(state, fact, view)
    return _permit(state, fact) if is_yes(text) or _MAY.fullmatch(tidy) else None


def chosen(state: Dialogue, rest: str, view: View) -> Turn | None:
    """Take a tapped answer; None where it is no longer asked."""
    fact = open_question(state, view)
    if state.stage is not Stage.ASKING or fact is None or not is_shut(state, fact):
        return None
    kind, _, answer = rest.partition(":")
    if kind != fact.sensitive:
        return None
    return _permit(state, fact) if answer == "yes" else _decline(state, fact, view)


def _permit(state: Dialogue, fact: Fact) -> Turn:
    return open_fact(replace(state, permitted=(*state.permitted, str(fact.sensitive))), fact)


def _decline(state: Dialogue, fact: Fact, view: View) -> Turn:
    """Go on without: what was not told of this kind is asked no more in this matter."""
    state = replace(state, declined=(*state.declined, str(fact.sensitive)))
    return settle(not_known(state, fact.name), fact, view)
