"""The pages of the console: what they show and mask, and what is done there."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from bot.admin.masking import Masking, _said_names
from bot.upload_links import UploadLinks
from domain.case import MediationCase, Party, Role, case_number
from domain.conversation import HeardMessage, Task, TaskKind
from domain.session import SessionBooking, SessionKind
from nlu.candidates import FILE, read_candidates
from tests.bot.console_visits import acts, send, set_up, sign_in
from tests.bot.webhouse import MONDAY, House, say

pytestmark = pytest.mark.usefixtures("quick_hashes")


numbers = (case_number(2026, sequence) for sequence in count(1))


def a_conversation(house: House, *texts: str) -> str:
    """Let somebody talk on the web chat and return the conversation's id."""
    house.clock.pass_by(seconds=1)  # so that the newest stands first in the list
    with house.client() as citizen:
        say(citizen, choice="consent:yes")
        for text in texts:
            say(citizen, text)

    def job(work: Any) -> str:
        from storage.pages import ConversationFilter

        return str(work.pages.conversations(ConversationFilter()).lines[0].conversation.id)

    return house.writer.read(job)


def a_case(house: House, conversation_id: str | None = None) -> int:
    case = MediationCase(
        next(numbers),
        "labour_wage",
        (
            Party(Role.APPLICANT, "李四", "13812345678", conversation_id),
            Party(Role.RESPONDENT, "张大山"),
        ),
        "张大山欠李四三万块工钱，电话13812345678",
        MONDAY,
    )
    house.writer.submit(lambda work: work.cases.add(case)).result()
    return case.number


def test_reading_a_transcript_leaves_a_trace_of_who_and_when(
    town: House, clerk: httpx.Client
) -> None:
    id_ = a_conversation(town, "老板欠我工钱")

    html = clerk.get(f"/console/conversations/{id_}").text

    assert "老板欠我工钱" in html
    assert acts(town)[-1] == ("王主任", "transcript", id_)
    assert "查看谈话" in clerk.get("/console/audit").text


def test_a_transcript_shows_both_sides_and_what_was_understood(
    town: House, clerk: httpx.Client
) -> None:
    id_ = a_conversation(town, "老板欠我工钱")

    html = clerk.get(f"/console/conversations/{id_}").text

    for wanted in ("老板欠我工钱", "说纠纷", "欠薪", "90%", "模型 keywords-1", "不晓得"):
        assert wanted in html


def test_numbers_and_known_names_are_masked(town: House, clerk: httpx.Client) -> None:
    id_ = a_conversation(
        town, "我叫李四，工钱没给，电话13812345678，身份证53262619900307123X", "张大山还欠我工钱"
    )
    number = a_case(town, id_)
    town.writer.submit(lambda work: work.conversations.save(with_case(work, id_, number))).result()

    html = clerk.get(f"/console/conversations/{id_}").text

    for secret in ("李四", "张大山", "13812345678", "53262619900307123X"):
        assert secret not in html
    for shown in ("李某", "张某", "138****5678", "工钱没给"):
        assert shown in html


def with_case(work: Any, id_: str, number: int) -> Any:
    from dataclasses import replace

    return replace(work.conversations.by_id(id_), case_number=number)


def test_a_one_time_link_that_somebody_was_given_opens_nothing_for_who_reads_the_talk(
    house: House, inside: httpx.Client
) -> None:
    with house.client() as citizen:
        say(citizen, choice="consent:yes")
        (link,) = re.findall(r"/mine/[\w-]{22}", str(say(citizen, "我的信息")[0]["text"]))
    html = inside.get("/console/conversations").text
    talk = re.search(r"/console/conversations/\w{16}", html)
    assert talk

    shown = inside.get(talk[0]).text

    assert "/mine/****" in shown
    assert link.removeprefix("/mine/") not in shown


def test_a_link_for_sending_a_file_is_masked_too() -> None:
    address = UploadLinks("https://hejie.example", b"key").url("ab" * 8, "m1", MONDAY)

    assert Masking()(f"链接：{address}\n别的") == "链接：https://hejie.example/e/****\n别的"


def test_a_side_named_by_what_it_is_stays_readable() -> None:
    masking = Masking(_said_names([heard("我叫杨小兵的，包工头不给钱")]))

    assert masking("杨小兵说老板和包工头都不认") == "杨某说老板和包工头都不认"


def heard(text: str) -> HeardMessage:
    return HeardMessage("webchat", "1", "c", MONDAY, text)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{ visit.who }}", '"><img src=x onerror=alert(1)>']
)
def test_what_a_citizen_writes_is_only_text_in_the_console_too(
    town: House, clerk: httpx.Client, text: str
) -> None:
    id_ = a_conversation(town, "工钱" + text)

    html = clerk.get(f"/console/conversations/{id_}").text

    assert "<script" not in html
    assert "<img" not in html
    assert ("{{ visit.who }}" in html) == (text == "{{ visit.who }}")


def test_a_name_given_at_sign_in_is_only_text(house: House, client: httpx.Client) -> None:
    set_up(client, house.code)

    html = sign_in(client, who="<b onclick=x>王</b>").text

    assert "<b onclick" not in html
    assert "&lt;b onclick" in html


def test_the_list_can_be_filtered_by_type_flag_and_hold(house: House, inside: httpx.Client) -> None:
    wage = a_conversation(house, "老板欠我工钱")
    held = a_conversation(house, "他正在打我")

    def shown(query: str) -> set[str]:
        html = inside.get(f"/console/conversations?{query}").text
        return set(re.findall(r'href="/console/conversations/(\w+)"', html))

    assert shown("") == {wage, held}
    assert shown("type=labour_wage") == {wage}
    assert shown("flag=now") == {held}
    assert shown("held=yes") == {held}
    assert shown("held=no") == {wage}
    assert shown("type=no_such_type&flag=x&stage=y&held=z&page=x") == {wage, held}
    assert shown("channel=telegram") == set()


def test_a_long_list_is_turned_page_by_page(
    house: House, inside: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.admin.access.PAGE_SIZE", 2)
    ids = [a_conversation(house) for _ in range(3)]

    first = inside.get("/console/conversations").text
    second = inside.get("/console/conversations?page=2").text

    found = [set(re.findall(r"conversations/(\w{10,})", html)) for html in (first, second)]
    assert [len(each) for each in found] == [2, 1]
    assert found[0] | found[1] == set(ids)
    assert ("下一页" in first, "上一页" in first) == (True, False)
    assert ("下一页" in second, "上一页" in second) == (False, True)


def test_the_sessions_of_a_day_stand_under_their_mediators(
    town: House, clerk: httpx.Client
) -> None:
    number = a_case(town)
    mediator = town.writer.read(lambda work: work.roster.all())[0]
    booking = SessionBooking(
        0, number, mediator.id, SessionKind.WALK_IN, MONDAY + timedelta(hours=6), 60, "综治中心"
    )
    town.writer.submit(lambda work: work.sessions.add(booking)).result()

    today = clerk.get("/console/sessions").text
    tomorrow = clerk.get("/console/sessions?day=2026-11-24").text
    nonsense = clerk.get("/console/sessions?day=0001-01-01").text

    for wanted in (mediator.name, "15:00–16:00", "坐班门诊", "综治中心", str(number)):
        assert wanted in today
    assert "这一天没有调解会" in tomorrow
    assert mediator.name in nonsense


def test_a_case_leads_to_the_talk_of_the_side_that_asked(
    house: House, inside: httpx.Client
) -> None:
    id_ = a_conversation(house, "老板欠我工钱")
    number = a_case(house, id_)

    assert str(inside.get(f"/console/cases/{number}").url).endswith(
        f"/conversations/{id_}?case={number}"
    )
    assert inside.get("/console/cases/2026000023").status_code == 404
    assert inside.get("/console/conversations/no-such").status_code == 404


def test_a_note_tells_its_reason_in_words_and_none_of_our_numbers(
    town: House, clerk: httpx.Client
) -> None:
    number = a_case(town, a_conversation(town))

    def job(work: Any) -> None:
        for what, reason in (("session_booked", "4711"), ("changed", "owed,words")):
            work.cases.note(number, MONDAY, "citizen", what, reason)

    town.writer.submit(job).result()

    notes = clerk.get(f"/console/cases/{number}").text.partition("案件经过")[2]
    assert "补充的话" in notes
    assert not re.search("4711|owed|words", notes)


def test_a_case_without_a_talk_says_so(town: House, clerk: httpx.Client) -> None:
    number = a_case(town)

    assert clerk.get(f"/console/cases/{number}").status_code == 404


def test_a_task_is_done_with_a_button_and_the_trace_says_by_whom(
    town: House, clerk: httpx.Client
) -> None:
    task = Task(TaskKind.PHONE, MONDAY - timedelta(days=1), MONDAY - timedelta(hours=1), "k")
    town.writer.submit(lambda work: work.tasks.open(task)).result()
    html = clerk.get("/console/tasks").text
    assert "已过时限" in html
    action = re.search(r'action="(/console/tasks/\d+/done)"', html)
    assert action

    after = send(clerk, "/console/tasks", action[1])

    assert "没有待办的事" in after.text
    assert acts(town)[-1][:2] == ("王主任", "task_done")


def lesson_of(client: httpx.Client, id_: str) -> str:
    """Return the address of the page that corrects the first message of a transcript."""
    html = client.get(f"/console/conversations/{id_}").text
    return re.search(r'href="([^"]+/teach\?[^"]+)"', html)[1]


def test_a_wrong_reading_is_corrected_and_waits_masked_for_the_next_training(
    house: House, inside: httpx.Client
) -> None:
    id_ = a_conversation(house, "堂哥占了集体的晒坝，他电话13812345678")
    page = lesson_of(inside, id_)
    message = page.split("message=")[1]

    told = send(
        inside,
        page,
        f"/console/conversations/{id_}/teach",
        message=unquote(message),
        intent="dispute",
        dispute_type="village_collective",
        flag_mass="1",
    )

    assert "等着学的纠正" in told.text
    [kept] = read_candidates(house.settings.data / FILE)
    assert kept.text == "堂哥占了集体的晒坝，他电话138****5678"
    assert (kept.intent, kept.dispute_type, kept.flags) == (
        "dispute",
        "village_collective",
        frozenset({"mass"}),
    )
    assert acts(house)[-1] == ("王主任", "taught", id_)
    assert "138****5678" in inside.get("/console/review").text


def test_a_correction_that_contradicts_itself_is_refused_with_a_sentence(
    house: House, inside: httpx.Client
) -> None:
    id_ = a_conversation(house, "老板欠我工钱")
    page = lesson_of(inside, id_)
    message = unquote(page.split("message=")[1])
    action = f"/console/conversations/{id_}/teach"

    told = send(inside, page, action, message=message, intent="greet", dispute_type="loan")

    assert "其他意思不选类型" in told.text
    assert not (house.settings.data / FILE).exists()


def test_a_message_of_another_conversation_cannot_be_corrected_from_this_one(
    house: House, inside: httpx.Client
) -> None:
    mine, other = a_conversation(house, "老板欠我工钱"), a_conversation(house, "邻居吵得很")
    message = lesson_of(inside, other).split("message=")[1]

    answer = inside.get(f"/console/conversations/{mine}/teach?message={message}")

    assert answer.status_code == 404
