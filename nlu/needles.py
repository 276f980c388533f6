"""Which characters a pattern cannot match without, so that most patterns need not be tried."""

from __future__ import annotations

from collections.abc import Iterable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

# Characters that stand in every other message tell little: a needle without them is better.
COMMON = frozenset("我你他她的了在不是一有就要说人这那个们到着去来上家没都把给也还子里打得")
MOST = 4  # sets; more of them cost more than they save
FEW = 400  # a class of more characters is as good as any character


def alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars that stand in no group and in no class."""
    parts, depth, escaped = [""], 0, False
    for character in pattern:
        if not escaped:
            depth += (character in "([") - (character in ")]")
        if character == "|" and depth == 0 and not escaped:
            parts.append("")
        else:
            parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


def needles(pattern: str) -> tuple[frozenset[str], ...]:
    """Return sets of characters, the rarest first; every match holds one of each set."""
    return tuple(_of_sequence(_parser.parse(pattern))[:MOST])


def _of_sequence(items: Iterable[Any]) -> list[frozenset[str]]:
    """Return the needles of the items, each of which must match."""
    found = {each for item in items if (each := _of_item(*item))}
    return sorted(found, key=lambda each: (len(each) + 20 * len(each & COMMON), sorted(each)))


def _best(items: Iterable[Any]) -> frozenset[str] | None:
    return next(iter(_of_sequence(items)), None)


def _of_item(kind: Any, told: Any) -> frozenset[str] | None:
    if kind is op.LITERAL:
        return frozenset(chr(told))
    if kind is op.IN:
        return _of_class(told)
    if kind is op.SUBPATTERN:
        return _best(told[-1])
    if kind is op.BRANCH:
        branches = [_best(branch) for branch in told[1]]
        return None if None in branches else frozenset().union(*filter(None, branches))
    if kind is op.MAX_REPEAT and told[0] > 0:
        return _best(told[2])
    return None


def _of_class(told: Iterable[Any]) -> frozenset[str] | None:
    characters: set[str] = set()
    for kind, each in told:
        if kind is op.LITERAL:
            characters.add(chr(each))
        elif kind is op.RANGE and each[1] - each[0] < FEW:
            characters.update(map(chr, range(each[0], each[1] + 1)))
        elif kind is op.CATEGORY and each is op.CATEGORY_DIGIT:
            characters.update("0123456789")
        else:
            return None
    return frozenset(characters)
