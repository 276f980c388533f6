"""From a position or a code to a place of 云南."""

from __future__ import annotations

import math

import pytest

from bot.messages import Location
from bot.places import code_of, coded_place, place_at
from nlu.readers.county_positions import SEATS, nearest_county
from nlu.readers.place_table import COUNTY, place_table


def test_every_county_has_a_position_inside_the_province_and_no_other_name_has_one():
    table = place_table()
    counties = {n for n, level in zip(table.names, table.levels, strict=True) if level == COUNTY}

    assert counties == SEATS.keys()
    assert all(21.1 < north < 29.3 and 97.5 < east < 106.2 for north, east in SEATS.values())
    assert len(set(SEATS.values())) == len(SEATS) == 129


@pytest.mark.parametrize("county", SEATS)
def test_at_its_seat_a_county_is_the_place(county):
    place = place_at(Location(*SEATS[county])).place

    assert place is not None
    assert place["county"] == county
    assert place["prefecture"]


def test_a_name_on_the_map_says_more_than_the_position():
    place = place_at(Location(25.04, 102.70, "西畴县兴街镇老街")).place

    assert place is not None
    assert (place["county"], place["township"]) == ("西畴县", "兴街镇")


@pytest.mark.parametrize(
    ("latitude", "longitude", "is_outside"),
    [(39.90, 116.40, True), (26.65, 106.63, True), (22.10, 97.10, True), (28.30, 100.40, False)],
    ids=["北京", "贵阳", "缅甸", "稻城边上"],
)
def test_far_from_every_seat_nothing_is_guessed(latitude, longitude, is_outside):
    found = place_at(Location(latitude, longitude))

    assert found.place is None
    assert found.is_outside is is_outside


@pytest.mark.parametrize("number", [math.nan, math.inf, -1e300])
def test_a_position_that_is_none_is_no_place(number):
    assert place_at(Location(number, number)).place is None
    assert nearest_county(number, 102.0)[1] > 1000


def test_the_code_of_a_place_leads_back_to_it():
    place = coded_place(code_of("富宁县剥隘镇"))

    assert place is not None
    assert (place["county"], place["township"]) == ("富宁县", "剥隘镇")


@pytest.mark.parametrize(
    "code", ["", "p", "iABC", "p!!!", "p" + "A" * 64, "p8J-YgA", "pYQ", "shop_1", "p\x00"]
)
def test_a_code_that_names_no_place_is_none(code):
    assert coded_place(code) is None
