"""A file of real questions, scored as the published answers of other models were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu import measures as m
from nlu.judged import Judged

# Top-1 of zero-shot answers on the 379 typed questions of LawBench task 2-4. A model named one of
# 20 coarse classes; any of our types under it counted.
PUBLISHED = {
    "GPT-4": 0.865,
    "GPT-3.5-turbo-0613": 0.839,
    "Qwen-7B-chat": 0.665,
    "ChatLaw-33B": 0.335,
}


@dataclass(frozen=True, slots=True)
class Rivalry:
    """How a model fares on a file of real questions: `lines` are those with a dispute type.

    `served` is top-1 where a question that is taken for no matter counts as a miss. `gpt4` is
    GPT-4's top-1 on the `gpt4_lines` whose answer the file holds, `ours` the model's own there.
    """

    name: str
    lines: int
    top1: float
    top3: float
    served: float
    second_stage: float
    gpt4_lines: int
    gpt4: float
    ours: float
    by_type: tuple[tuple[str, int, float], ...]
    confusions: Mapping[tuple[str, str], int]


def rivalry_of(name: str, judged: Sequence[Judged]) -> Rivalry:
    """Score the lines that have a dispute type; a hit is any of the types that are right."""
    typed = [each for each in judged if each.line.dispute_type]
    right = [each.line.right_types for each in typed]
    rankings = [each.answer.ranking for each in typed]
    shared = [each for each in typed if each.line.gpt4 is not None]
    return Rivalry(
        name,
        len(typed),
        m.mean(m.top_hits(right, rankings, 1)),
        m.mean(m.top_hits(right, rankings, 3)),
        m.mean([each.answer.dispute_type in each.line.right_types for each in typed]),
        m.mean([each.answer.second_stage for each in typed]),
        len(shared),
        m.mean([not each.line.right_types.isdisjoint(each.line.gpt4 or ()) for each in shared]),
        m.mean([each.is_lenient_hit for each in shared]),
        tuple(_by_type(typed)),
        Counter(
            (each.line.dispute_type or "", each.answer.ranking[0])
            for each in typed
            if not each.is_lenient_hit
        ),
    )


def _by_type(typed: Sequence[Judged]) -> list[tuple[str, int, float]]:
    names = Counter(each.line.dispute_type or "" for each in typed)
    return [
        (name, count, m.mean([j.is_lenient_hit for j in typed if j.line.dispute_type == name]))
        for name, count in names.most_common()
    ]
