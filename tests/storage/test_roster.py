from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from domain.calendar import MarketDays
from domain.errors import NoSuchMediator
from domain.mediator import HelperKind, Mediator
from domain.session import OFFERED, SessionKind
from nlu.readers.places import find_place
from storage.roster import RosterMemory
from storage.seed import RosterFaults, load_roster, seed
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.storage.samples import OpenWork

WEEKDAYS = 5
Roster = tuple[Mediator, ...]


def statements(engine: Engine) -> list[str]:
    seen: list[str] = []
    event.listen(
        engine, "before_cursor_execute", lambda _c, _u, statement, *_o: seen.append(statement)
    )
    return seen


def test_everybody_comes_back_with_hours_and_leave(work: OpenWork, roster: Roster) -> None:
    with work() as kept:
        assert kept.roster.all() == roster
        assert kept.roster.get("xichou-2") == roster[1]
        with pytest.raises(NoSuchMediator):
            kept.roster.get("nobody-1")


def test_the_roster_is_read_once_while_nobody_changes_it(engine: Engine, roster: Roster) -> None:
    memory = RosterMemory()
    with SqlUnitOfWork(engine, memory) as kept:
        kept.roster.all()
    seen = statements(engine)
    with SqlUnitOfWork(engine, memory) as kept:
        assert kept.roster.all() == roster

    assert not [each for each in seen if "FROM mediator" in each]


def test_a_change_by_another_process_is_seen_by_the_next_unit_of_work(
    engine: Engine, roster: Roster
) -> None:
    here, elsewhere = RosterMemory(), RosterMemory()
    with SqlUnitOfWork(engine, here) as kept:
        kept.roster.all()
    changed = replace(roster[0], phone="0876-0000001")
    with SqlUnitOfWork(engine, elsewhere) as kept:
        kept.save_roster([changed])
        kept.commit()

    with SqlUnitOfWork(engine, here) as kept:
        assert kept.roster.all() == (changed, *roster[1:])


def test_a_change_that_is_rolled_back_is_forgotten(engine: Engine, roster: Roster) -> None:
    memory = RosterMemory()
    with SqlUnitOfWork(engine, memory) as kept:
        kept.save_roster([replace(roster[0], name="别人")])
        assert kept.roster.get("xichou-1").name == "别人"

    with SqlUnitOfWork(engine, memory) as kept:
        assert kept.roster.all() == roster


def test_the_demo_roster_goes_into_an_empty_one_and_only_once(
    writer: Writer, work: OpenWork
) -> None:
    assert [writer.submit(seed).result() for _ in range(2)] == [22, 0]
    with work() as kept:
        assert kept.roster.all() == tuple(sorted(load_roster(), key=lambda person: person.id))


def test_a_roster_that_somebody_filled_is_left_alone(writer: Writer, roster: Roster) -> None:
    assert writer.submit(seed).result() == 0
    assert writer.read(lambda work: work.roster.all()) == roster


def by_county() -> dict[str, list[Mediator]]:
    found: dict[str, list[Mediator]] = {}
    for person in load_roster():
        found.setdefault(person.county, []).append(person)
    return found


def offered(people: Sequence[Mediator]) -> set[SessionKind]:
    return {hours.kind for person in people for hours in person.hours}


@pytest.mark.parametrize("county", by_county())
def test_in_every_county_of_the_demo_roster_everything_can_be_booked(county: str) -> None:
    people = by_county()[county]
    lawyers = [person for person in people if person.kind is HelperKind.LAWYER]
    mediators = [person for person in people if person.kind.value.endswith("调解员")]
    days = {getattr(hours.rule, "weekday", None) for person in mediators for hours in person.hours}

    assert offered(lawyers) == set(OFFERED)
    assert offered(mediators) == set(OFFERED)
    assert set(range(WEEKDAYS)) <= days
    assert any(not person.townships for person in mediators), "somebody visits every township"


def test_the_demo_roster_covers_four_counties_market_days_and_leave() -> None:
    people = load_roster()

    assert len(by_county()) >= 4
    assert any(isinstance(hours.rule, MarketDays) for p in people for hours in p.hours)
    assert any(person.leave for person in people)
    assert {person.kind for person in people} >= {HelperKind.PEOPLE, HelperKind.LAWYER}


def test_nobody_of_the_demo_roster_has_a_number_that_could_ring() -> None:
    numbers = [person.phone for person in load_roster()]

    assert all(number.partition("-")[2].startswith("0000") for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_every_township_of_the_demo_roster_is_one_of_its_county() -> None:
    wanted = {(p.county, township) for p in load_roster() for township in p.townships}
    known = {(place.county, place.township) for a, b in wanted if (place := find_place(a + b))}

    assert wanted
    assert known == wanted


FAULTY = """
people:
  - id: Xichou 1
    name: 某人
    kind: 大侠
    level: 省
    gender: 无
    county: 西畴县
    languages: [云南话]
    topics: [loan, dragons]
    phone: 0876-0000000
    shoe_size: 43
    hours:
      - {kind: walk_in, days: [mon, someday], opens: "09:00", closes: "09:30", place: 甲}
      - {kind: teleport, opens: "09:05", closes: "nine", place: 乙}
      - {kind: home_recheck, market: today, every_days: 0, opens: "09:00", closes: "12:00",
         place: 丙}
    leave:
      - {first: 2026-12-31, last: 2026-12-01}
"""
TWIN = """
  - id: xichou-1
    name: 某人
    kind: 律师
    level: 县
    gender: 女
    county: 西畴县
    languages: [云南话]
    topics: [loan]
    phone: 0876-0000000
    hours:
      - {kind: phone, days: [mon], opens: "09:00", closes: "12:00", place: 电话}
"""


def test_every_fault_of_a_roster_is_told_in_one_message(tmp_path: Path) -> None:
    path = tmp_path / "roster.yaml"
    path.write_text(FAULTY, encoding="utf-8")

    with pytest.raises(RosterFaults) as faults:
        load_roster(path)

    told = str(faults.value)
    for fault in (
        "id must be letters",
        "kind must be one of 人民调解员",
        "level must be one of 村",
        "gender must be one of 男",
        "topics: dragons has no sheet",
        "unknown key shoe_size",
        "days: someday is not one of mon",
        "no session of 60 minutes fits in",
        "kind must be one of walk_in",
        'opens must be a quarter of an hour like "09:15"',
        'closes must be a quarter of an hour like "09:15"',
        "needs either days or market",
        "market must be a day like 2026-12-31",
        "every_days must be a whole number",
        "home_recheck is never offered",
        "last is before first",
    ):
        assert fault in told
    assert len(told.splitlines()) == 16


def test_people_who_share_an_id_are_told(tmp_path: Path) -> None:
    path = tmp_path / "roster.yaml"
    path.write_text(f"people:{TWIN}{TWIN}", encoding="utf-8")

    with pytest.raises(RosterFaults, match="xichou-1 stands twice"):
        load_roster(path)
