"""Whatever both sides do, neither ever sees what the other told, nor is written to in danger.

Everything is real: understanding, dialogue, storage, ticks. Each side has words, a name and a phone
that only it knows, and they are looked for in every word out, choice, task, paper and dialogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import App, build_app
from bot.dialogue.state import Dialogue
from bot.render import Renderer
from bot.settings import read_settings
from domain.calendar import LOCAL
from domain.case import MediationCase, Role, Stage
from domain.facts import FactKind, FactValue
from domain.services import two_sides
from storage.privacy import SqlPrivacy
from tests.bot.two_people import OWN, TwoPeople
from tests.trained import models_folder

MONDAY = datetime(2026, 11, 23, 10, tzinfo=LOCAL)


class Town:
    """An application and the clock that it goes by."""

    def __init__(self, app: App, clock: list[datetime]) -> None:
        self.app = app
        self.clock = clock

    def __repr__(self) -> str:
        return "Town"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("sides")
    (folder / "models").symlink_to(models_folder(), target_is_directory=True)
    clock = [MONDAY]
    app = build_app(read_settings({"HEJIE_DATA": str(folder)}), lambda: clock[0])
    yield Town(app, clock)
    app.close()


def meet(town: Town) -> TwoPeople:
    town.clock[0] = MONDAY
    return TwoPeople(town.app, town.clock)


def come_in(people: TwoPeople) -> None:
    """Let the other side in: the applicant books and agrees, the code is handed over."""
    people.tap(Role.APPLICANT, "kind:video")
    people.tap_offered(Role.APPLICANT, 2)
    people.tell(Role.APPLICANT, 2)
    people.tell(Role.APPLICANT, 3)
    people.tap(Role.APPLICANT, "contact:yes")
    people.invite()
    people.bring_code(Role.RESPONDENT)


WORDS = ("查进度", "改时间", "取消预约", "换调解员", "不想调解", "撤回申请", "同意", "没给", "你好")
TAPS = (
    *("do:decline", "do:retell", "own:skip", "do:give_back", "do:withdraw", "do:continue"),
    *("contact:yes", "contact:no", "do:add", "do:status", "consent:yes", "kind:phone"),
    *("answer:0:not_kept", "answer:0:disputed", "change:wish", "do:other_side_refuses"),
)
side = st.sampled_from(list(Role))
act = st.one_of(
    st.tuples(st.just("tell"), side, st.integers(0, 4)),
    st.tuples(st.just("tell"), side, st.integers(0, 4)),
    st.tuples(st.just("tap_offered"), side, st.integers(0, 5)),
    st.tuples(st.just("tap_offered"), side, st.integers(0, 5)),
    st.tuples(st.just("say"), side, st.sampled_from(WORDS)),
    st.tuples(st.just("tap"), side, st.sampled_from(TAPS)),
    st.tuples(st.sampled_from(("send_photo", "share_place", "bring_code")), side),
    st.tuples(st.just("be_in_danger"), side),
    st.tuples(st.just("pass_days"), st.integers(1, 4)),
    st.tuples(st.sampled_from(("invite", "agree", "release", "record_refusal"))),
)


def live(town: Town, has_come: bool, acts: list[tuple[Any, ...]]) -> None:
    people = meet(town)
    if has_come:
        come_in(people)
    for name, *arguments in acts:
        getattr(people, name)(*arguments)
    people.assert_apart()


alone = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@alone
@given(st.lists(act, min_size=10, max_size=16))
def test_nothing_that_one_side_told_reaches_the_other(town, acts):
    live(town, True, acts)


@settings(alone, max_examples=3)
@given(st.lists(act, min_size=8, max_size=12))
def test_nor_while_the_other_side_is_still_to_be_asked(town, acts):
    live(town, False, acts)


@pytest.mark.slow
@settings(alone, max_examples=200)
@given(st.booleans(), st.lists(act, min_size=10, max_size=40))
def test_nor_in_long_stories(town, has_come, acts):
    live(town, has_come, acts)


# the whole way, and what the search above would find


def whole_way(people: TwoPeople) -> None:
    come_in(people)
    people.tap(Role.RESPONDENT, "consent:yes")
    for which in (0, 4, 4, 1, 1):
        people.tell(Role.RESPONDENT, which)
    people.say(Role.RESPONDENT, "改时间")
    people.tap_offered(Role.RESPONDENT, 1)
    people.tell(Role.RESPONDENT, 2)
    people.tell(Role.RESPONDENT, 3)
    people.say(Role.APPLICANT, "查进度")


def test_the_search_reaches_what_both_sides_can_do(town):
    people = meet(town)
    whole_way(people)
    case = people.case()

    people.assert_apart()
    assert case.side_of(people.conversation(Role.RESPONDENT).id) is Role.RESPONDENT
    assert OWN[Role.RESPONDENT][0] in case.respondent.account
    assert (case.respondent.name, case.respondent.phone) == OWN[Role.RESPONDENT][2:4]
    assert (case.applicant.name, case.applicant.phone) == OWN[Role.APPLICANT][2:4]
    assert OWN[Role.APPLICANT][0] in case.summary
    assert OWN[Role.RESPONDENT][0] not in case.summary
    assert "told_booked" in [word.template for word in people.words_to(Role.APPLICANT)]

    people.be_in_danger(Role.RESPONDENT)
    people.pass_days(3)

    people.assert_apart()
    assert people.case().stage is Stage.SAFETY_HOLD


def test_a_word_that_carries_what_was_told_is_found(town, monkeypatch):
    people = meet(town)
    come_in(people)
    people.tap(Role.RESPONDENT, "consent:yes")
    careful, render = two_sides.tell_called_off, Renderer.reply

    def careless(work, number, by, booking):
        story = work.cases.get(number).summary
        words = careful(work, number, by, booking)
        return [replace(word, data={"number": number, "story": story}) for word in words]

    def with_story(renderer, template, data):
        return data.get("story") or render(renderer, template, data)

    monkeypatch.setattr(two_sides, "tell_called_off", careless)
    monkeypatch.setattr(Renderer, "reply", with_story)
    people.say(Role.APPLICANT, "取消预约")
    people.tap(Role.APPLICANT, "do:give_back")

    with pytest.raises(AssertionError, match="told_called_off to the respondent"):
        people.assert_apart()


def test_a_dialogue_that_remembers_the_others_facts_is_found(town, monkeypatch):
    people = meet(town)
    wish = FactValue(FactKind.TEXT, OWN[Role.APPLICANT][1], "")
    careful = Dialogue.come_invited
    monkeypatch.setattr(
        Dialogue,
        "come_invited",
        lambda state, number, type_: careful(state, number, type_).learn({"wish": wish}),
    )
    come_in(people)

    with pytest.raises(AssertionError, match="remembers"):
        people.assert_apart()


def test_an_export_that_takes_no_heed_of_the_side_is_found(town, monkeypatch):
    people = meet(town)
    come_in(people)
    people.tap(Role.RESPONDENT, "consent:yes")
    people.assert_apart()
    monkeypatch.setattr(MediationCase, "side_of", lambda *_: Role.APPLICANT)

    with pytest.raises(AssertionError, match="the own info of the respondent"):
        people.assert_apart()


def test_a_list_of_readers_that_holds_the_others_is_found(town, monkeypatch):
    people = meet(town)
    come_in(people)
    people.tap(Role.RESPONDENT, "consent:yes")
    people.assert_apart()
    careful = SqlPrivacy.readers
    everybody = [people.conversation(side).id for side in Role]
    monkeypatch.setattr(
        SqlPrivacy, "readers", lambda self, _: [r for id_ in everybody for r in careful(self, id_)]
    )

    with pytest.raises(AssertionError, match="who read the"):
        people.assert_apart()


def test_a_word_pushed_in_danger_is_found(town, monkeypatch):
    people = meet(town)
    come_in(people)
    people.tap(Role.RESPONDENT, "consent:yes")
    people.be_in_danger(Role.RESPONDENT)
    monkeypatch.setattr(two_sides, "is_unsafe", lambda *_: False)
    people.record_refusal()
    people.tap(Role.RESPONDENT, "do:decline")

    assert people.case().stage is Stage.OTHER_SIDE_REFUSED
    with pytest.raises(AssertionError, match="in danger"):
        people.assert_apart()
