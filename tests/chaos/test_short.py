"""The short crash suite: some points, two faults, a control. `make chaos` runs the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from tests.chaos import town
from tests.chaos.controls import without_dedupe
from tests.chaos.faults import dies_and_clock_goes_back, says_429
from tests.chaos.points import all_points, marked
from tests.chaos.running import Outcome, workplace

POINTS = (
    ("bot.lanes:_kept_in_lane:1:after", 9),  # committed, and nobody knows
    ("bot.second_reading:read:3:after", 2),  # read anew, and not yet taken
    ("storage.outbox:_add:1:after", 9),  # in the middle of a turn
    ("bot.ticks:_fire_one:1:after", 2),
    ("storage.writer:_commit:1:after", 9),
    ("bot.delivery:_send:1:before", 5),
    ("bot.delivery:_send:1:after", 5),
    ("bot.delivery:_settle:1:after", 5),
    ("bot.channels.telegram_polling:_poll:1:after", 3),
)
FAULTS = (says_429, dies_and_clock_goes_back)
SOURCE = """
async def take(work):
    async with lane:
        kept = await work.commit()
    return kept
"""


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, Future[Outcome]]]:
    """Everything is under way at once; each test waits for its own."""
    with workplace() as place, ThreadPoolExecutor(3) as pool:
        place.has_town("sqlite", town.build(place.folder))
        runs: dict[str, Callable[[], Outcome]] = {
            point: partial(place.run, point, point=point, passage=passage)
            for point, passage in POINTS
        }
        runs |= {each.__name__: partial(place.run, each.__name__, trouble=each) for each in FAULTS}
        runs["dedupe off"] = partial(without_dedupe, place)
        yield {name: pool.submit(run) for name, run in runs.items()}


@pytest.mark.parametrize("point", [point for point, _ in POINTS])
def test_a_server_that_is_killed_loses_nothing_and_says_nothing_twice(
    outcomes: dict[str, Future[Outcome]], point: str
) -> None:
    outcome = outcomes[point].result()

    assert outcome.verdict.faults == []
    assert outcome.was_killed


@pytest.mark.parametrize("trouble", [each.__name__ for each in FAULTS])
def test_what_goes_wrong_outside_comes_right(
    outcomes: dict[str, Future[Outcome]], trouble: str
) -> None:
    assert outcomes[trouble].result().verdict.faults == []


def test_the_suite_sees_when_repeats_are_taken(outcomes: dict[str, Future[Outcome]]) -> None:
    assert outcomes["dedupe off"].result().verdict.duplicated


def test_every_wait_and_every_commit_is_a_crash_point() -> None:
    _, points = marked(SOURCE, "bot.lanes")

    assert points == [
        "bot.lanes:take:1:before",
        "bot.lanes:take:1:after",
        "bot.lanes:take:2:before",
        "bot.lanes:take:2:after",
        "bot.lanes:take:3:inside",
    ]


def test_there_are_crash_points_wherever_a_message_passes() -> None:
    points = all_points()
    modules = {point.partition(":")[0] for point in points}

    assert len(set(points)) == len(points) >= 300
    assert modules >= {
        "bot.lanes",
        "bot.turns",
        "bot.delivery",
        "bot.channels.telegram",
        "bot.channels.webchat",
        "storage.writer",
        "storage.engine",
        "storage.inbox",
        "storage.outbox",
    }
