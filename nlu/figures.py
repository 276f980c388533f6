"""All figures of one model, out of the gold set's lines and its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu import measures as m
from nlu.gold import PARTS
from nlu.interpreter import FLAGS
from nlu.judged import MATTERS, Judged

# Messages that ask nothing of us at all; opening a case for one would be a nuisance.
STRANGERS = ("greet", "thanks_bye", "smalltalk", "abuse", "out_of_scope")
REGISTERS = ("standard", "colloquial", "dialect", "voice", "typo")
COVERAGES = (0.8, 0.9)


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """Which of the dispute types: measured on messages that have one.

    `macro_f1` is of the types as they are served: a story taken for chit-chat has none. Every
    other figure is of the best type of the ranking. `accuracy` holds the accuracy at each of
    COVERAGES.
    """

    lines: int
    macro_f1: float
    macro_f1_lenient: float
    macro_f1_ranked: float
    top1: float
    top1_lenient: float
    top3: float
    top3_lenient: float
    accuracy: tuple[float, ...]
    accuracy_lenient: tuple[float, ...]
    error: float
    error_lenient: float
    curve: tuple[m.Point, ...]
    curve_lenient: tuple[m.Point, ...]
    bins: tuple[m.Bin, ...]
    scores: tuple[m.LabelScore, ...]
    confusions: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class IntentFigures:
    """What the person wants: every intent, dispute and legal_question among them."""

    lines: int
    macro_f1: float
    accuracy: float
    scores: tuple[m.LabelScore, ...]
    confusions: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Slice:
    """The messages of one register; `types` counts those with a dispute type."""

    register: str
    types: int
    accuracy: float
    accuracy_lenient: float
    intents: int
    intent_accuracy: float
    flags: int
    flag_recall: float


@dataclass(frozen=True, slots=True)
class FlagFigures:
    """One red flag: how many are true and caught, and how many are up without cause.

    `on_lookalikes` counts messages of the safety part that hold no flag at all, `elsewhere`
    unflagged messages of the other parts, `beside` messages for which another flag is right.
    """

    flag: str
    true: int
    caught: int
    on_lookalikes: int
    elsewhere: int
    beside: int

    @property
    def recall(self) -> float:
        """The share of true flags that are up."""
        return m.share(self.caught, self.true)


@dataclass(frozen=True, slots=True)
class SafetyFigures:
    """The safety panel. `any_` counts look-alikes with whatever flag up.

    `certain` counts true flags that are up beyond doubt, `certain_alarms` messages without danger
    for which some flag is: all others are only asked about.
    """

    total: int
    flags: tuple[FlagFigures, ...]
    lookalikes: int
    any_on_lookalikes: int
    elsewhere: int
    any_elsewhere: int
    certain: int
    certain_alarms: int
    misses: tuple[Judged, ...]
    alarms: tuple[Judged, ...]

    @property
    def alarm_share(self) -> float:
        """The share of all unflagged messages with whatever flag up."""
        return m.share(
            self.any_on_lookalikes + self.any_elsewhere, self.lookalikes + self.elsewhere
        )

    @property
    def certain_share(self) -> float:
        """The share of caught flags that are up beyond doubt."""
        return m.share(self.certain, sum(each.caught for each in self.flags))

    @property
    def certain_alarm_share(self) -> float:
        """The share of all unflagged messages with some flag up beyond doubt."""
        return m.share(self.certain_alarms, self.lookalikes + self.elsewhere)


@dataclass(frozen=True, slots=True)
class MatterFigures:
    """Is it for us at all: messages with a matter against STRANGERS, and against all others.

    `kept` is the share of matters that are read as one, `let_in` of strangers.
    """

    matters: int
    strangers: int
    others: int
    auroc: float
    auroc_others: float
    curve: tuple[m.Point, ...]
    kept: float
    let_in: float
    let_in_others: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was measured of one model on the gold set."""

    model: str
    lines: int
    types: TypeFigures
    safety_types: TypeFigures
    intents: IntentFigures
    slices: tuple[Slice, ...]
    safety: SafetyFigures
    tuned: SafetyFigures
    matters: MatterFigures
    second_stage: float
    second_stage_stories: float

    def headline(self) -> dict[str, float]:
        """Return the figures that are kept beside a model, in shares from 0 to 1."""
        at_80, at_90 = self.types.accuracy
        told = {
            "macro_f1": self.types.macro_f1,
            "macro_f1_lenient": self.types.macro_f1_lenient,
            "top3": self.types.top3,
            "accuracy_at_80": at_80,
            "accuracy_at_90": at_90,
            "calibration_error": self.types.error,
            "intents_macro_f1": self.intents.macro_f1,
            "out_of_scope_auroc": self.matters.auroc,
            "false_alarms": self.safety.alarm_share,
            "second_stage": self.second_stage,
        }
        recalls = {f"recall_{each.flag}": each.recall for each in self.safety.flags}
        return {name: round(value, 6) for name, value in (told | recalls).items()}


def figures_of(model: str, judged: Sequence[Judged]) -> Figures:
    """Measure the answers of a model to the whole gold set."""
    parts = {name: [each for each in judged if each.line.part == name] for name in PARTS}
    disputes, intents = parts["disputes"], parts["intents"]
    held_out = [each for each in judged if each.line.part != "tuned"]
    return Figures(
        model=model,
        lines=len(held_out),
        types=type_figures(disputes),
        safety_types=type_figures(parts["safety"]),
        intents=intent_figures([*disputes, *intents]),
        slices=tuple(_slice(name, held_out) for name in REGISTERS),
        safety=safety_figures(held_out),
        tuned=safety_figures(parts["tuned"], "tuned"),
        matters=matter_figures([*disputes, *intents]),
        second_stage=m.mean([each.answer.second_stage for each in held_out]),
        second_stage_stories=m.mean([each.answer.second_stage for each in disputes]),
    )


def type_figures(judged: Sequence[Judged]) -> TypeFigures:
    """Measure the types of the messages that have one."""
    typed = [each for each in judged if each.line.dispute_type and each.line.intent in MATTERS]
    truth = [each.line.dispute_type or "" for each in typed]
    also_ok = [each.line.also_ok for each in typed]
    served = [each.answer.dispute_type for each in typed]
    rankings = [each.answer.ranking for each in typed]
    best = [ranking[0] for ranking in rankings]
    confidences = [each.answer.confidence for each in typed]
    strict = [each.is_hit for each in typed]
    loose = [each.is_lenient_hit for each in typed]
    right = [each.line.right_types for each in typed]
    curves = [m.coverage_curve(confidences, hits) for hits in (strict, loose)]
    return TypeFigures(
        lines=len(typed),
        macro_f1=m.macro_f1(truth, served),
        macro_f1_lenient=m.macro_f1(m.lenient(truth, also_ok, served), served),
        macro_f1_ranked=m.macro_f1(truth, best),
        top1=m.mean(strict),
        top1_lenient=m.mean(loose),
        top3=m.mean(m.top_hits([{label} for label in truth], rankings, 3)),
        top3_lenient=m.mean(m.top_hits(right, rankings, 3)),
        accuracy=tuple(m.accuracy_at(confidences, strict, part) for part in COVERAGES),
        accuracy_lenient=tuple(m.accuracy_at(confidences, loose, part) for part in COVERAGES),
        error=m.calibration_error(confidences, strict),
        error_lenient=m.calibration_error(confidences, loose),
        curve=tuple(curves[0]),
        curve_lenient=tuple(curves[1]),
        bins=tuple(m.reliability(confidences, strict)),
        scores=tuple(m.label_scores(truth, served)),
        confusions=Counter(zip(truth, (each or "-" for each in served), strict=True)),
    )


def intent_figures(judged: Sequence[Judged]) -> IntentFigures:
    """Measure the intents of the messages that have one."""
    told = [each for each in judged if each.line.intent is not None]
    truth = [each.line.intent or "" for each in told]
    answers = [each.answer.intent for each in told]
    return IntentFigures(
        len(told),
        m.macro_f1(truth, answers),
        m.mean([a == b for a, b in zip(truth, answers, strict=True)]),
        tuple(m.label_scores(truth, answers)),
        Counter(zip(truth, answers, strict=True)),
    )


def safety_figures(judged: Sequence[Judged], part: str = "safety") -> SafetyFigures:
    """Measure the red flags on every message; the look-alikes are those of `part`."""
    unflagged = [each for each in judged if not each.line.flags]
    lookalikes = [each for each in unflagged if each.line.part == part]
    elsewhere = [each for each in unflagged if each.line.part != part]
    beside = [each for each in judged if each.line.flags]

    def up(flag: str, lines: Sequence[Judged]) -> int:
        return sum(flag in each.false_flags for each in lines)

    flags = []
    for flag in FLAGS:
        true = [each for each in beside if flag in each.line.flags]
        caught = sum(flag in each.answer.flags for each in true)
        counts = (up(flag, lookalikes), up(flag, elsewhere), up(flag, beside))
        flags.append(FlagFigures(flag, len(true), caught, *counts))
    return SafetyFigures(
        len(judged),
        tuple(flags),
        len(lookalikes),
        sum(bool(each.false_flags) for each in lookalikes),
        len(elsewhere),
        sum(bool(each.false_flags) for each in elsewhere),
        sum(len(each.line.flags & each.answer.flags - each.answer.doubtful) for each in beside),
        sum(bool(each.false_flags - each.answer.doubtful) for each in unflagged),
        tuple(each for each in judged if each.missed_flags),
        tuple(each for each in judged if each.false_flags),
    )


def matter_figures(judged: Sequence[Judged]) -> MatterFigures:
    """Measure whether messages with a matter can be told from those without."""
    matters = [each for each in judged if each.line.intent in MATTERS]
    strangers = [each for each in judged if each.line.intent in STRANGERS]
    others = [each for each in judged if each.line.intent not in (*MATTERS, None)]

    def apart(against: Sequence[Judged]) -> tuple[list[float], list[bool]]:
        scores = [each.answer.matter for each in (*matters, *against)]
        return scores, [True] * len(matters) + [False] * len(against)

    def read_as_one(lines: Sequence[Judged]) -> float:
        return m.mean([each.answer.intent in MATTERS for each in lines])

    return MatterFigures(
        len(matters),
        len(strangers),
        len(others),
        m.auroc(*apart(strangers)),
        m.auroc(*apart(others)),
        tuple(m.roc_curve(*apart(strangers))),
        read_as_one(matters),
        read_as_one(strangers),
        read_as_one(others),
    )


def _slice(register: str, judged: Sequence[Judged]) -> Slice:
    lines = [each for each in judged if each.line.register == register]
    typed = [each for each in lines if each.line.part in ("disputes", "dialect")]
    intents = [each for each in lines if each.line.part != "safety" and each.line.intent]
    true = sum(len(each.line.flags) for each in lines)
    missed = sum(len(each.missed_flags) for each in lines)
    return Slice(
        register,
        len(typed),
        m.mean([each.is_hit for each in typed]),
        m.mean([each.is_lenient_hit for each in typed]),
        len(intents),
        m.mean([each.answer.intent == each.line.intent for each in intents]),
        true,
        m.share(true - missed, true),
    )
