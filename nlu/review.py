"""Learn from review: train beside, measure old and new, and switch only to what is no worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nlu.candidates import Candidate, ReviewFaults, add_candidate, read_candidates
from nlu.evaluate import measure
from nlu.gold import read_gold
from nlu.interpreter import Heard
from nlu.model_store import ModelStore
from nlu.rasa_interpreter import RasaInterpreter, load_version
from nlu.train import train_beside

__all__ = ["ReviewFaults", "add_candidate", "roll_back", "train_with_review"]

ALLOWED = 0.01  # how much a figure may fall: one point


def roll_back(models: Path) -> str:
    """Make the version before the current one current again, and say so.

    Raises NoModel if there is none, ModelDamaged if it cannot be trusted.
    """
    store = ModelStore(models)
    left = store.current()
    version = store.roll_back()
    return f"back to {version}; {left} no longer serves"
