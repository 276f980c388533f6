"""The glossary names every state and flag that people meet in logs, console and talk."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest

from bot.dialogue import state
from domain import case, follow_up, session
from nlu.interpreter import FLAGS

GLOSSARY = (Path(__file__).parents[2] / "docs/glossary.md").read_text(encoding="utf-8")
STATES: list[type[StrEnum]] = [
    case.Stage,
    state.Stage,
    follow_up.FollowUpKind,
    session.SessionKind,
]


@pytest.mark.parametrize("states", STATES, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_the_glossary_names_every_state(states):
    assert [each.value for each in states if f"`{each.value}`" not in GLOSSARY] == []


def test_the_glossary_names_every_safety_flag():
    assert [flag for flag in FLAGS if f"| `{flag}` |" not in GLOSSARY] == []
