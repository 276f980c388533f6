"""The phrases of a message that spoke for its dispute type, for a person to read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.reading import Reading

MOST, SHORTEST, LONGEST = 3, 2, 8
# A phrase neither begins nor ends with a word that says nothing by itself.
_HOLLOW = frozenset(
    "的了呢么吗嘛吧啊噶着是在就也都还又很我你他她它们这那个把被给和跟与及有没不要到上下里去来说"
)
_PIECE = re.compile(r"[\w]+")


def phrases(text: str, reading: Reading, type_column: int) -> tuple[str, ...]:
    """Return up to three runs of 2 to 8 characters, the one that spoke loudest first."""
    loud: list[tuple[float, str]] = []
    for piece in _PIECE.finditer(text):
        loud += _runs(piece[0], reading, type_column)
    loud.sort(key=lambda each: -each[0])
    return tuple(dict.fromkeys(phrase for _, phrase in loud))[:MOST]


def _runs(piece: str, reading: Reading, column: int) -> Iterator[tuple[float, str]]:
    """Return the runs of characters whose pairs all speak for the type."""
    pairs = [_weight(piece[i : i + 2], reading, column) for i in range(len(piece) - 1)]
    start = 0
    while start < len(pairs):
        end = start
        while end < len(pairs) and pairs[end] > 0 and end - start < LONGEST - 1:
            end += 1
        if end > start:
            phrase = piece[start : end + 1]
            while phrase and phrase[-1] in _HOLLOW:
                phrase = phrase[:-1]
            while phrase and phrase[0] in _HOLLOW:
                phrase = phrase[1:]
            if len(phrase) >= SHORTEST:
                yield sum(pairs[start:end]), phrase
        start = max(end, start + 1)


def _weight(pair: str, reading: Reading, column: int) -> float:
    weights = reading.weights
    row = weights.vocabulary.row_of.get(pair.lower())
    return 0.0 if row is None else float(weights.matrix[row, weights.first_type + column])
