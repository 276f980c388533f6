"""What the law gives time for, and the last day of it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deadline import Deadline, Period, Unit, is_stale, last_day, load_deadlines

CHECKED_ON = date(2026, 11, 23)
LETTERED = [
    "01a",
    "01b",
    "01c",
    "01d",
    "05a",
    "05b",
    "05c",
    "05d",
    "06a",
    "08a",
    "08b",
    "08c",
    "12a",
]
ROWS = [f"DL-{number:02d}" for number in range(1, 22)] + [f"DL-{each}" for each in LETTERED]
# Counted by hand on a calendar: rule, day of the event, last day in time.
BY_HAND = [
    ("DL-08", "2026-03-01", "2026-03-31"),
    ("DL-08", "2026-01-31", "2026-03-02"),
    ("DL-08", "2024-01-31", "2024-03-01"),
    ("DL-07", "2026-10-01", "2026-10-31"),
    ("DL-11", "2026-10-07", "2026-11-06"),
    ("DL-03", "2026-11-23", "2026-12-23"),
    ("DL-09", "2026-11-23", "2027-01-22"),
    ("DL-04", "2026-12-31", "2027-03-01"),
    ("DL-10a", "2026-12-20", "2027-01-04"),
    ("DL-05b", "2028-02-20", "2028-03-06"),
    ("DL-13", "2026-02-20", "2026-03-02"),
    ("DL-13a", "2026-11-23", "2026-11-26"),
    ("DL-12", "2026-09-28", "2026-10-05"),
    ("DL-10", "2026-08-31", "2027-02-28"),
    ("DL-10", "2027-08-31", "2028-02-29"),
    ("DL-10", "2026-05-23", "2026-11-23"),
    ("DL-10", "2026-07-15", "2027-01-15"),
    ("DL-16", "2026-12-30", "2027-06-30"),
    ("DL-16", "2025-10-31", "2026-04-30"),
    ("DL-01", "2023-11-23", "2026-11-23"),
    ("DL-01", "2024-02-29", "2027-02-28"),
    ("DL-05", "2024-02-29", "2025-02-28"),
    ("DL-05d", "2023-02-28", "2024-02-28"),
    ("DL-06", "2025-12-31", "2027-12-31"),
    ("DL-01e", "2026-08-15", "2031-08-15"),
    ("DL-01f", "2006-05-01", "2026-05-01"),
    ("DL-12a", "2026-11-23", "2026-12-02"),
    ("DL-12a", "2026-11-27", "2026-12-08"),
    ("DL-12a", "2026-11-28", "2026-12-08"),
    ("DL-12a", "2026-11-29", "2026-12-08"),
    ("DL-14", "2026-11-23", "2027-01-04"),
    ("DL-14", "2026-12-02", "2027-01-13"),
]
starts = st.dates(date(1950, 1, 1), date(2150, 12, 31))
numbers = st.integers(1, 120)


@pytest.fixture(scope="module")
def rules() -> dict[str, Deadline]:
    faults: list[str] = []
    loaded = load_deadlines(faults)
    assert faults == []
    return loaded


def a_rule(number: int, unit: Unit) -> Deadline:
    period = Period(number, unit)
    return Deadline("DL-99", "t", "s", period, False, "法", "1", "2020", CHECKED_ON, "。")


def faults_of(folder: Path, text: str) -> list[str]:
    path = folder / "deadlines.yaml"
    path.write_text(text, encoding="utf-8")
    faults: list[str] = []
    load_deadlines(faults, path)
    return faults


@pytest.mark.parametrize(("rule", "start", "last"), BY_HAND)
def test_the_last_day_is_the_one_counted_by_hand(
    rules: dict[str, Deadline], rule: str, start: str, last: str
) -> None:
    assert last_day(rules[rule], date.fromisoformat(start)).isoformat() == last


def test_every_row_of_the_table_is_there(rules: dict[str, Deadline]) -> None:
    assert [row for row in ROWS if row not in rules] == []


def test_every_rule_names_statute_article_version_and_the_day_it_was_checked(
    rules: dict[str, Deadline],
) -> None:
    for rule in rules.values():
        assert rule.statute
        assert rule.article
        assert rule.version
        assert rule.checked_on == CHECKED_ON
        assert rule.shown_zh.endswith("。")


def test_where_two_statutes_speak_each_has_its_article(rules: dict[str, Deadline]) -> None:
    for rule in rules.values():
        statutes = rule.statute.split("；")
        assert len(statutes) == len(rule.article.split("；")) == len(rule.version.split("；"))


def test_both_sides_must_ask_together_for_confirmation_and_for_traffic_police_mediation(
    rules: dict[str, Deadline],
) -> None:
    joint = {rule.id for rule in rules.values() if rule.joint}

    assert joint == {"DL-03a", "DL-08", "DL-13", "DL-13a"}


def test_support_of_parents_and_children_has_no_last_day(rules: dict[str, Deadline]) -> None:
    assert rules["DL-01c"].period is None
    with pytest.raises(ValueError, match="DL-01c sets no limit"):
        last_day(rules["DL-01c"], CHECKED_ON)


def test_a_sentence_for_citizens_promises_nothing(rules: dict[str, Deadline]) -> None:
    for rule in rules.values():
        for word in ("保证", "一定", "肯定", "绝对", "必然"):
            assert word not in rule.shown_zh


def test_a_rule_is_stale_a_year_after_it_was_checked(rules: dict[str, Deadline]) -> None:
    rule = rules["DL-01"]

    assert not is_stale(rule, date(2027, 11, 23))
    assert is_stale(rule, date(2027, 11, 24))


@given(starts, numbers)
def test_days_are_counted_from_the_day_after(start: date, number: int) -> None:
    assert last_day(a_rule(number, Unit.DAY), start) - start == timedelta(days=number)


@given(starts, numbers)
def test_so_many_weekdays_lie_between_the_event_and_the_last_working_day(
    start: date, number: int
) -> None:
    last = last_day(a_rule(number, Unit.WORKING_DAY), start)
    days = [start + timedelta(days=each) for each in range(1, (last - start).days + 1)]

    assert last.weekday() < 5
    assert sum(day.weekday() < 5 for day in days) == number


@given(starts, numbers)
def test_months_end_on_the_same_number_or_on_the_last_of_the_month(
    start: date, number: int
) -> None:
    last = last_day(a_rule(number, Unit.MONTH), start)

    assert (last.year - start.year) * 12 + last.month - start.month == number
    assert last.day == start.day or (
        last.day < start.day and (last + timedelta(days=1)).month != last.month
    )


@given(starts, st.integers(1, 20))
def test_a_year_is_twelve_months(start: date, number: int) -> None:
    assert last_day(a_rule(number, Unit.YEAR), start) == last_day(
        a_rule(12 * number, Unit.MONTH), start
    )


@given(starts, starts, numbers, st.sampled_from(Unit))
def test_who_knew_earlier_is_never_given_longer(
    one: date, other: date, number: int, unit: Unit
) -> None:
    rule = a_rule(number, unit)

    assert last_day(rule, min(one, other)) <= last_day(rule, max(one, other))


GOOD = """\
deadlines:
  - id: DL-99
    title: t
    starts: s
    period: 30 day
    statute: 法
    article: "1"
    version: "2020"
    checked_on: 2026-11-23
    shown_zh: 话。
"""


def test_a_whole_record_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        ("period: 30 day", "period: 30 weeks", "period 30 weeks is none of"),
        ("period: 30 day", "period: 0 day", "period 0 day is none of"),
        ("period: 30 day", "period: 一 day", "period 一 day is none of"),
        ("checked_on: 2026-11-23", "checked_on: 2026-13-01", "checked_on 2026-13-01 is no date"),
        ("    statute: 法\n", "", "statute is missing"),
        ("    starts: s", "    begins: s", "unknown key begins"),
        ("    starts: s", "    joint: ja\n    starts: s", "joint must be true or false"),
    ],
)
def test_a_broken_record_is_named_with_its_fault(
    tmp_path: Path, good: str, bad: str, fault: str
) -> None:
    faults = faults_of(tmp_path, GOOD.replace(good, bad))

    assert any(line.startswith("deadlines.yaml: deadlines DL-99: " + fault) for line in faults)


def test_one_number_for_two_rules_is_a_fault(tmp_path: Path) -> None:
    twice = GOOD + GOOD.removeprefix("deadlines:\n")

    assert faults_of(tmp_path, twice) == ["deadlines.yaml: deadlines DL-99: stands twice"]
