"""The rules of the corpus: no doubles, no leaks, no strange labels, no lopsided types."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.sparse import csr_matrix

from nlu.corpus import Block
from nlu.interpreter import FLAGS, LEGAL_QUESTION
from nlu.labelled import FLAG, INTENTS, LOOKALIKE
from nlu.ngrams import fold

REGISTERS = ("standard", "colloquial", "dialect", "voice", "typo")
METADATA = frozenset({"register", "flags", "dispute_type", "topic"})
# Sentences of a dispute type: its own and questions of law about it.
PER_TYPE, MOST, PER_INTENT, PER_FLAG = 150, 240, 60, 140
NEAR = 0.7  # share of common runs of three characters from which two sentences are one
LONG_ENOUGH = 10  # characters; shorter sentences look alike without being copies
_OF_FLAGS = tuple(kind + flag for kind in (FLAG, LOOKALIKE) for flag in FLAGS)
_ENTITY = re.compile(r"[\[\](){}]")


@dataclass(frozen=True, slots=True)
class _Line:
    where: str
    label: str
    text: str
    folded: str


def faults_of(
    blocks: Sequence[Block], types: Collection[str], gold: Sequence[str] = ()
) -> list[str]:
    """Return one line a fault; `gold` are the texts that nothing here may resemble."""
    lines = [
        _Line(block.path.name, block.label, text, fold(text))
        for block in blocks
        for text in block.sentences
    ]
    return [
        *chain.from_iterable(_block_faults(block, types) for block in blocks),
        *_split_faults(blocks),
        *_double_faults(lines),
        *_near_faults(lines),
        *_leak_faults(lines, gold),
        *_balance_faults(blocks, types),
    ]


def _split_faults(blocks: Sequence[Block]) -> Iterator[str]:
    """A second block of the same label and metadata costs time at every training."""
    kinds = ((b.path.name, b.label, json.dumps(b.metadata, sort_keys=True)) for b in blocks)
    for (name, label, metadata), count in Counter(kinds).items():
        if count > 1:
            yield f"{name} ({label}): {count} blocks say {metadata}; make them one"


def _block_faults(block: Block, types: Collection[str]) -> Iterator[str]:
    where = f"{block.path.name} ({block.label})"
    faults = chain(_label_faults(block, types), _metadata_faults(block, types))
    yield from (f"{where}: {fault}" for fault in faults)
    for text in block.sentences:
        if _ENTITY.search(text):
            yield f"{where}: brackets would be read as an entity: {text}"


def _label_faults(block: Block, types: Collection[str]) -> Iterator[str]:
    label, flags = block.label, block.metadata.get("flags", ())
    if label not in {*types, *INTENTS, *_OF_FLAGS}:
        yield "is no dispute type with a sheet, no intent, no flag_ or lookalike_ of one"
    if label.startswith(FLAG) and label.removeprefix(FLAG) not in flags:
        yield "its metadata must name the flag itself"
    if label.startswith(LOOKALIKE) and flags:
        yield "a look-alike has no flags"


def _metadata_faults(block: Block, types: Collection[str]) -> Iterator[str]:
    told = block.metadata
    for key in told.keys() - METADATA:
        yield f"metadata {key!r} is unknown; known are {', '.join(sorted(METADATA))}"
    if told.get("register") not in REGISTERS:
        yield f"register must be one of {', '.join(REGISTERS)}"
    for flag in set(told.get("flags", ())) - set(FLAGS):
        yield f"{flag!r} is no red flag; known are {', '.join(FLAGS)}"
    if "dispute_type" in told and told["dispute_type"] not in types:
        yield f"dispute_type {told['dispute_type']!r} has no sheet"


def _double_faults(lines: Sequence[_Line]) -> Iterator[str]:
    seen: dict[str, _Line] = {}
    for line in lines:
        first = seen.setdefault(line.folded, line)
        if first is not line:
            yield f"{line.where}: stands already in {first.where} ({first.label}): {line.text}"


def _near_faults(lines: Sequence[_Line]) -> Iterator[str]:
    long = [line for line in lines if len(line.folded) >= LONG_ENOUGH]
    for one, other in _alike([line.folded for line in long], [line.folded for line in long]):
        a, b = long[one], long[other]
        if one < other and a.label != b.label and a.folded != b.folded:
            yield f"{b.where}: is nearly {a.where} ({a.label}) {a.text} : {b.text}"


def _leak_faults(lines: Sequence[_Line], gold: Sequence[str]) -> Iterator[str]:
    texts = [fold(text) for text in gold]
    short = set(texts)
    for line in lines:
        if line.folded in short and len(line.folded) > 4:
            yield f"{line.where}: stands in the gold set; it would measure itself: {line.text}"
    long = [line for line in lines if len(line.folded) >= LONG_ENOUGH]
    for one, other in _alike([line.folded for line in long], texts):
        if long[one].folded != texts[other] and len(texts[other]) >= LONG_ENOUGH:
            yield f"{long[one].where}: is nearly in the gold set: {long[one].text}"


def _alike(texts: Sequence[str], others: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs that share NEAR of their runs of three characters."""
    places: dict[str, int] = defaultdict(lambda: len(places))
    left, right = _shingles(texts, places), _shingles(others, places)
    width = len(places)
    one, other = _matrix(left, width), _matrix(right, width)
    common = (one @ other.T).tocoo()
    sizes = np.array([len(s) for s in left]), np.array([len(s) for s in right])
    union = sizes[0][common.row] + sizes[1][common.col] - common.data
    near = common.data >= NEAR * union
    return list(zip(common.row[near].tolist(), common.col[near].tolist(), strict=True))


def _shingles(texts: Sequence[str], places: dict[str, int]) -> list[list[int]]:
    return [
        [places[run] for run in {text[i : i + 3] for i in range(max(1, len(text) - 2))}]
        for text in texts
    ]


def _matrix(rows: Sequence[Sequence[int]], width: int) -> csr_matrix:
    ends = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.fromiter(chain.from_iterable(rows), np.intp, ends[-1])
    shape = (len(rows), width)
    return csr_matrix((np.ones(len(columns), np.int32), columns, ends), shape=shape)


def _balance_faults(blocks: Sequence[Block], types: Collection[str]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for block in blocks:
        counts[block.label] += len(block.sentences)
        if block.label == LEGAL_QUESTION:
            counts[str(block.metadata.get("dispute_type"))] += len(block.sentences)
    least = dict.fromkeys(types, PER_TYPE) | dict.fromkeys(INTENTS, PER_INTENT)
    for name, wanted in (least | dict.fromkeys(_OF_FLAGS, PER_FLAG)).items():
        if counts[name] < wanted:
            yield f"{name}: {counts[name]} sentences; at least {wanted} are needed"
    for name in types:
        if counts[name] > MOST:
            yield f"{name}: {counts[name]} sentences; more than {MOST} make the types lopsided"
