from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from domain.invitation import VALID, Invitation
from tests.conftest import NOW
from tests.storage.raw import every_value, traces
from tests.storage.samples import OpenWork, a_case, a_conversation, keep

CODE = "K7M4X2W9"
GIVEN = Invitation(1, NOW, NOW + VALID, "mediator")


@pytest.fixture
def invited(work: OpenWork) -> None:
    keep(work, a_case(1), a_conversation("c1"), a_conversation("c2"))
    with work() as kept:
        kept.invitations.add(GIVEN, CODE)
        kept.commit()


def test_an_invitation_is_found_by_its_code_alone(invited: None, work: OpenWork) -> None:
    with work() as kept:
        found = kept.invitations.of_code(CODE)
        assert found == Invitation(1, NOW, NOW + VALID, "mediator", id=1)
        assert kept.invitations.of_code("K7M4X2W8") is None


def test_the_code_stands_nowhere_in_the_database(
    invited: None, work: OpenWork, engine: Engine
) -> None:
    assert traces(engine, CODE, "K7M4-X2W9") == []
    assert any(
        column == "digest" for table, column, _ in every_value(engine) if table == "invitation"
    )


def test_of_two_who_come_with_one_code_the_first_is_let_in(invited: None, work: OpenWork) -> None:
    with work() as kept:
        first, second = (kept.invitations.of_code(CODE) for _ in range(2))
        assert first
        assert second
        assert kept.invitations.take(first, "c1", NOW)
        assert not kept.invitations.take(second, "c2", NOW)
        found = kept.invitations.of_code(CODE)
        assert found
        assert (found.taken_by, found.taken_at) == ("c1", NOW)


def test_a_code_is_never_given_twice(invited: None, work: OpenWork) -> None:
    with work() as kept, pytest.raises(IntegrityError):
        kept.invitations.add(GIVEN, CODE)


def test_what_nobody_has_taken_ends_and_what_was_taken_stays(invited: None, work: OpenWork) -> None:
    with work() as kept:
        kept.invitations.add(GIVEN, "FHKM2345")
        taken = kept.invitations.of_code(CODE)
        assert taken
        kept.invitations.take(taken, "c1", NOW)
        kept.invitations.end_of_case(1, NOW)
        open_one, taken = kept.invitations.of_code("FHKM2345"), kept.invitations.of_code(CODE)
        assert open_one
        assert open_one.expires_at == NOW
        assert taken
        assert taken.expires_at == NOW + VALID


def test_wrong_codes_are_counted_for_each_chat_and_for_all(invited: None, work: OpenWork) -> None:
    with work() as kept:
        for minutes, chat in ((0, "c1"), (5, "c1"), (5, "c2")):
            kept.invitations.note_wrong(chat, NOW + timedelta(minutes=minutes))
        assert kept.invitations.wrong_since(NOW - timedelta(1)) == 3
        assert kept.invitations.wrong_since(NOW - timedelta(1), "c1") == 2
        assert kept.invitations.wrong_since(NOW, "c1") == 1
