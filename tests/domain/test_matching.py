from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import LOCAL, MarketDays, Weekly, local
from domain.mediator import HelperKind, Hours, Leave, Level, Mediator
from domain.services.matching import NOTICE, SlotWish, is_open, next_slots
from domain.session import SessionKind, occupied_quanta

MONDAY = datetime(2026, 11, 23, 8, tzinfo=LOCAL)
WALK_IN = tuple(
    Hours(Weekly(day), time(9), time(11), SessionKind.WALK_IN, "兴街司法所") for day in range(5)
)
VISIT = (Hours(Weekly(2), time(8), time(18), SessionKind.VISIT, "兴街镇各村"),)


def mediator(id_="m1", **changes) -> Mediator:
    plain = Mediator(
        id=id_,
        name="王秀兰",
        kind=HelperKind.PEOPLE,
        level=Level.TOWNSHIP,
        gender="女",
        county="西畴县",
        townships=("兴街镇",),
        languages=("汉语普通话", "云南话"),
        topics=frozenset({"neighbour"}),
        phone="0876-0000001",
        hours=WALK_IN + VISIT,
    )
    return replace(plain, **changes)


WISH = SlotWish("neighbour", SessionKind.WALK_IN, "西畴县", "兴街镇")


def test_the_first_free_hours_are_offered_one_a_day():
    slots = next_slots([mediator()], {}, WISH, MONDAY)

    assert [slot.starts_at.isoformat()[:16] for slot in slots] == [
        "2026-11-23T10:00",
        "2026-11-24T09:00",
        "2026-11-25T09:00",
    ]


def test_a_taken_hour_is_not_offered_again():
    taken = {"m1": frozenset(occupied_quanta(SessionKind.WALK_IN, MONDAY.replace(hour=10), 60))}

    first = next_slots([mediator()], taken, WISH, MONDAY)[0]

    assert first.starts_at == MONDAY.replace(day=24, hour=9)


def test_a_visit_keeps_the_way_there_and_back_free():
    wednesday = MONDAY.replace(day=25)
    taken = {"m1": frozenset(occupied_quanta(SessionKind.WALK_IN, wednesday.replace(hour=9), 60))}

    slot = next_slots([mediator()], taken, replace(WISH, kind=SessionKind.VISIT), MONDAY)[0]

    assert slot.starts_at == wednesday.replace(hour=11)  # 10:00 plus 45 minutes of way, on the grid


def test_nobody_is_offered_on_leave():
    away = mediator(leave=(Leave(date(2026, 11, 23), date(2026, 11, 25)),))

    assert next_slots([away], {}, WISH, MONDAY)[0].starts_at.day == 26


def test_the_own_township_comes_before_the_rest_of_the_county_and_another_county_only_by_phone():
    phone = (Hours(Weekly(0), time(9), time(17), SessionKind.PHONE, ""),)
    near = mediator("near", townships=("兴街镇",), hours=phone)
    county = mediator("county", townships=("西洒镇",), hours=phone)
    far = mediator("far", county="威信县", townships=("旧城镇",), hours=phone)
    wish = replace(WISH, kind=SessionKind.PHONE)

    order = [slot.mediator_id for slot in next_slots([far, county, near], {}, wish, MONDAY, 1)]
    assert order == ["near"]
    assert next_slots([far], {}, wish, MONDAY)
    assert not next_slots([replace(far, hours=WALK_IN)], {}, WISH, MONDAY)


def test_a_person_who_was_refused_is_not_offered_again():
    assert not next_slots([mediator()], {}, replace(WISH, not_mediators=frozenset({"m1"})), MONDAY)


def test_a_lawyer_is_offered_only_to_who_asks_for_one():
    lawyer = mediator("lawyer", kind=HelperKind.LAWYER)

    assert not next_slots([lawyer], {}, WISH, MONDAY)
    assert next_slots([lawyer], {}, replace(WISH, lawyer=True), MONDAY)


def test_a_wished_day_and_hour_are_kept_to():
    wish = replace(WISH, on_day=date(2026, 11, 27), from_hour=10, until_hour=12)

    slots = next_slots([mediator()], {}, wish, MONDAY)

    assert [slot.starts_at for slot in slots] == [MONDAY.replace(day=27, hour=10)]


MARKET = Hours(
    MarketDays(date(2026, 11, 21), 6), time(9), time(15), SessionKind.WALK_IN, "兴街镇街上"
)
ELSEWHERE = Hours(
    MarketDays(date(2026, 11, 24), 5), time(9), time(15), SessionKind.WALK_IN, "西洒镇街上"
)
ON_MARKET_DAY = replace(WISH, on_market_day=True)


def days(people, wish):
    return [slot.starts_at.date().isoformat()[5:] for slot in next_slots(people, {}, wish, MONDAY)]


def test_who_comes_on_market_day_is_offered_the_market_days_of_the_own_township():
    here = mediator(hours=(*WALK_IN, MARKET))
    there = mediator("m2", townships=("西洒镇",), hours=(*WALK_IN, ELSEWHERE))

    assert days([here, there], ON_MARKET_DAY) == ["11-27", "12-03", "12-09"]
    assert days([here, there], replace(ON_MARKET_DAY, township="西洒镇"))[0] == "11-24"


def test_who_told_no_township_is_offered_every_market_day_of_the_county():
    here = mediator(hours=(MARKET,))
    there = mediator("m2", townships=("西洒镇",), hours=(ELSEWHERE,))

    offered = days([here, there], replace(ON_MARKET_DAY, township=""))

    assert offered == ["11-24", "11-27", "11-29"]


def test_a_market_of_another_county_is_no_market_day_here():
    far = mediator("far", county="威信县", townships=(), hours=(MARKET,))

    assert days([mediator(), far], ON_MARKET_DAY) == []
    assert days([mediator(), far], replace(ON_MARKET_DAY, township="")) == []


def test_somebody_can_be_phoned_on_market_day_too():
    phone = Hours(Weekly(4), time(14), time(17), SessionKind.PHONE, "")
    wish = replace(ON_MARKET_DAY, kind=SessionKind.PHONE)

    assert days([mediator(hours=(MARKET, phone))], wish) == ["11-27"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 95)), max_size=60),
    st.sampled_from(list(SessionKind)),
    st.integers(0, 23),
)
def test_what_is_offered_is_free_open_and_in_time(busy, kind, hour):
    now = MONDAY.replace(hour=hour)
    first = local(now.date(), time(0))
    taken = {
        "m1": frozenset(
            quantum
            for day, quarter in busy
            for quantum in occupied_quanta(
                SessionKind.PHONE, first + timedelta(days=day, minutes=15 * quarter), 15
            )
        )
    }
    for slot in next_slots([mediator()], taken, replace(WISH, kind=kind), now):
        assert slot.starts_at >= now + NOTICE
        assert is_open(mediator(), kind, slot.starts_at)
        assert taken["m1"].isdisjoint(occupied_quanta(kind, slot.starts_at, slot.minutes))


def test_outside_hours_off_the_grid_or_on_leave_nothing_is_open():
    ten = MONDAY.replace(hour=10)

    assert is_open(mediator(), SessionKind.WALK_IN, ten)
    assert not is_open(mediator(), SessionKind.WALK_IN, ten.replace(hour=15))
    assert not is_open(mediator(), SessionKind.WALK_IN, ten.replace(minute=7))
    assert not is_open(mediator(leave=(Leave(ten.date(), ten.date()),)), SessionKind.WALK_IN, ten)
