"""The console over real HTTP: who gets in, what is shown, and that reading leaves a trace."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from argon2 import PasswordHasher

from bot.admin import password
from bot.admin.masking import Masking, _said_names
from bot.admin.sign_in import load_key
from bot.guards import SENTENCES, Budget
from domain.case import MediationCase, Party, Role, case_number
from domain.conversation import HeardMessage, Task, TaskKind
from domain.session import SessionBooking, SessionKind
from nlu.candidates import FILE, read_candidates
from tests.bot.webhouse import MONDAY, House, say, serving

PASSWORD = "一个很长的密码 2026"
PAGES = ["conversations", "sessions", "tasks", "review", "audit", ""]
numbers = (case_number(2026, sequence) for sequence in count(1))


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with argon2id at a hundredth of its cost."""
    monkeypatch.setattr(password, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with serving(tmp_path) as house:
        yield house


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with house.client(follow_redirects=True) as client:
        yield client


@pytest.fixture
def inside(house: House, client: httpx.Client) -> httpx.Client:
    """A browser that is signed in as 王主任, in a house of its own."""
    assert "登录" in set_up(client, house.code).text
    assert "谈话" in sign_in(client).text
    return client


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that several tests use one after the other."""
    with serving(tmp_path_factory.mktemp("town")) as house:
        yield house


@pytest.fixture(scope="module")
def clerk(town: House) -> Iterator[httpx.Client]:
    """A browser that is signed in there as 王主任."""
    with town.client(follow_redirects=True) as client:
        set_up(client, town.code)
        sign_in(client)
        yield client


def send(client: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    """Load a page and send its form."""
    token = re.search(r'name="token" value="(\w+)"', client.get(page).text)
    given = {"token": token[1] if token else ""} | fields
    return client.post(action, files={name: (None, value) for name, value in given.items()})


def set_up(client: httpx.Client, code: str, **fields: str) -> httpx.Response:
    given = {"code": code, "password": PASSWORD, "again": PASSWORD} | fields
    return send(client, "/console/setup", "/console/setup", **given)


def sign_in(client: httpx.Client, given: str = PASSWORD, who: str = "王主任") -> httpx.Response:
    return send(client, "/console/sign-in", "/console/sign-in", password=given, who=who)


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


def acts(house: House) -> list[tuple[str, str, str]]:
    lines = house.writer.read(lambda work: work.audit.latest(50))
    return [(line.who, line.what, line.subject) for line in reversed(lines)]


def test_a_password_can_be_set_only_with_the_code_from_the_terminal(
    house: House, client: httpx.Client
) -> None:
    refused = set_up(client, "a-guessed-code")
    assert (refused.status_code, "设置码不对" in refused.text) == (403, True)

    assert "登录" in set_up(client, house.code).text
    assert "谈话" in sign_in(client).text
    assert acts(house) == [("", "set_up", ""), ("王主任", "sign_in", "")]


@pytest.mark.parametrize(
    ("wanted", "again", "why"),
    [
        ("short", "short", "密码要有12到200个字"),
        ("long enough 1234", "long enough 1235", "两次输入的密码不一样"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "重复的字太多"),
        ("x1y2z" * 50, "x1y2z" * 50, "密码要有12到200个字"),
    ],
)
def test_a_weak_password_is_refused_and_the_code_stays_good(
    house: House, client: httpx.Client, wanted: str, again: str, why: str
) -> None:
    refused = set_up(client, house.code, password=wanted, again=again)

    assert (refused.status_code, why in refused.text) == (400, True)
    assert "登录" in set_up(client, house.code).text


def test_the_code_works_once_and_a_set_password_stays(house: House, inside: httpx.Client) -> None:
    with house.client(follow_redirects=True) as other:
        send(
            other,
            "/console/sign-in",
            "/console/setup",
            code=house.code,
            password="b" * 12 + "cdef",
            again="b" * 12 + "cdef",
        )
        assert sign_in(other, "b" * 12 + "cdef").status_code == 403
        assert "谈话" in sign_in(other).text


def test_a_password_set_by_another_process_meanwhile_stays(
    house: House, client: httpx.Client
) -> None:
    kept = password.hashed(PASSWORD)
    token = token_shown(client, "/console/setup")
    house.writer.submit(lambda work: work.settings.put(password.SETTING, kept)).result()

    fields = {
        "token": token,
        "code": house.code,
        "password": "b1c2d3e4f5g6",
        "again": "b1c2d3e4f5g6",
    }
    client.post("/console/setup", files={name: (None, value) for name, value in fields.items()})

    assert house.writer.read(lambda work: work.settings.get(password.SETTING)) == kept


def test_the_password_is_kept_as_an_argon2id_hash(house: House, inside: httpx.Client) -> None:
    kept = house.writer.read(lambda work: work.settings.get("console_password"))

    assert kept is not None
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_the_code_is_printed_only_while_there_is_no_password(tmp_path: Path) -> None:
    with serving(tmp_path) as house, house.client(follow_redirects=True) as client:
        assert len(house.code) >= 12
        set_up(client, house.code)

    with serving(tmp_path) as house:
        assert house.code == ""


@pytest.mark.parametrize("path", [*PAGES, "conversations/any", "cases/2026000015"])
def test_nobody_sees_a_page_without_signing_in(town: House, path: str) -> None:
    with town.client() as stranger:
        answer = stranger.get(f"/console/{path}")

    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize("cookie", ["", "forged", "eyJpZCI6ICJhIn0.AAAA", "a.b.c", "\u00e9"])
def test_a_forged_cookie_opens_nothing(town: House, clerk: httpx.Client, cookie: str) -> None:
    headers = {"cookie": f"hejie_console={cookie}".encode()}

    with town.client() as stranger:
        assert stranger.get("/console/tasks", headers=headers).status_code == 303


def test_the_visit_of_somebody_not_signed_in_opens_nothing(town: House) -> None:
    with town.client() as stranger:
        stranger.get("/console/sign-in")
        assert stranger.cookies.get("hejie_console")
        assert stranger.get("/console/tasks").status_code == 303


def test_the_session_cookie_is_for_this_site_alone_and_changes_at_sign_in(
    house: House, client: httpx.Client
) -> None:
    set_up(client, house.code)
    before = token_shown(client, "/console/sign-in")

    answer = sign_in(client)

    cookie = answer.history[0].headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/console" in cookie
    assert token_shown(client, "/console/tasks") != before


def token_shown(client: httpx.Client, path: str) -> str:
    found = re.search(r'name="token" value="(\w+)"', client.get(path).text)
    assert found
    return found[1]


def test_a_session_ends_after_half_an_hour_without_use(house: House, inside: httpx.Client) -> None:
    house.clock.pass_by(minutes=29)
    assert "待办" in inside.get("/console/tasks").text
    house.clock.pass_by(minutes=29)
    assert "待办" in inside.get("/console/tasks").text

    house.clock.pass_by(minutes=31)

    assert "你的姓名" in inside.get("/console/tasks").text


def test_a_session_ends_after_twelve_hours_whatever_is_done(
    house: House, inside: httpx.Client
) -> None:
    for _ in range(28):
        house.clock.pass_by(minutes=25)
        assert "待办" in inside.get("/console/tasks").text

    house.clock.pass_by(minutes=25)

    assert "你的姓名" in inside.get("/console/tasks").text


def test_signing_out_makes_a_copied_cookie_worthless(house: House, inside: httpx.Client) -> None:
    stolen = inside.cookies["hejie_console"]

    send(inside, "/console/tasks", "/console/sign-out")

    with house.client(cookies={"hejie_console": stolen}) as thief:
        assert thief.get("/console/tasks").status_code == 303
    assert acts(house)[-1] == ("王主任", "sign_out", "")


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(
    house: House, client: httpx.Client
) -> None:
    set_up(client, house.code)

    answers = [sign_in(client, "wrong password") for _ in range(4)]
    right = sign_in(client)

    assert [answer.status_code for answer in answers] == [403] * 4
    assert (right.status_code, "等一分钟" in right.text) == (429, True)
    assert acts(house)[1:] == [("王主任", "sign_in_failed", "")] * 4


def test_a_budget_fills_up_again_with_time() -> None:
    now = [0.0]
    budget = Budget(5, clock=lambda: now[0])
    assert [budget.spend("a") for _ in range(6)] == [True] * 5 + [False]
    assert budget.spend("b")

    now[0] = 12.0

    assert [budget.spend("a") for _ in range(2)] == [True, False]


def test_a_budget_remembers_a_bounded_number_of_people() -> None:
    budget = Budget(1, keys=2)

    for key in ("a", "b", "c"):
        budget.spend(key)

    assert len(budget._spent) == 2


def test_who_signs_in_has_to_give_a_name(house: House, client: httpx.Client) -> None:
    set_up(client, house.code)

    answer = sign_in(client, who="  ")

    assert (answer.status_code, "请写上你的姓名" in answer.text) == (400, True)


@pytest.mark.parametrize("action", ["sign-out", "tasks/1/done", "sign-in", "setup"])
def test_a_form_without_its_token_does_nothing(
    town: House, clerk: httpx.Client, action: str
) -> None:
    before = acts(town)

    for token in ("", "0" * 64):
        answer = clerk.post(f"/console/{action}", files={"token": (None, token)})
        assert (answer.status_code, SENTENCES[403] in answer.text) == (403, True)

    assert acts(town) == before
    assert "待办" in clerk.get("/console/tasks").text


def test_a_token_of_another_session_is_worth_nothing(town: House, clerk: httpx.Client) -> None:
    with town.client(follow_redirects=True) as other:
        sign_in(other)
        foreign = token_shown(other, "/console/tasks")

    answer = clerk.post("/console/sign-out", files={"token": (None, foreign)})

    assert answer.status_code == 403


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


def test_the_key_of_the_cookies_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    key = load_key(tmp_path)

    assert load_key(tmp_path) == key
    path = tmp_path / "console.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_key_is_named_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "console.key").write_bytes(b"short")

    with pytest.raises(ValueError, match="delete it"):
        load_key(tmp_path)


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as house, house.client(follow_redirects=True) as client:
        set_up(client, house.code)
        sign_in(client)
        cookie = client.cookies["hejie_console"]

    with serving(tmp_path) as house, house.client(cookies={"hejie_console": cookie}) as client:
        assert client.get("/console/tasks").status_code == 200


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
