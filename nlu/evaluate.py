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
from nlu.figures import Extra, Figures, extra_of, figures_of
from nlu.gold import NoGold, read_gold, read_lines
from nlu.interpreter import DISPUTE, LEGAL_QUESTION, Heard
from nlu.judged import Answer, GoldLine, Judged
from nlu.reading import Reading
from nlu.report import write_report

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
    extra: Extra | None
    told: tuple[str, ...]

    def __str__(self) -> str:
        parts = [str(each) for each in (self.figures, self.extra) if each is not None]
        return "\n\n".join([*parts, *self.told])


def evaluate_and_report(reader: Reader, report: Path, extra_file: Path | None = None) -> Evaluation:
    """Measure on the gold set and on `extra_file`, and write the page `report`.

    A copy without its tests has no gold set: the summary says so. Raises NoGold for a file that
    cannot be read.
    """
    told: list[str] = []
    figures = None
    try:
        figures = measure(reader)
    except NoGold as missing:
        told.append(str(missing))
    extra = None
    if extra_file is not None:
        extra = extra_of(extra_file, judge(reader, tuple(read_lines(extra_file))))
    if figures is not None or extra is not None:
        write_report(report, figures, extra)
        told.append(f"report: {report}")
    return Evaluation(figures, extra, tuple(told))


def measure(reader: Reader) -> Figures:
    """Measure on the gold set; raises NoGold."""
    return figures_of(reader.model, judge(reader, read_gold()))


def judge(reader: Reader, lines: Sequence[GoldLine]) -> tuple[Judged, ...]:
    """Return every line with what the model says to it."""
    return tuple(Judged(line, answer) for line, answer in zip(lines, _answers(reader, lines)))


def _answers(reader: Reader, lines: Sequence[GoldLine]) -> Iterator[Answer]:
    for start in range(0, len(lines), BATCH):
        heard = [Heard(line.text, NOW) for line in lines[start : start + BATCH]]
        for each, reading in zip(heard, reader.readings(heard), strict=True):
            yield answer_of(each.text, reading)


def answer_of(text: str, reading: Reading) -> Answer:
    """Return what the model says, as it is served, and how sure it is."""
    labels = reading.weights.labels
    order = (-reading.types).argsort()
    intent = labels.intents[int(reading.intents.argmax())]
    chances = dict(zip(labels.intents, reading.intents.tolist(), strict=True))
    return Answer(
        intent=intent,
        ranking=tuple(labels.types[column] for column in order),
        confidence=float(reading.types.max()),
        is_matter=chances[DISPUTE] + chances[LEGAL_QUESTION],
        flags=gates.flags(text, reading),
        is_ours=gates.is_ours(reading),
        is_sure=gates.is_sure(reading),
        second_stage=reading.second_stage,
    )
