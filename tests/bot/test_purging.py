"""What goes when its time is over, and what never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from bot.dead_letters import Failed, lay_aside
from bot.messages import Incoming
from bot.purging import WHY, purge, would_purge
from domain.case import Stage as CaseStage
from domain.conversation import ResumeCode, Task, TaskKind
from domain.invitation import VALID, Invitation
from storage import purging
from storage.audit import AuditLine
from storage.engine import open_engine
from storage.purging import RULES, Terms
from storage.tables import conversation, inbox, metadata, outbox
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.bot.one_person import OTHERS, STORY, Talk
from tests.bot.webhouse import renderer
from tests.conftest import KEYRING, NOW

TERMS = Terms()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)


@pytest.fixture
def talk(writer: Writer) -> Talk:
    talk = Talk(writer).agrees()
    talk.says(STORY)
    return talk


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def gone_after(writer: Writer, days: float) -> set[str]:
    return {each.rule for each in purge(writer, TERMS, NOW + days * DAY)}


def test_what_was_begun_and_left_goes_after_thirty_days_with_every_word(
    talk: Talk, writer: Writer, engine: Engine
) -> None:
    for number in range(5):
        Talk(writer, sender=f"s{number}").agrees().says(OTHERS)

    assert gone_after(writer, 29) == set()
    told = would_purge(writer, TERMS, NOW + 31 * DAY)
    before = counts(engine)
    done: dict[str, int] = {}
    for each in purge(writer, TERMS, NOW + 31 * DAY):
        for name, number in each.rows.items():
            done[name] = done.get(name, 0) + number

    assert done == dict(next(each.rows for each in told if each.rule == "drafts"))
    after = counts(engine)
    assert (after["conversation"], after["inbox"], after["outbox"]) == (0, 0, 0)
    assert {name: before[name] - after[name] for name in done} == done
    assert after["consent"] == before["consent"]  # the proof stays
    assert gone_after(writer, 31) == set()


def test_a_dry_run_changes_nothing(talk: Talk, writer: Writer, engine: Engine) -> None:
    before = counts(engine)
    told = would_purge(writer, TERMS, NOW + 4000 * DAY)

    assert any(each.rows for each in told)
    assert counts(engine) == before


def held(work: SqlUnitOfWork, id_: str) -> None:
    found = work.conversations.by_id(id_)
    assert found is not None
    work.conversations.save(replace(found, is_held=True))


def with_task(work: SqlUnitOfWork, id_: str) -> None:
    work.tasks.open(Task(TaskKind.PRIVACY, NOW, NOW, "k", conversation_id=id_))


@pytest.mark.parametrize("kept", [held, with_task])
def test_what_is_held_or_waited_for_never_goes(talk: Talk, writer: Writer, kept) -> None:
    id_ = talk.conversation.id
    writer.submit(lambda work: kept(work, id_)).result()

    assert gone_after(writer, 1000) == set()


def test_the_chat_of_an_open_case_never_goes(talk: Talk, writer: Writer) -> None:
    talk.has_case()

    assert gone_after(writer, 1000) == set()


def test_the_chat_goes_half_a_year_after_the_case_is_over_and_the_file_stays(
    talk: Talk, writer: Writer, engine: Engine
) -> None:
    number = talk.has_case()

    def close(work: SqlUnitOfWork) -> None:
        work.cases.save(work.cases.get(number).advance(CaseStage.WITHDRAWN))
        work.cases.note(number, NOW + 10 * DAY, "citizen", "withdrawn")

    writer.submit(close).result()

    assert gone_after(writer, 189) == set()
    assert gone_after(writer, 191) == {"chats"}
    with engine.connect() as connection:
        assert connection.execute(select(inbox)).all() == []
        assert connection.execute(select(outbox)).all() == []
        assert connection.execute(select(conversation.c.state)).scalars().all() == [{}]
    assert writer.read(lambda work: work.cases.get(number)).summary == STORY
    assert gone_after(writer, 191) == set()


def test_who_read_what_is_known_for_three_years(writer: Writer, engine: Engine) -> None:
    line = AuditLine(NOW, "王主任", "transcript", "c1")
    writer.submit(lambda work: work.audit.add(line)).result()

    assert gone_after(writer, 1090) == set()
    assert gone_after(writer, 1100) == {"readings"}
    assert counts(engine)["audit"] == 0


def test_a_link_that_is_over_goes_a_day_later(talk: Talk, writer: Writer) -> None:
    talk.says("我的信息")

    assert gone_after(writer, 1) == set()
    assert gone_after(writer, 1.1) == {"links"}


def test_an_invitation_goes_a_month_after_it_ended(talk: Talk, writer: Writer, engine) -> None:
    number = talk.has_case()
    kept = Invitation(number, NOW, NOW + VALID, "mediator")
    writer.submit(lambda work: work.invitations.add(kept, "K7M4X2W9")).result()

    assert gone_after(writer, 44) == set()
    assert gone_after(writer, 44.1) == {"invitations"}
    assert counts(engine)["invitation"] == 0


def test_a_wrong_code_goes_once_it_is_counted_no_more(talk: Talk, writer: Writer, engine) -> None:
    id_ = talk.conversation.id
    writer.submit(lambda work: work.invitations.note_wrong(id_, NOW)).result()

    assert gone_after(writer, 1) == set()
    assert gone_after(writer, 1.1) == {"wrong_codes"}
    assert counts(engine)["wrong_code"] == 0


def test_a_code_for_another_phone_goes_a_day_after_it_is_over(talk: Talk, writer: Writer) -> None:
    code = ResumeCode("hash", talk.conversation.id, NOW + 5 * DAY)
    writer.submit(lambda work: work.resume_codes.put(code)).result()

    assert gone_after(writer, 6) == set()
    assert gone_after(writer, 6.1) == {"codes"}


def test_a_message_laid_aside_goes_when_nobody_waits_for_it_any_more(
    talk: Talk, writer: Writer, engine
) -> None:
    talk.has_case()
    failed = Failed(Incoming("webchat", "yang", "m9", text=OTHERS), ValueError(), NOW)
    writer.submit(lambda work: lay_aside(work, renderer(), failed)).result()
    (waits,) = writer.read(lambda work: work.tasks.still_open())

    assert gone_after(writer, 31) == set()
    writer.submit(lambda work: work.tasks.close(waits.id, NOW)).result()
    assert gone_after(writer, 29) == set()
    assert gone_after(writer, 31) == {"letters"}
    assert counts(engine)["dead_letter"] == 0


def test_a_dry_run_names_every_kind_and_says_why() -> None:
    assert set(WHY) == set(RULES)
    assert len(set(WHY.values())) == len(RULES)


@pytest.fixture
def file(tmp_path: Path, empty_sqlite: Path) -> Path:
    path = tmp_path / "own.db"
    path.write_bytes(empty_sqlite.read_bytes())
    return path


def test_what_is_erased_is_gone_from_the_file_itself_even_as_it_was_sealed(file: Path) -> None:
    engine = open_engine(f"sqlite:///{file}", KEYRING)
    writer = Writer(engine)
    talk = Talk(writer).agrees()
    for number in range(30):
        talk.says(f"{STORY}，{number}" * 20)
    with engine.connect() as connection:
        sealed = [
            bytes(value)
            for query in ("SELECT text FROM inbox", "SELECT state FROM conversation")
            for value in connection.execute(text(query)).scalars()
            if value is not None
        ]
    assert sealed
    talk.says("删除我的信息")
    talk.says(choice="do:erase_now")
    writer.close()

    reopened = open_engine(f"sqlite:///{file}", KEYRING)
    with reopened.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    reopened.dispose()
    kept = b"".join(each.read_bytes() for each in file.parent.glob("own.db*"))
    assert [value for value in sealed if value[20:] in kept] == []
