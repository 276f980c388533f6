"""A house under attack: whatever is sent, it answers or refuses in a sentence, and stays whole."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.attacks import Attacks
from tests.hostile.fuzzer import Fuzzer
from tests.hostile.town import Outcome, aftermath, attack, town

VISITORS, FUZZED, ATTACKED, MEGABYTES = 6, 150, 300, 160


@dataclass(frozen=True)
class Siege:
    """What was seen."""

    fuzzed: Outcome
    attacked: Outcome
    unreached: list[str]
    afterwards: list[str]


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return asyncio.run(_besiege(tmp_path_factory.mktemp("siege")))


async def _besiege(folder: Path) -> Siege:
    async with town(folder, VISITORS) as made:
        before = made.megabytes()
        fuzzed = await attack(made.port, FUZZED, Fuzzer(made, seed=4).following)
        attacked = await attack(made.port, ATTACKED, Attacks(made, seed=4).following)
        afterwards = await aftermath(made, before, MEGABYTES)
        return Siege(fuzzed, attacked, made.unreached(fuzzed), afterwards)


def test_every_route_that_the_application_has_was_tried(siege: Siege) -> None:
    assert siege.unreached == []


def test_every_route_answers_whatever_is_sent_as_it_is_documented(siege: Siege) -> None:
    assert siege.fuzzed.sent == FUZZED
    assert siege.fuzzed.wrong == []


def test_hostile_updates_posts_and_files_are_answered_or_refused_in_a_sentence(
    siege: Siege,
) -> None:
    assert siege.attacked.sent == ATTACKED
    assert siege.attacked.wrong == []
    assert {"message", "form", "file", "telegram", "wechat", "console", "line"} <= set(
        siege.attacked.statuses
    )


def test_afterwards_the_house_is_whole_and_quick_and_its_log_holds_no_hostile_word(
    siege: Siege,
) -> None:
    assert siege.afterwards == []
