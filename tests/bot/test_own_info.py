"""What becomes of a person's words: nothing before consent, all to see, gone when erased."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from bot.dialogue.marks import Offered
from bot.dialogue.state import Dialogue, Stage, to_data
from bot.own_info import as_data
from bot.render import House as Words
from domain.case import Party, Role
from domain.case import Stage as CaseStage
from domain.conversation import ResumeCode
from domain.facts import FactKind, FactValue
from domain.services.privacy import own_info
from storage.audit import AuditLine
from storage.tables import consent, inbox, notice
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.bot.one_person import NAME, OTHERS, PHONE, STORY, Talk
from tests.bot.webhouse import catalogue, renderer
from tests.conftest import NOW
from tests.storage.raw import every_value, traces


@pytest.fixture
def talk(writer: Writer) -> Talk:
    return Talk(writer)


def test_who_leaves_at_the_notice_leaves_not_one_row_of_text(talk: Talk, engine: Engine) -> None:
    assert talk.says(STORY) == ["notice"]
    talk.says("我叫杨阿迪")

    with engine.connect() as connection:
        rows = connection.execute(select(inbox.c.text, inbox.c.choice, inbox.c.intent)).all()
    assert rows == [(None, None, None)] * 2
    assert traces(engine, STORY, "杨阿迪") == []
    assert talk.conversation.state == {"format": 1, "stage": "notice"} | {
        "offered": [["consent:yes", "同意", "1"], ["consent:no", "不同意", "2"]]
    }


def test_who_says_no_leaves_nothing_either(talk: Talk, engine: Engine) -> None:
    talk.says(STORY)
    assert talk.says(choice="consent:no") == ["no_consent"]

    with engine.connect() as connection:
        assert connection.execute(select(inbox.c.text)).scalars().all() == [None, None]
        assert connection.execute(select(consent)).all() == []


def test_that_somebody_agreed_is_kept_with_the_very_words_of_the_notice(
    talk: Talk, engine: Engine
) -> None:
    talk.says(STORY)
    shown = talk.replies[0].text
    talk.agrees()

    with engine.connect() as connection:
        (kept,) = connection.execute(select(consent)).all()
        text = connection.execute(
            select(notice.c.text).where(notice.c.version == kept.notice)
        ).scalar_one()
    assert (kept.conversation_id, kept.given) == (talk.conversation.id, True)
    assert text == shown
    assert talk.conversation.consented_to == kept.notice


def test_a_changed_notice_is_asked_anew_and_nothing_is_kept_until_then(
    talk: Talk, writer: Writer, engine: Engine
) -> None:
    talk.agrees().says("你好")
    later = Talk(writer, Words(operator="西畴县兴街镇人民调解委员会"))

    assert later.says(STORY) == ["notice_changed", "notice"]
    assert "兴街镇" in later.replies[1].text
    assert stories(writer, later) == []
    assert later.says("同意")[0] == "consent_thanks"
    assert stories(writer, later) == [STORY]
    with engine.connect() as connection:
        assert len(set(connection.execute(select(consent.c.notice)).scalars())) == 2
    assert Talk(writer, Words(operator="西畴县兴街镇人民调解委员会")).says("你好") != ["notice"]


def stories(writer: Writer, talk: Talk) -> list[str]:
    words = writer.read(lambda work: work.privacy.own_words(talk.conversation.id))
    return [text for _, text in words if "工钱" in text]


def test_after_consent_is_taken_back_nothing_is_kept_and_no_reminder_comes(
    talk: Talk, writer: Writer, engine: Engine
) -> None:
    talk.agrees()
    number = talk.has_case()
    assert talk.says("撤回同意") == ["consent_revoked"]
    talk.says(OTHERS)

    assert stories(writer, talk) == []
    assert OTHERS not in [text for _, text in own_words(writer, talk)]
    assert (talk.conversation.consented_at, talk.conversation.with_person) == (None, True)
    tasks = writer.read(lambda work: work.tasks.still_open())
    assert [(task.details["reason"], task.case_number) for task in tasks][-1] == (
        "consent_revoked",
        number,
    )
    with engine.connect() as connection:
        given = connection.execute(select(consent.c.given).order_by(consent.c.id)).scalars()
        assert list(given) == [True, False]


def own_words(writer: Writer, talk: Talk) -> list[tuple[object, str]]:
    return list(writer.read(lambda work: work.privacy.own_words(talk.conversation.id)))


def test_erasing_leaves_no_word_of_the_talk_and_locks_the_file_of_the_case(
    talk: Talk, writer: Writer, engine: Engine
) -> None:
    talk.agrees().says(OTHERS)
    number = talk.has_case()
    assert talk.says("删除我的信息") == ["confirm_erase"]
    assert talk.says(choice="do:erase_now") == ["erased"]
    assert str(number) in talk.replies[0].text

    assert own_words(writer, talk) == []
    with engine.connect() as connection:
        words = connection.execute(select(inbox.c.text, inbox.c.choice, inbox.c.intent)).all()
    assert set(words) == {(None, None, None)}
    said = [text for table, name, text in every_value(engine) if (table, name) == ("outbox", "id")]
    assert len(said) == 1  # that it is erased
    case = writer.read(lambda work: work.cases.get(number))
    assert case.stage is CaseStage.WITHDRAWN
    assert writer.read(lambda work: work.privacy.is_locked(number))
    assert writer.read(lambda work: work.cases.of_phone(PHONE)) == []
    assert talk.conversation.case_number is None
    assert talk.says(OTHERS) == ["notice"]


def test_erasing_takes_the_codes_for_another_phone_along(talk: Talk, writer: Writer) -> None:
    talk.agrees()
    id_ = talk.conversation.id
    unused, used = (ResumeCode(name, id_, NOW + timedelta(days=30)) for name in ("new", "old"))

    def give(work: SqlUnitOfWork) -> None:
        work.resume_codes.put(used)
        work.resume_codes.use("old", "before", "yang")
        work.resume_codes.put(unused)

    writer.submit(give).result()
    talk.says("删除我的信息")
    talk.says(choice="do:erase_now")

    kept = writer.read(lambda work: [work.resume_codes.get(name) for name in ("new", "old")])
    assert kept == [None, None]


def test_what_is_sensitive_is_first_asked_for_and_a_number_answers_that(
    talk: Talk, writer: Writer
) -> None:
    talk.agrees()
    offered = (Offered("may:health:yes", "可以问", "1"), Offered("may:health:no", "不想说", "2"))
    state = Dialogue(Stage.ASKING, "车祸", dispute_type="traffic", asked="hurt", offered=offered)

    def ask(work: SqlUnitOfWork) -> None:
        work.conversations.save(replace(talk.conversation, state=to_data(state)))

    writer.submit(ask).result()
    assert talk.says("1") == ["ask_fact"]
    assert talk.conversation.state["permitted"] == ["health"]
    assert "known" not in talk.conversation.state


def test_the_invited_side_can_erase_its_talk_but_not_lock_the_applicants_case(
    talk: Talk, writer: Writer
) -> None:
    talk.agrees()
    number = talk.has_case()
    other = Talk(writer, sender="other")
    other.agrees().says(OTHERS)
    invited = Party(Role.RESPONDENT, "赵大", "", other.conversation.id)

    def invite(work: SqlUnitOfWork) -> None:
        work.cases.save(work.cases.get(number).change_party(invited))
        state = to_data(Dialogue(Stage.RESTING, case_number=number, side=Role.RESPONDENT))
        work.conversations.save(replace(other.conversation, state=state, case_number=number))

    writer.submit(invite).result()
    other.says("删除我的信息")
    assert other.says(choice="do:erase_now") == ["erased"]

    assert f"案件 {number} 关系到对方" in other.replies[0].text
    assert own_words(writer, other) == []
    assert writer.read(lambda work: work.cases.get(number)).stage is CaseStage.APPLIED
    assert not writer.read(lambda work: work.privacy.is_locked(number))


def test_an_agreement_binds_the_other_side_so_that_its_case_is_not_locked(
    talk: Talk, writer: Writer
) -> None:
    talk.agrees()
    number = talk.has_case()

    def agree(work: SqlUnitOfWork) -> None:
        case = work.cases.get(number)
        work.cases.save(case.advance(CaseStage.AGREED))

    writer.submit(agree).result()
    talk.says("删除我的信息")
    talk.says(choice="do:erase_now")

    case = writer.read(lambda work: work.cases.get(number))
    assert case.stage is CaseStage.AGREED
    assert not writer.read(lambda work: work.privacy.is_locked(number))
    assert f"案件 {number} 关系到对方" in talk.replies[0].text


def test_one_hears_the_role_of_who_read_and_the_name_only_if_the_roster_has_it(
    talk: Talk, writer: Writer, roster: object
) -> None:
    talk.agrees()
    assert talk.says("谁看过我的案子")[0] == "readers"
    assert "还没有人看过" in talk.replies[0].text

    def read(work: SqlUnitOfWork) -> None:
        for who in ("测试1", "某个办事员"):
            work.audit.add(AuditLine(NOW, who, "transcript", talk.conversation.id))
        work.audit.add(AuditLine(NOW, "测试1", "transcript", "another"))

    writer.submit(read).result()
    talk.says("谁看过我的案子")
    text = talk.replies[0].text
    assert "人民调解员 测试1" in text
    assert "工作人员" in text
    assert "某个办事员" not in text
    assert text.count("11月23日") == 2


def test_the_other_sides_export_has_not_a_word_of_the_applicant(talk: Talk, writer: Writer) -> None:
    talk.agrees()
    number = talk.has_case()
    other = Talk(writer, sender="other")
    other.agrees().says("我没有欠他")
    other_id = other.conversation.id

    times = {"times": FactValue(FactKind.TEXT, "周末都行", "周末都行")}
    side = Party(Role.RESPONDENT, "赵大", "13900009999", other_id, "工钱早就结清了", times)

    def export(side: Party) -> str:
        def job(work: SqlUnitOfWork) -> str:
            case = work.cases.get(number)
            facts = {**case.facts, "respondent": FactValue(FactKind.NAME, "那个老赖", "老赖")}
            parties = (case.applicant, side)
            flags = frozenset({"dv"})
            work.cases.save(replace(case, parties=parties, flags=flags, facts=facts).hold(flags))
            info = own_info(work, other.conversation, [number])
            data = as_data(info, catalogue(), renderer())
            return json.dumps(data, ensure_ascii=False)

        return writer.submit(job).result()

    own = ("赵大", "13900009999", "工钱早就结清了", "我没有欠他", "周末都行", "paused")
    applicants = (STORY, NAME, PHONE, "三万", "dv", "30,000", "safety_hold", "老赖")
    told = export(side)
    assert [word for word in own if word not in told] == []
    assert [word for word in applicants if word in told] == []
    assert "老赖" not in export(replace(side, name="那个老赖"))
    assert "工钱早就结清了" not in export(replace(side, conversation_id=None))
