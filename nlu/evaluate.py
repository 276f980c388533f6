"""Measure a model on the gold set, and on a further file of real questions beside others' answers.

What is measured is what is served: the same readings, the same gates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from domain.calendar import LOCAL
from nlu import gates
from nlu.figures import Figures, figures_of
from nlu.gold import GOLD, GoldLine, NoGold, read_gold, read_lines
from nlu.interpreter import Heard
from nlu.judged import MATTERS, Answer, Judged
from nlu.reading import Reading
from nlu.report import rivalry_summary, summary, write_report
from nlu.rivals import Rivalry, rivalry_of

__all__ = ["NoGold", "evaluate_and_report"]

NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)  # facts are not measured; any time would do
BATCH = 64


class Reader(Protocol):
    """What can be measured: `nlu.rasa_interpreter.RasaInterpreter`."""

    @property
    def model(self) -> str:
        """The version of the trained model."""
        ...

    def readings(self, messages: Sequence[Heard]) -> list[Reading]:
        """Return the probabilities of each message, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured; its text is the summary for a terminal."""

    figures: Figures | None
    rivalry: Rivalry | None
    notes: tuple[str, ...]

    def __str__(self) -> str:
        parts = [summary(self.figures)] if self.figures else []
        parts += [rivalry_summary(self.rivalry)] if self.rivalry else []
        return "\n\n".join([*parts, *self.notes])


def evaluate_and_report(
    reader: Reader, report: Path, extra_file: Path | None = None, gold: Path = GOLD
) -> Evaluation:
    """Measure on the gold set and on `extra_file`, and write the page `report`.

    A copy without its tests has no gold set: the summary says so. Raises NoGold for an
    `extra_file` that cannot be read.
    """
    notes: list[str] = []
    figures = rivalry = None
    try:
        figures = measure(reader, read_gold(gold))
    except NoGold as missing:
        notes.append(str(missing))
    if extra_file is not None:
        rivalry = rivalry_of(extra_file.name, judge(reader, tuple(read_lines(extra_file))))
    if figures or rivalry:
        write_report(report, figures, rivalry)
        notes.append(f"report: {report}")
    return Evaluation(figures, rivalry, tuple(notes))


def measure(reader: Reader, gold: Sequence[GoldLine]) -> Figures:
    """Measure on the gold set."""
    return figures_of(reader.model, judge(reader, gold))


def judge(reader: Reader, lines: Sequence[GoldLine]) -> tuple[Judged, ...]:
    """Return every line with what the model says to it."""
    answers = _answers(reader, lines)
    return tuple(Judged(line, answer) for line, answer in zip(lines, answers, strict=True))


def _answers(reader: Reader, lines: Sequence[GoldLine]) -> Iterator[Answer]:
    for start in range(0, len(lines), BATCH):
        heard = [Heard(line.text, NOW) for line in lines[start : start + BATCH]]
        for each, reading in zip(heard, reader.readings(heard), strict=True):
            yield answer_of(each.text, reading)


def answer_of(text: str, reading: Reading) -> Answer:
    """Return what the model says, as it is served, and how sure it is."""
    labels = reading.weights.labels
    order = (-reading.types).argsort()
    intent = labels.intents[gates.intent_of(text, reading)]
    flags = gates.flags(text, reading)
    chances = dict(zip(labels.intents, reading.intents.tolist(), strict=True))
    return Answer(
        intent=intent,
        ranking=tuple(labels.types[column] for column in order),
        confidence=float(reading.types.max()),
        matter=sum(chances[intent] for intent in MATTERS),
        flags=flags,
        is_ours=gates.is_ours(reading),
        is_sure=gates.is_sure(reading),
        second_stage=reading.is_read_twice,
        doubtful=gates.doubtful(text, reading, flags),
    )
