"""Learn from review: train beside, measure old and new, and switch only to what is no worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.candidates import (
    Candidate,
    ReviewFaults,
    add_candidate,
    forget,
    read_candidates,
)
from nlu.corpus import Block
from nlu.evaluate import NOW, answer_of, measure
from nlu.gold import GOLD, NoGold, read_gold
from nlu.interpreter import FLAGS, Heard
from nlu.model_store import ModelStore
from nlu.rasa_interpreter import RasaInterpreter, load_version
from nlu.readers.contacts import mask
from nlu.train import HERE, train_beside

__all__ = ["NoGold", "ReviewFaults", "add_candidate", "roll_back", "train_with_review"]

POINT = 0.01
# How far a figure may fall (or false alarms rise). There are twenty intents of a dozen messages
# each, so that one message more or less is a third of a point there. A review that raises every
# flag would better every recall, hence the false alarms.
MAY_FALL = {"macro_f1": POINT, "intents_macro_f1": 3 * POINT} | {
    f"recall_{flag}": POINT for flag in FLAGS
}
MAY_RISE = {"false_alarms": POINT}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a review; its text is the account for a terminal.

    `worse` names the figures that fell too far; the new version serves if there are none.
    `left_out` counts corrections whose text stands in the gold set: they may not be learned.
    """

    old: str
    new: str
    learned: int
    left_out: int
    before: Mapping[str, float]
    after: Mapping[str, float]
    worse: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the new version serves."""
        return not self.worse

    def __str__(self) -> str:
        outcome = (
            f"{self.new} serves from now on; to go back: `python -m bot train --roll-back`"
            if self.is_accepted
            else f"refused: {', '.join(self.worse)} got worse by more than is allowed; "
            f"{self.old} still serves"
        )
        left_out = f" ({self.left_out} left out: in the gold set)" if self.left_out else ""
        rows = [
            f"  {name:<22}{self.before[name] * 100:>7.1f} -> {after * 100:>5.1f}"
            f"{'  TOO FAR' if name in self.worse else ''}"
            for name, after in self.after.items()
        ]
        title = f"{self.learned} corrections learned into {self.new}{left_out}, in per cent:"
        return "\n".join([title, *rows, outcome])


def train_with_review(
    models: Path, file: Path, *, sentences: bool = True, gold: Path = GOLD, source: Path = HERE
) -> Verdict:
    """Train a version from `source` and the corrections of `file`; let it serve if no worse.

    `file` holds JSON Lines as `add_candidate` writes them, or written by hand. What a correction
    leaves open stays as the present model reads it. Corrections that were learned leave the file;
    the version keeps them, so that every later training learns them too. Both versions are
    measured on the gold set, and both figures kept in `<version>.json`. Raises ReviewFaults,
    NoGold, NoModel, ModelDamaged.
    """
    lines = read_gold(gold)
    candidates = read_candidates(file)
    store = ModelStore(models)
    old = load_version(store, store.current())
    known = {mask(line.text) for line in lines}
    fresh = [each for each in candidates if each.text not in known]
    if not fresh:
        raise ReviewFaults(f"{file}: holds no correction that may be learned")
    blocks = _blocks(file, fresh, old)
    report = train_beside(models, blocks, sentences=sentences, source=source)
    new = load_version(store, report.version)
    before, after = (measure(model, lines).headline() for model in (old, new))
    worse = tuple(worse_figures(before, after))
    verdict = Verdict(
        old.model, new.model, len(fresh), len(candidates) - len(fresh), before, after, worse
    )
    _keep(store, verdict, blocks)
    if verdict.is_accepted:
        forget(file, [each.text for each in candidates])
    return verdict


def worse_figures(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Return the figures that got worse by more than is allowed.

    >>> before = dict.fromkeys((*MAY_FALL, *MAY_RISE), 0.9)
    >>> worse_figures(before, before | {"macro_f1": 0.88, "recall_dv": 0.895})
    ['macro_f1']
    """
    fell = [name for name, most in MAY_FALL.items() if before[name] - after[name] > most + 1e-9]
    rose = [name for name, most in MAY_RISE.items() if after[name] - before[name] > most + 1e-9]
    return fell + rose


def roll_back(models: Path) -> str:
    """Make the version before the current one current again, and say so.

    Raises NoModel if there is none, ModelDamaged if it cannot be trusted.
    """
    store = ModelStore(models)
    left = store.current()
    version = store.roll_back()
    store.check(version)
    return f"{version} serves again; {left} does not"


def _blocks(file: Path, candidates: Sequence[Candidate], old: RasaInterpreter) -> list[Block]:
    """Return the corrections as blocks of the corpus, open flags as the old model reads them."""
    readings = old.readings([Heard(each.text, NOW) for each in candidates])
    return [
        each.block(file, answer_of(each.text, reading).flags)
        for each, reading in zip(candidates, readings, strict=True)
    ]


def _keep(store: ModelStore, verdict: Verdict, blocks: Sequence[Block]) -> None:
    """Write both figures beside the new version, and make it the current one if it may serve.

    Of a refused version the figures alone stay.
    """
    figures = {
        "figures": dict(verdict.after),
        "before": {"model": verdict.old, "figures": dict(verdict.before)},
        "corrections": verdict.learned,
        "refused_for": list(verdict.worse),
    }
    store.write_figures(verdict.new, figures)
    if not verdict.is_accepted:
        store.discard(verdict.new)
        return
    store.write_learned(verdict.new, "".join(block.to_line() for block in blocks))
    store.activate(verdict.new)
