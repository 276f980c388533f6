import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from storage.sealing import (
    REREAD_SECONDS,
    Keyring,
    KeysNotUsable,
    NotOurs,
    add_key,
    keep_only,
    make_keys,
)
from tests.conftest import KEYRING, NOW
from tests.storage.raw import traces
from tests.storage.samples import OpenWork, a_case, a_conversation, a_message, a_word, keep

NAME, PHONE, SENTENCE = "杨阿迪", "13877001234", "他把我家的田埂挖掉了三尺"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    make_keys(path)
    return path


@given(st.binary(max_size=500))
def test_what_was_sealed_opens_as_it_was(plain: bytes) -> None:
    assert KEYRING.open(KEYRING.seal(plain, "inbox.text"), "inbox.text") == plain


def test_the_same_words_are_never_sealed_the_same_way_twice() -> None:
    assert KEYRING.seal(b"words", "inbox.text") != KEYRING.seal(b"words", "inbox.text")


def test_a_value_moved_to_another_column_does_not_open() -> None:
    sealed = KEYRING.seal(b"words", "inbox.text")

    with pytest.raises(NotOurs, match=r"outbox\.text"):
        KEYRING.open(sealed, "outbox.text")


def test_a_value_with_one_bit_changed_anywhere_does_not_open() -> None:
    sealed = KEYRING.seal(b"words", "inbox.text")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(NotOurs):
            KEYRING.open(bytes(changed), "inbox.text")


def test_what_was_never_sealed_is_not_taken_for_sealed() -> None:
    for plain in (b"", b"words", b"\x01" * 60):
        with pytest.raises(NotOurs):
            KEYRING.open(plain, "inbox.text")


def test_only_the_owner_may_read_the_key_file(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o640)
    with pytest.raises(KeysNotUsable, match=f"chmod 600 {path}"):
        Keyring(path=path)


def test_a_damaged_key_file_is_refused_with_its_name(path: Path) -> None:
    path.write_text("not a key\n", encoding="utf-8")

    with pytest.raises(KeysNotUsable, match="keys is damaged"):
        Keyring(path=path)


def test_of_two_first_starts_one_makes_the_key_and_both_use_it(path: Path) -> None:
    before = path.read_bytes()
    make_keys(path)

    assert path.read_bytes() == before


def test_a_new_key_seals_and_the_old_one_still_opens(path: Path) -> None:
    old = Keyring(path=path).seal(b"words", "a.b")
    add_key(path)
    ring = Keyring(path=path)

    assert ring.open(old, "a.b") == b"words"
    assert not old.startswith(ring.newest_head)
    assert ring.seal(b"words", "a.b").startswith(ring.newest_head)


def test_a_running_process_opens_what_a_new_key_has_sealed_and_soon_seals_with_it(
    path: Path,
) -> None:
    running = Keyring(path=path)
    add_key(path)
    newer = Keyring(path=path)

    assert running.open(newer.seal(b"words", "a.b"), "a.b") == b"words"
    deadline = time.monotonic() + 5 * REREAD_SECONDS
    while running.ids != newer.ids and time.monotonic() < deadline:
        running.seal(b"words", "a.b")
        time.sleep(0.05)
    assert running.seal(b"words", "a.b").startswith(newer.newest_head)


def test_a_dropped_key_opens_nothing_any_more(path: Path) -> None:
    old = Keyring(path=path).seal(b"words", "a.b")
    add_key(path)
    keep_only(path, Keyring(path=path).ids[-1:])

    with pytest.raises(NotOurs, match="is not in the key file"):
        Keyring(path=path).open(old, "a.b")


def test_a_write_of_the_key_file_leaves_nothing_beside_it(path: Path) -> None:
    add_key(path)

    assert [each.name for each in path.parent.iterdir()] == ["keys"]


def a_told_case(work: OpenWork) -> None:
    keep(work, a_conversation(state={"story": SENTENCE}, case_number=None))
    with work() as kept:
        case = a_case(summary=SENTENCE)
        applicant, respondent = case.parties
        parties = (
            type(applicant)(applicant.role, NAME, PHONE, "c1"),
            type(respondent)(respondent.role, NAME, "", None),
        )
        kept.cases.add(a_case(summary=SENTENCE, parties=parties))
        kept.cases.note(1, NOW, "mediator", "told", SENTENCE)
        kept.inbox.add(a_message(text=SENTENCE, choice=SENTENCE))
        kept.outbox.add([a_word(SENTENCE)])
        kept.commit()


def test_a_dump_of_every_column_holds_no_name_phone_or_sentence(
    engine: Engine, work: OpenWork
) -> None:
    a_told_case(work)

    assert traces(engine, "c1")  # the look itself finds what is there
    assert traces(engine, NAME, PHONE, SENTENCE) == []
    with work() as kept:
        assert kept.cases.get(1).applicant.phone == PHONE


def test_who_has_no_keys_can_neither_write_nor_read_what_was_told(
    engine: Engine, work: OpenWork
) -> None:
    a_told_case(work)
    engine.dialect.hejie_keyring = None

    with work() as kept, pytest.raises(KeysNotUsable):
        kept.cases.get(1)


def test_a_case_is_found_by_a_partys_phone_however_it_is_typed(work: OpenWork) -> None:
    a_told_case(work)
    with work() as kept:
        typed = (PHONE, "138-7700-1234", "+86 １３８７７００１２３４")
        found = [kept.cases.of_phone(each) for each in typed]
        assert found == [[1]] * 3
        assert kept.cases.of_phone("13877001235") == []


def test_a_corrected_phone_finds_the_case_and_the_wrong_one_does_not(work: OpenWork) -> None:
    a_told_case(work)
    with work() as kept:
        case = kept.cases.get(1)
        applicant, respondent = case.parties
        corrected = type(applicant)(applicant.role, NAME, "13900005678", "c1")
        kept.cases.save(a_case(parties=(corrected, respondent)))
        assert (kept.cases.of_phone("13900005678"), kept.cases.of_phone(PHONE)) == ([1], [])


def test_the_index_of_phones_tells_nobody_without_the_key_which_number_it_is(
    engine: Engine, work: OpenWork
) -> None:
    a_told_case(work)
    with engine.connect() as connection:
        (digest,) = connection.execute(text("SELECT digest FROM case_phone")).scalars()

    assert bytes(digest) == KEYRING.digests(PHONE)[0]
    assert bytes(digest) not in Keyring([bytes(32)]).digests(PHONE)
