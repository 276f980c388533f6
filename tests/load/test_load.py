"""More people than a house can serve at once: they are told so, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import build_app
from bot.guards import SENTENCES
from bot.settings import read_settings
from nlu.safety import SafetyPanel, panel
from tests.load.crowd import Sent, converse, pour
from tests.load.running import scene
from tests.load.truth import faults
from tests.trained import models_folder

WEB, TELEGRAM, WAITING_LIMIT = 60, 12, 6


@dataclass(frozen=True)
class Rush:
    """What was seen of a calm, a rush, and the calm after it."""

    calm: list[Sent]
    rush: list[Sent]
    after: list[Sent]
    has_gone: bool
    wrong: list[str]


@pytest.fixture(scope="module")
def rush(tmp_path_factory: pytest.TempPathFactory) -> Rush:
    return asyncio.run(_rush(tmp_path_factory.mktemp("rush")))


async def _rush(folder: Path) -> Rush:
    async with scene(folder, models_folder(), WEB, TELEGRAM, WAITING_LIMIT) as here:
        sent = here.crowd.sent
        await converse(here.people[:3] + here.people[-3:], seconds=1.0, think=0.3, seed=1)
        calm = len(sent)
        await pour(here.people, rate=600, seconds=1.0, seed=2)
        rushed = len(sent)
        await pour(here.people, rate=10, seconds=1.0, seed=3)
        has_gone = await here.is_quiet(seconds=20)
        wrong = list(faults(here.crowd, here.database))
        return Rush(sent[:calm], sent[calm:rushed], sent[rushed:], has_gone, wrong)


def test_who_writes_first_waits_for_no_rules_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").symlink_to(models_folder(), target_is_directory=True)
    read: list[SafetyPanel] = []
    monkeypatch.setattr("bot.app.panel", lambda: read.append(panel()))
    build_app(read_settings({"HEJIE_DATA": str(tmp_path)})).close()
    assert read == [panel()]


def test_in_the_calm_nobody_is_sent_away(rush: Rush) -> None:
    assert {each.status for each in rush.calm} == {200}
    assert {each.channel for each in rush.calm} == {"webchat", "telegram"}


def test_in_a_rush_some_are_told_in_a_sentence_to_come_again_and_when(rush: Rush) -> None:
    assert {each.status for each in rush.rush} == {200, 503}
    refusals = [each.refusal for each in rush.rush if each.refusal is not None]
    assert {SENTENCES[503].encode() in each.body for each in refusals} == {True}
    assert {each.fields["retry-after"] for each in refusals} == {"60"}


def test_after_a_rush_everybody_is_served_again(rush: Rush) -> None:
    assert {each.status for each in rush.after[-5:]} == {200}


def test_whatever_was_acknowledged_is_kept_once_and_answered_once(rush: Rush) -> None:
    assert rush.has_gone
    assert rush.wrong == []
