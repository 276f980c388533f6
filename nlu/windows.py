"""Parts of a long story, so that one sentence of danger does not drown in the rest."""

from __future__ import annotations

import re

LONG = 40  # characters; what is no longer is read as a whole only
SHORT = 14  # a part grows until it has so many
OVERLAP = 12  # of parts that speech recognition gave no mark to split at
_MARK = re.compile(r"(?<=[。！？；，、!?;,\n ])")


def windows(text: str) -> list[str]:
    """Split a story of more than LONG characters at its marks; shorter ones have no parts.

    >>> windows("他欠我钱")
    []
    >>> [len(part) for part in windows("去年借给他三万块，说好年底还。" * 3)]
    [39, 6]
    """
    if len(text) <= LONG:
        return []
    found, part = [], ""
    for clause in _clauses(text):
        if part and len(part) + len(clause) > LONG and len(part) >= SHORT:
            found.append(part)
            part = clause
        else:
            part += clause
    return [*found, part]


def _clauses(text: str) -> list[str]:
    """Return what stands between marks, the long ones cut into pieces that overlap."""
    step = LONG - OVERLAP
    return [
        clause[start : start + LONG]
        for clause in _MARK.split(text)
        for start in range(0, max(1, len(clause) - OVERLAP), step)
        if clause.strip()
    ]
