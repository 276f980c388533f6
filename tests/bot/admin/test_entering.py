"""Who may enter the console: the code, the password, the session, its token and its key."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import httpx
import pytest

from bot.admin import password
from bot.admin.sign_in import load_key
from bot.guards import SENTENCES, Budget
from tests.bot.console_visits import PASSWORD, acts, send, set_up, sign_in
from tests.bot.webhouse import House, serving

pytestmark = pytest.mark.usefixtures("quick_hashes")


PAGES = ["conversations", "sessions", "tasks", "review", "audit", ""]


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
    no_time_passes_for_budgets: None, house: House, client: httpx.Client
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
