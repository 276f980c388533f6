from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    LOCAL,
    MarketDays,
    Weekly,
    local,
    outside_quiet_hours,
    quanta,
    quantum_of,
)

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=LOCAL)
)


def test_an_hour_takes_four_quanta_and_a_minute_more_takes_a_fifth():
    nine = local(date(2026, 11, 23), time(9))

    assert len(quanta(nine, 60)) == 4
    assert len(quanta(nine, 61)) == 5
    assert quanta(nine, 60)[-1] + 1 == quantum_of(nine + timedelta(hours=1))


@given(MOMENTS)
def test_nothing_goes_out_between_nine_in_the_evening_and_eight_in_the_morning(moment):
    moved = outside_quiet_hours(moment)

    assert time(8) <= moved.time() < time(21)
    assert timedelta(0) <= moved - moment <= timedelta(hours=11)


@given(MOMENTS)
def test_a_moment_in_the_day_is_left_alone(moment):
    if time(8) <= moment.time() < time(21):
        assert outside_quiet_hours(moment) == moment


def test_a_market_comes_every_fifth_day_before_and_after_the_known_one():
    market = MarketDays(date(2026, 11, 22), 5)

    days = [date(2026, 11, 10) + timedelta(n) for n in range(20)]

    assert [day.day for day in days if market.falls_on(day)] == [12, 17, 22, 27]


def test_a_weekly_rule_falls_on_its_weekday():
    assert Weekly(0).falls_on(date(2026, 11, 23))
    assert not Weekly(1).falls_on(date(2026, 11, 23))
