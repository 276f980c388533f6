"""The other side is asked safely, both are told, nobody in danger is: on real databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.releasing import release_by_case
from domain.case import LOCKING_FLAGS, Role, Stage
from domain.conversation import Conversation, TaskKind
from domain.errors import ContactNotAgreed, InvitationNotSafe, NotASide, StageNotReachable
from domain.invitation import VALID
from domain.ports import UnitOfWork
from domain.services import booking, intake, two_sides
from domain.services.booking import BookSession
from domain.services.two_sides import (
    WRONG_A_DAY,
    WRONG_AN_HOUR,
    Invited,
    NotInvited,
    end_case,
    issue_invitation,
    stage_shown,
    take_invitation,
    tell_booked,
    tell_called_off,
)
from domain.session import SessionKind
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, keep

AT = NOW + timedelta(days=2)


@pytest.fixture
def kept(work: OpenWork, roster: object) -> SqlUnitOfWork:
    """A case whose applicant agrees that the other side is asked, and three chats."""
    keep(work, *(a_conversation(f"c{n}", consented_at=NOW) for n in (1, 2, 3)), a_case(1, flags=()))
    with work() as kept:
        two_sides.allow_contact(kept, 1, True, NOW)
        yield kept


def let_in(kept: UnitOfWork, chat: str = "c2") -> str:
    code = issue_invitation(kept, 1, NOW, "mediator").code
    assert isinstance(take_invitation(kept, code, chat, NOW), Invited)
    return code


def hold(kept: UnitOfWork, chat: str) -> None:
    found = kept.conversations.by_id(chat)
    assert found
    kept.conversations.save(replace(found, is_held=True))


def a_session(kept: UnitOfWork):
    return booking.book_session(kept, BookSession(1, "xichou-1", SessionKind.PHONE, AT), NOW)


# inviting


def test_the_yes_of_the_applicant_opens_the_task_to_hand_over_an_invitation(kept) -> None:
    (task,) = kept.tasks.still_open()

    assert (task.kind, task.details) == (TaskKind.PHONE, {"reason": "hand_over_invitation"})
    assert task.due_at == NOW + timedelta(days=3)


def test_nobody_is_invited_against_the_word_of_the_applicant(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code
    two_sides.allow_contact(kept, 1, False, NOW)

    assert take_invitation(kept, code, "c2", NOW) == NotInvited("over")
    with pytest.raises(ContactNotAgreed):
        issue_invitation(kept, 1, NOW, "mediator")


@pytest.mark.parametrize("flag", LOCKING_FLAGS)
def test_a_flag_on_the_case_keeps_every_invitation_back_also_after_its_release(kept, flag) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code
    booking.hold_case(kept, 1, frozenset({flag}), NOW)
    for _ in range(2):
        with pytest.raises(InvitationNotSafe):
            issue_invitation(kept, 1, NOW, "mediator")
        assert take_invitation(kept, code, "c2", NOW) == NotInvited("not_now")
        if kept.cases.get(1).is_held:
            booking.release_case(kept, 1, NOW, "officer")
    assert kept.cases.get(1).respondent.conversation_id is None


def test_a_held_chat_of_the_applicant_keeps_the_invitation_back(kept) -> None:
    hold(kept, "c1")

    with pytest.raises(InvitationNotSafe):
        issue_invitation(kept, 1, NOW, "mediator")


def test_a_yes_in_danger_opens_no_task(kept) -> None:
    for task in kept.tasks.still_open():
        kept.tasks.close(task.id, NOW)
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)
    two_sides.allow_contact(kept, 1, True, NOW)

    assert kept.tasks.still_open() == []


def reasons(kept: UnitOfWork) -> list[str]:
    return [task.details["reason"] for task in kept.tasks.still_open()]


def record(kept: SqlUnitOfWork) -> list[tuple[str, str]]:
    return [(note.actor, note.what) for note in kept.pages.notes_of_case(1)]


def test_a_hold_takes_the_task_to_invite_off_the_list_and_says_so_in_the_record(kept) -> None:
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)

    assert reasons(kept) == []
    assert record(kept)[-2:] == [("safety", "held"), ("safety", "contact_stopped")]


def test_a_hold_where_nothing_was_to_be_handed_over_says_nothing_of_it(kept) -> None:
    for task in kept.tasks.still_open():
        kept.tasks.close(task.id, NOW)
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)

    assert record(kept)[-1] == ("safety", "held")


def test_after_the_release_a_person_asks_what_is_wanted_without_an_invitation(kept) -> None:
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)
    release_by_case(kept, 1, AT, "officer")

    (task,) = kept.tasks.still_open()
    assert (task.kind, task.details["reason"]) == (TaskKind.PHONE, "contact_by_person")
    assert task.due_at == AT + timedelta(days=3)
    assert record(kept)[-2:] == [("officer", "released"), ("officer", "contact_called_for")]


def test_the_release_brings_no_task_back_that_nobody_wants_any_more(kept) -> None:
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)
    two_sides.allow_contact(kept, 1, False, NOW)
    release_by_case(kept, 1, NOW, "officer")

    assert reasons(kept) == []
    assert record(kept)[-1] == ("officer", "released")


def test_the_task_to_invite_falls_with_a_no_an_end_and_the_coming_of_the_other_side(kept) -> None:
    two_sides.allow_contact(kept, 1, False, NOW)
    assert reasons(kept) == []

    two_sides.allow_contact(kept, 1, True, NOW)
    let_in(kept)
    assert reasons(kept) == []


def test_what_is_over_leaves_no_task_to_invite_behind(kept) -> None:
    end_case(kept, 1, Role.APPLICANT, False, NOW)

    assert reasons(kept) == []


def test_a_crowd_is_no_danger_between_the_two(kept) -> None:
    case = kept.cases.get(1)
    kept.cases.save(replace(case, flags=frozenset({"mass", "hazard"})))

    let_in(kept)

    assert kept.cases.get(1).respondent.conversation_id == "c2"


def test_nobody_is_invited_to_what_is_over(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code
    end_case(kept, 1, Role.APPLICANT, False, NOW)

    assert take_invitation(kept, code, "c2", NOW) == NotInvited("over")
    with pytest.raises(StageNotReachable):
        issue_invitation(kept, 1, NOW, "mediator")


# coming in


def test_who_comes_in_hears_number_type_and_whom_to_ask_and_nothing_else(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code

    found = take_invitation(kept, f"{code[:4]} - {code[4:].lower()}", "c2", NOW)

    assert found == Invited(1, "labour_wage", "测试1", "0876-0000000")
    assert kept.cases.get(1).side_of("c2") is Role.RESPONDENT


def test_a_code_works_once(kept) -> None:
    code = let_in(kept)

    assert take_invitation(kept, code, "c3", NOW) == NotInvited("over")
    assert take_invitation(kept, code, "c2", NOW) == NotInvited("over")


def test_a_code_is_good_for_fourteen_days(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code

    assert take_invitation(kept, code, "c2", NOW + VALID) == NotInvited("over")
    early = NOW + VALID - timedelta(seconds=1)
    assert isinstance(take_invitation(kept, code, "c2", early), Invited)


def test_a_new_code_makes_the_one_before_worthless(kept) -> None:
    first = issue_invitation(kept, 1, NOW, "mediator").code
    let_in(kept)

    assert take_invitation(kept, first, "c3", NOW) == NotInvited("over")


def test_who_comes_with_a_later_code_takes_the_place_of_the_one_before(kept) -> None:
    let_in(kept, "c2")
    let_in(kept, "c3")

    case = kept.cases.get(1)
    assert case.side_of("c3") is Role.RESPONDENT
    with pytest.raises(NotASide):
        two_sides.side_of(case, "c2")


def test_the_applicant_cannot_use_up_the_code_of_the_other_side(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code

    assert take_invitation(kept, code, "c1", NOW) == NotInvited("own")
    assert isinstance(take_invitation(kept, code, "c2", NOW), Invited)


def test_after_five_wrong_codes_a_chat_waits_a_day_even_with_the_right_one(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code
    for _ in range(WRONG_A_DAY):
        assert take_invitation(kept, "AAAA2222", "c3", NOW) == NotInvited("not_known")

    assert take_invitation(kept, code, "c3", NOW) == NotInvited("too_many")
    tomorrow = NOW + timedelta(days=1)
    assert isinstance(take_invitation(kept, code, "c3", tomorrow), Invited)


def test_codes_tried_from_many_chats_are_stopped_and_a_person_is_told(kept) -> None:
    code = issue_invitation(kept, 1, NOW, "mediator").code
    for _ in range(WRONG_AN_HOUR):
        kept.invitations.note_wrong("c1", NOW)

    assert take_invitation(kept, code, "c2", NOW) == NotInvited("too_many")
    assert TaskKind.ALERT in [task.kind for task in kept.tasks.still_open()]
    later = NOW + timedelta(hours=1)
    assert isinstance(take_invitation(kept, code, "c2", later), Invited)


# telling


def test_each_side_keeps_its_own_words(kept) -> None:
    let_in(kept)
    before = kept.cases.get(1)
    intake.change_case(kept, 1, Role.RESPONDENT, {}, "我已经给过两次了", NOW)
    intake.change_case(kept, 1, Role.APPLICANT, {}, "没有给过", NOW)
    case = kept.cases.get(1)

    assert case.respondent.account == "我已经给过两次了"
    assert case.summary == f"{before.summary}\n没有给过"
    assert case.applicant.account == ""


def test_who_books_the_other_is_told(kept) -> None:
    let_in(kept)
    session = a_session(kept)

    for by, other in ((Role.APPLICANT, "c2"), (Role.RESPONDENT, "c1")):
        (word,) = tell_booked(kept, 1, by, session, moved=False)
        assert (word.conversation_id, word.template) == (other, "told_booked")
        (word,) = tell_called_off(kept, 1, by, session)
        assert (word.conversation_id, word.template) == (other, "told_called_off")


def chat_without_consent(kept: UnitOfWork) -> Conversation:
    found = kept.conversations.by_id("c2")
    assert found
    return replace(found, consented_at=None)


def test_nothing_is_told_to_a_chat_that_has_not_agreed_to_the_notice(kept) -> None:
    let_in(kept)
    kept.conversations.save(chat_without_consent(kept))

    assert tell_booked(kept, 1, Role.APPLICANT, a_session(kept), moved=False) == []


@pytest.mark.parametrize("chat", ["c1", "c2"])
def test_nobody_is_told_anything_while_one_of_the_two_is_in_danger(kept, chat) -> None:
    let_in(kept)
    session = a_session(kept)
    hold(kept, chat)

    assert tell_booked(kept, 1, Role.APPLICANT, session, moved=False) == []
    assert tell_called_off(kept, 1, Role.RESPONDENT, session) == []


def test_the_no_of_the_other_side_ends_it_and_the_applicant_hears_which_ways_remain(kept) -> None:
    let_in(kept)
    session = a_session(kept)

    case, words = end_case(kept, 1, Role.RESPONDENT, False, NOW)

    assert case.stage is Stage.OTHER_SIDE_REFUSED
    assert kept.sessions.coming(1, NOW) is None
    assert [(w.conversation_id, w.template) for w in words] == [
        ("c1", "other_side_refused"),
        ("c1", "remedies"),
    ]
    assert session.id == 1


def test_the_other_side_is_told_that_the_applicant_has_ended_it(kept) -> None:
    let_in(kept)

    case, (word,) = end_case(kept, 1, Role.APPLICANT, False, NOW)

    assert case.stage is Stage.WITHDRAWN
    assert (word.conversation_id, word.template, word.data) == ("c2", "told_ended", {"number": 1})


@pytest.mark.parametrize("by", [Role.APPLICANT, Role.RESPONDENT, None])
def test_what_ends_in_danger_is_told_by_a_person(kept, by) -> None:
    let_in(kept)
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)

    case, words = end_case(kept, 1, by, False, NOW)

    assert not case.is_open
    assert words == []
    assert "ended_in_danger" in [task.details["reason"] for task in kept.tasks.still_open()]


# what a side may know of how the case stands


def test_the_danger_of_one_side_is_no_news_for_the_other(kept) -> None:
    let_in(kept)
    booking.hold_case(kept, 1, frozenset({"dv"}), NOW)
    hold(kept, "c2")
    case = kept.cases.get(1)

    assert stage_shown(kept, case, Role.APPLICANT) == "paused"
    assert stage_shown(kept, case, Role.RESPONDENT) == Stage.SAFETY_HOLD


def test_the_answer_of_one_side_is_no_news_for_the_other(kept) -> None:
    breached = replace(kept.cases.get(1), stage=Stage.BREACHED)
    assert stage_shown(kept, breached, Role.APPLICANT) == Stage.BREACHED
    let_in(kept)
    breached = replace(kept.cases.get(1), stage=Stage.BREACHED)

    assert {stage_shown(kept, breached, side) for side in Role} == {Stage.AGREED}


def test_an_ending_is_told_to_the_other_side_in_words_that_blame_nobody(kept) -> None:
    case = kept.cases.get(1)
    for stage in (Stage.WITHDRAWN, Stage.OTHER_SIDE_REFUSED):
        assert stage_shown(kept, replace(case, stage=stage), Role.RESPONDENT) == "ended"
        assert stage_shown(kept, replace(case, stage=stage), Role.APPLICANT) == stage
