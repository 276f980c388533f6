"""What was measured, for people: a page that stands alone, and a summary for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from domain.catalogue import load_catalogue
from nlu import charts
from nlu.figures import COVERAGES, Figures, Slice, TypeFigures
from nlu.measures import Point
from nlu.model_store import put
from nlu.rivals import PUBLISHED, Rivalry

LISTED = 40  # how many confusions are listed


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure beside what was aimed at."""

    name: str
    value: float
    goal: float
    less_is_better: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is reached."""
        return self.value <= self.goal if self.less_is_better else self.value >= self.goal


def goals(figures: Figures) -> list[Goal]:
    """Return the figures that have a goal."""
    types, safety = figures.types, figures.safety
    standard, dialect = (
        next(s for s in figures.slices if s.register == name) for name in ("standard", "dialect")
    )
    alarms = safety.any_on_lookalikes / max(safety.lookalikes, 1)
    worst = max(s.on_lookalikes for s in safety.flags) / max(safety.lookalikes, 1)
    return [
        Goal("dispute types, macro-F1 (strict, as served)", types.macro_f1, 0.9),
        Goal("accuracy at 80 % coverage (strict)", types.accuracy[0], 0.96),
        Goal("expected calibration error (strict)", types.error, 0.04, less_is_better=True),
        Goal("out of scope, AUROC", figures.matters.auroc, 0.97),
        Goal("intents, macro-F1", figures.intents.macro_f1, 0.92),
        Goal("lowest recall of a flag", min(s.recall for s in safety.flags), 0.97),
        Goal("most false alarms of a flag on look-alikes", worst, 0.03, less_is_better=True),
        Goal("look-alikes with any flag up", alarms, 0.03, less_is_better=True),
        Goal("dialect behind standard", _gap(standard, dialect), 0.05, less_is_better=True),
    ]


def _gap(standard: Slice, dialect: Slice) -> float:
    return max(0.0, standard.accuracy - dialect.accuracy)


def write_report(path: Path, figures: Figures | None, rivalry: Rivalry | None) -> None:
    """Write the page; it needs nothing beside itself."""
    page = _environment().get_template("report.html.j2")
    names = chinese_names()
    told = {
        "figures": figures,
        "rivalry": rivalry,
        "published": PUBLISHED,
        "goals": goals(figures) if figures else [],
        "names": names,
        "coverages": list(enumerate(COVERAGES)),
    }
    put(path, page.render(**told))


@cache
def chinese_names() -> Mapping[str, str]:
    """Return what each dispute type is called in Chinese."""
    return {name: sheet.short for name, sheet in load_catalogue().sheets.items()}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nlu"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "mistakes": mistakes, "at_steps": at_steps}
    environment.globals |= {"charts": charts}
    return environment


def percent(share: float) -> str:
    """Write a share as per cent.

    >>> percent(0.8654)
    '86.5'
    """
    return f"{share * 100:.1f}"


def mistakes(confusions: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    """Return the wrong answers (truth, answer, how often), the most frequent first."""
    wrong = [(truth, told, n) for (truth, told), n in confusions.items() if truth != told]
    return sorted(wrong, key=lambda each: (-each[2], *each[:2]))[:LISTED]


def at_steps(curve: tuple[Point, ...], steps: int = 10) -> list[Point]:
    """Return the first point of a curve at or after each step from 0 to 1."""
    wanted = [step / steps for step in range(1, steps + 1)]
    return [next(point for point in curve if point.x >= share - 1e-9) for share in wanted]


def summary(figures: Figures) -> str:
    """Return the figures in some thirty lines."""
    met = [
        f"  {goal.name:<46}{percent(goal.value):>6}  (goal {percent(goal.goal)})"
        f"{'' if goal.is_met else '  NOT MET'}"
        for goal in goals(figures)
    ]
    flags = [
        f"  {each.flag:<13}{each.caught:>4} of {each.true:<4} recall {percent(each.recall):>5}"
        f"   false alarms: {each.on_lookalikes} of {figures.safety.lookalikes} look-alikes,"
        f" {each.elsewhere} of {figures.safety.elsewhere} others"
        for each in figures.safety.flags
    ]
    slices = [
        f"  {each.register:<13}types {percent(each.accuracy):>5} (lenient "
        f"{percent(each.accuracy_lenient):>5}, {each.types} messages)   intents "
        f"{percent(each.intent_accuracy):>5}   flags {percent(each.flag_recall):>5}"
        for each in figures.slices
    ]
    safety = figures.safety
    doubts = (
        f"  beyond doubt: {percent(safety.certain_share)} of the dangers heard; some flag is up in "
        f"{percent(safety.alarm_share)} of the messages without danger, beyond doubt in "
        f"{percent(safety.certain_alarm_share)} (the others are asked about)"
    )
    title = f"model {figures.model}, {figures.lines} messages of the gold set, in per cent"
    shares = (
        f"second stage read {percent(figures.second_stage)} of all messages, "
        f"{percent(figures.second_stage_stories)} of those with a dispute type"
    )
    heads = [title, *met, *_type_lines("dispute types", figures.types)]
    also = _type_lines("types of the safety messages", figures.safety_types)
    tuned = " ".join(f"{each.flag} {percent(each.recall)}" for each in figures.tuned.flags)
    seen = f"recall on the {figures.tuned.total} messages that shaped the safety rules: {tuned}"
    return "\n".join(
        [*heads, *also, *_matter_lines(figures), *flags, doubts, *slices, shares, seen]
    )


def _type_lines(name: str, told: TypeFigures) -> list[str]:
    return [
        f"{name} ({told.lines} messages), strict / lenient:",
        f"  macro-F1 {_pair(told.macro_f1, told.macro_f1_lenient)} (by ranking alone "
        f"{percent(told.macro_f1_ranked)}), top-1 {_pair(told.top1, told.top1_lenient)}, "
        f"top-3 {_pair(told.top3, told.top3_lenient)}",
        f"  accuracy at 80 % {_pair(told.accuracy[0], told.accuracy_lenient[0])}, at 90 % "
        f"{_pair(told.accuracy[1], told.accuracy_lenient[1])}, calibration error "
        f"{_pair(told.error, told.error_lenient)}",
    ]


def _matter_lines(figures: Figures) -> list[str]:
    told = figures.matters
    return [
        f"is it for us: AUROC {percent(told.auroc)} against {told.strangers} strangers, "
        f"{percent(told.auroc_others)} against all {told.others} others; read as a matter: "
        f"{percent(told.kept)} of matters, {percent(told.let_in)} of strangers",
        "safety and registers:",
    ]


def _pair(strict: float, lenient: float) -> str:
    return f"{percent(strict)} / {percent(lenient)}"


def rivalry_summary(told: Rivalry) -> str:
    """Return how the model fares beside published answers."""
    rows = [f"  {name:<34}{percent(top1):>6}" for name, top1 in PUBLISHED.items()]
    lines = [
        f"{told.name}: {told.lines} questions with a dispute type, in per cent",
        f"  this model, top-1                 {percent(told.top1):>6}",
        f"  this model, top-3                 {percent(told.top3):>6}",
        f"  this model, top-1 as served       {percent(told.served):>6}"
        "  (a question taken for no matter is a miss)",
        "published top-1, zero-shot, on LawBench's 379 typed questions:",
        *rows,
    ]
    if told.gpt4_lines:
        lines.append(
            f"on the {told.gpt4_lines} questions here that GPT-4 answered: GPT-4 "
            f"{percent(told.gpt4)}, this model {percent(told.ours)}"
        )
    return "\n".join(lines)
