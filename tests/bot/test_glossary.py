"""The glossary names every state and flag that people meet in logs, console and talk."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest

from bot.admin import labels
from bot.channels import CHANNELS
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


@pytest.mark.parametrize("stage", case.Stage)
def test_a_stage_is_told_to_citizens_in_the_words_of_the_glossary(stage):
    assert f"| `{stage}` | " in GLOSSARY
    row = next(line for line in GLOSSARY.splitlines() if line.startswith(f"| `{stage}` |"))
    assert row.endswith(f"| {labels.TOLD[stage]} |")


def test_the_console_has_a_name_for_every_channel_and_stage():
    assert set(labels.CHANNELS) == set(CHANNELS)
    assert set(case.Stage) | {"paused", "ended"} == set(labels.STAGES) == set(labels.TOLD)


def test_the_glossary_names_every_safety_flag():
    assert [flag for flag in FLAGS if f"| `{flag}` |" not in GLOSSARY] == []
