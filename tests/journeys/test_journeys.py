"""Whole conversations, as YAML beside this file: real model, real catalogue, real database.

Each file: `title`, `now`, and `steps`. A step does one thing and says what is heard of it:
  say / choose    a message or a choice; `hears` lists the replies' templates, all in order,
                  `asks` the fact asked last, `contains` / `lacks` words of the replies,
                  `choices` ids that are offered, `case` true where a number is given;
  choose may be `slot:1`: the first slot offered last; say may hold CODE: the invitation's;
  as              who says or chooses it, where it is not the traveller
  reads           the templates of the last words that a person got unasked
  wait            moves the clock (2h, 1d) ; at: sets it
  tick            `fires` lists (in any order) the words and calls of one tick
  days            ticks every hour for so many days; `fires` as above
  restart         the process ends and a new application is built over the same database
  agree / refused / visit / release     what a mediator records
  invite          a mediator makes an invitation: given, or the name of the refusal
  expect          facts of the case: stage, bookings, tasks, known
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.journeys.traveller import Traveller

FOLDER = Path(__file__).parent
JOURNEYS = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", JOURNEYS, ids=[path.stem for path in JOURNEYS])
def test_the_journey_goes_as_written(path, tmp_path, models):
    journey = yaml.safe_load(path.read_text(encoding="utf-8"))
    traveller = Traveller(journey, tmp_path, models)
    try:
        for number, step in enumerate(journey["steps"], 1):
            traveller.go(number, step)
    finally:
        traveller.close()


def test_there_are_journeys_for_every_promise():
    promised = {
        "unpaid_wages_in_one_message",
        "gutter_in_dialect",
        "bride_price_corrected",
        "violence_at_home",
        "whose_land_is_it",
        "change_of_mind",
        "resumed_after_restart",
        "other_side_refuses",
        "rescheduled",
        "ninety_days_of_follow_up",
        "two_sides_agree",
        "other_side_says_no",
        "respondent_in_danger",
    }

    assert promised <= {path.stem for path in JOURNEYS}
