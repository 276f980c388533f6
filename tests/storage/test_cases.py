from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.agreement import Instalment, SettlementAgreement
from domain.case import Stage, case_number
from domain.errors import CaseMovedOn, NoSuchCase
from storage.pages import CaseNote
from storage.writer import Writer
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, a_task, keep


def test_a_case_comes_back_as_it_was_kept(work: OpenWork) -> None:
    case = a_case(case_number(2026, 99999)).hold(frozenset({"dv", "now"}))
    keep(work, case)

    with work() as kept:
        assert kept.cases.get(case.number) == case


def test_a_number_that_nobody_has_is_refused(work: OpenWork) -> None:
    with work() as kept, pytest.raises(NoSuchCase):
        kept.cases.get(2026000015)


def test_two_mediators_cannot_both_change_the_case_they_read(work: OpenWork) -> None:
    keep(work, a_case())
    with work() as kept:
        kept.cases.save(a_case().advance(Stage.SESSION_BOOKED))
        with pytest.raises(CaseMovedOn):
            kept.cases.save(a_case().withdraw())

        assert kept.cases.get(1) == replace(a_case(), stage=Stage.SESSION_BOOKED, version=1)


def test_the_order_in_which_facts_were_told_is_kept(work: OpenWork) -> None:
    facts = a_case().facts
    backwards = dict(reversed(list(facts.items())))
    keep(work, a_case(1), a_case(2, facts=backwards))

    with work() as kept:
        assert list(kept.cases.get(1).facts) == ["wage_owed", "place"]
        assert list(kept.cases.get(2).facts) == ["place", "wage_owed"]


def test_case_numbers_rise_by_one_in_each_year(work: OpenWork) -> None:
    with work() as kept:
        numbers = [kept.cases.next_number(year) for year in (2026, 2026, 2027, 2026)]

    assert numbers == [1, 2, 1, 3]


def test_a_turn_that_is_rolled_back_leaves_no_gap_in_the_numbers(work: OpenWork) -> None:
    with work() as kept:
        kept.cases.next_number(2026)

    with work() as kept:
        assert kept.cases.next_number(2026) == 1


def test_people_who_apply_at_the_same_moment_get_different_numbers(writer: Writer) -> None:
    waiting = [writer.submit(lambda work: work.cases.next_number(2026)) for _ in range(40)]

    assert sorted(each.result() for each in waiting) == list(range(1, 41))


def test_the_history_of_a_case_is_read_in_its_order(work: OpenWork) -> None:
    keep(work, a_case())
    with work() as kept:
        kept.cases.note(1, NOW, "citizen", "applied")
        kept.cases.note(1, NOW, "mediator", "agreed", "当面")

        assert kept.pages.notes_of_case(1) == [
            CaseNote(NOW, "citizen", "applied", ""),
            CaseNote(NOW, "mediator", "agreed", "当面"),
        ]


def test_the_latest_agreement_of_a_case_is_the_one_in_force(work: OpenWork) -> None:
    keep(work, a_case())
    first = SettlementAgreement(1, date(2026, 11, 23), "分两次付清", ())
    parts = (Instalment(date(2026, 12, 31), 1_000_000), Instalment(date(2027, 1, 31), None))
    second = SettlementAgreement(1, date(2026, 12, 1), "年底付一万，开春补栽树", parts)
    with work() as kept:
        assert kept.agreements.of_case(1) is None
        kept.agreements.add(first)
        kept.agreements.add(second)
        kept.commit()

    with work() as kept:
        assert kept.agreements.of_case(1) == second


def test_a_person_is_called_once_for_one_matter_until_it_is_done(work: OpenWork) -> None:
    keep(work, a_case(), a_conversation())
    task = a_task(conversation_id="c1", case_number=1, details={"side": "applicant"})
    with work() as kept:
        assert kept.tasks.open(task)
        assert not kept.tasks.open(task)
        (kept_task,) = kept.tasks.still_open()
        assert kept_task == replace(task, id=kept_task.id)

        kept.tasks.close(kept_task.id, NOW)
        assert kept.tasks.still_open() == []
        assert kept.tasks.open(task)


def test_a_task_that_is_not_wanted_any_more_is_closed_alone_and_once(work: OpenWork) -> None:
    with work() as kept:
        kept.tasks.open(a_task("wanted"))
        kept.tasks.open(a_task("called off"))

        assert kept.tasks.close_of_key("called off", NOW)
        assert not kept.tasks.close_of_key("called off", NOW)
        assert [task.key for task in kept.tasks.still_open()] == ["wanted"]


def test_what_is_due_first_stands_first_among_the_tasks(work: OpenWork) -> None:
    with work() as kept:
        kept.tasks.open(a_task("later", due_at=NOW + timedelta(days=1)))
        kept.tasks.open(a_task("sooner"))

        assert [task.key for task in kept.tasks.still_open()] == ["sooner", "later"]


def test_a_setting_is_kept_in_place_of_the_one_before(work: OpenWork) -> None:
    with work() as kept:
        assert kept.settings.get("password") is None
        kept.settings.put("password", "one")
        kept.settings.put("password", "two")

        assert kept.settings.get("password") == "two"
