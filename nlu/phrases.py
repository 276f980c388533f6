"""The phrases of a message that spoke for its dispute type, for a person to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nlu.reading import Reading

MOST, SHORTEST, LONGEST = 3, 2, 8
TIED = 1.2  # how much likelier two characters stand together than apart, as a logarithm: one word
LOUD = 0.25  # of the loudest pair of the message; what is quieter joins no phrase
# A phrase neither begins nor ends with a word that says nothing by itself.
_HOLLOW = frozenset(
    "的了呢么吗嘛吧啊噶着是在就也都还又很我你他她它们这那个把被给和跟与及有要到上下里去来说一两三些"
)
_PIECE = re.compile(r"[^\W\d_a-zA-Z]+")


def phrases(text: str, reading: Reading, type_column: int) -> tuple[str, ...]:
    """Return up to three runs of 2 to 8 characters, the one that spoke loudest first."""
    pieces = [piece[0] for piece in _PIECE.finditer(text)]
    spoken = [
        [_weight(piece[i : i + 2], reading, type_column) for i in range(len(piece) - 1)]
        for piece in pieces
    ]
    floor = LOUD * max((weight for pairs in spoken for weight in pairs), default=0.0)
    loud = sorted(
        (-sum(pairs[start:end]), _whole(piece, start, end + 1, reading))
        for piece, pairs in zip(pieces, spoken, strict=True)
        for start, end in _runs(pairs, floor)
    )
    told: list[str] = []
    for _, run in loud:
        phrase = _trim(run)
        if phrase and not any(phrase in other for other in told):
            told.append(phrase)
    return tuple(told[:MOST])


def _whole(piece: str, start: int, end: int, reading: Reading) -> str:
    """Return the run, with the halves of words at its ends made whole or left out."""
    while start and end - start < LONGEST and _tie(piece[start - 1 : start + 1], reading) > TIED:
        start -= 1
    while (
        end < len(piece)
        and end - start < LONGEST
        and _tie(piece[end - 1 : end + 1], reading) > TIED
    ):
        end += 1
    while start < end and _tie(piece[start : start + 2], reading) < 0:
        start += 1
    while start < end and _tie(piece[end - 2 : end], reading) < 0:
        end -= 1
    return piece[start:end]


def _tie(pair: str, reading: Reading) -> float:
    """Return how tied two neighbours are: rarity of each less rarity of both (PMI)."""
    vocabulary = reading.weights.vocabulary
    rows = [row for gram in (*pair, pair) if (row := vocabulary.row_of.get(gram)) is not None]
    if len(rows) < 3:
        return 0.0
    one, other, both = vocabulary.rarity[rows].tolist()
    return float(one + other - both)


def _runs(pairs: Sequence[float], floor: float) -> Iterator[tuple[int, int]]:
    """Return the longest runs of pairs above the floor, split where they are too long."""
    start = None
    for place, weight in enumerate([*pairs, 0.0]):
        if weight > floor and start is None:
            start = place
        elif weight <= floor and start is not None:
            yield from _split(pairs, start, place)
            start = None


def _split(pairs: Sequence[float], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a run at its quietest pair, which most likely lies between two words."""
    if end - start < LONGEST:
        yield start, end
        return
    cut = min(range(start + 1, end - 1), key=pairs.__getitem__)
    yield from _split(pairs, start, cut)
    yield from _split(pairs, cut + 1, end)


def _trim(phrase: str) -> str:
    while phrase and phrase[-1] in _HOLLOW:
        phrase = phrase[:-1]
    while phrase and phrase[0] in _HOLLOW:
        phrase = phrase[1:]
    return phrase if len(phrase) >= SHORTEST else ""


def _weight(pair: str, reading: Reading, column: int) -> float:
    weights = reading.weights
    row = weights.vocabulary.row_of.get(pair)
    return 0.0 if row is None else float(weights.matrix[row, weights.first_type + column])
