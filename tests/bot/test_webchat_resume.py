"""Going on on another phone by a code, over real HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from bot.channels import webchat_resume
from bot.channels.webchat_resume import MISREAD, TOO_OFTEN, WRONG, hashed
from bot.guards import SENTENCES
from bot.turns import TRIES
from domain.errors import ConversationMovedOn
from tests.bot.plain_pages import STORY, multipart, page, token_of
from tests.bot.webhouse import House, say, serving

PLACE = "/resume"


@pytest.fixture
def house(own_town: House) -> House:
    return own_town


@pytest.fixture
def old(house: House) -> Iterator[httpx.Client]:
    """The phone on which the story was told."""
    with house.client() as old:
        say(old, choice="consent:yes")
        say(old, STORY)
        yield old


@pytest.fixture
def new(house: House) -> Iterator[httpx.Client]:
    with house.client() as new:
        yield new


def code_of(client: httpx.Client) -> str:
    answer = client.post("/chat/code", json={})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["code"])


def type_in(client: httpx.Client, code: str) -> httpx.Response:
    token = token_of(client.get(PLACE).text)
    return client.post(PLACE, data={"token": token, "code": code})


def test_a_code_brings_the_whole_talk_to_another_phone(
    old: httpx.Client, new: httpx.Client
) -> None:
    before = re.findall(r'<p class="bubble">(.*?)</p>', page(old), re.DOTALL)
    code = code_of(old)
    assert re.fullmatch(r"\d{5} \d{5} \d{5}", code)

    answer = type_in(new, code)

    assert answer.status_code == 200
    after = re.findall(r'<p class="bubble">(.*?)</p>', page(new), re.DOTALL)
    assert after[: len(before)] == before
    assert "谈话换到这台设备了" in after[len(before)]
    assert say(new, "我帮包工头干的")  # and it goes on here


@pytest.mark.parametrize(
    "written",
    [
        lambda c: c.replace(" ", ""),
        lambda c: c.translate(str.maketrans("0123456789 ", "０１２３４５６７８９-")),
    ],
    ids=["without spaces", "full width"],
)
def test_a_code_may_be_typed_as_people_type(
    old: httpx.Client, new: httpx.Client, written: Any
) -> None:
    assert type_in(new, written(code_of(old))).status_code == 200


def test_the_old_phone_is_told_and_shows_and_takes_nothing_more(
    house: House, old: httpx.Client, new: httpx.Client
) -> None:
    type_in(new, code_of(old))
    last = page(new)

    refused = old.post("/chat/messages", json={"id": "12345678", "text": "从旧手机发的"})
    assert (refused.status_code, refused.json()) == (410, {"error": SENTENCES[410]})
    with old.stream("GET", "/chat/stream") as stream:
        assert "event: moved" in stream.read().decode()
    shown = old.get("/")

    assert (shown.status_code, STORY in shown.text) == (410, False)
    assert SENTENCES[410] in shown.text
    assert "机器助手" in old.get("/").text  # told once, then anew
    assert page(new).count('class="words') == last.count('class="words')


def test_a_page_that_listens_on_the_old_phone_hears_of_it_at_once_and_of_nothing_later(
    house: House, old: httpx.Client, new: httpx.Client
) -> None:
    code = code_of(old)
    heard: list[str] = []

    def listen() -> None:
        with old.stream("GET", "/chat/stream?after=0") as stream:
            heard.extend(line for line in stream.iter_lines() if line.startswith(("event", "data")))

    listener = threading.Thread(target=listen)
    listener.start()
    while "hejie_chat_listeners 0.0" in old.get("/metrics").text:
        pass
    type_in(new, code)
    say(new, "新手机上说的工钱")

    listener.join(10)

    assert not listener.is_alive()
    assert heard[-2:] == ["event: moved", "data: {}"]
    assert not any("moved_here" in line or "换到这台" in line for line in heard)


def test_a_code_works_once_and_its_use_gives_the_next_one(
    house: House, old: httpx.Client, new: httpx.Client
) -> None:
    code = code_of(old)
    following = re.search(r'class="code">([\d ]+)<', type_in(new, code).text)
    assert following
    with house.client() as third:
        assert WRONG in type_in(third, code).text

        assert type_in(third, following[1]).status_code == 200
        assert STORY in page(third)
    assert STORY not in new.get("/").text


def test_of_four_phones_that_type_one_code_at_once_exactly_one_has_the_talk(
    house: House, old: httpx.Client
) -> None:
    code = code_of(old)
    phones = [house.client() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda phone: type_in(phone, code).status_code, phones))

    assert sorted(answers) == [200, 400, 400, 400]
    assert sum(STORY in phone.get("/").text for phone in phones) == 1
    for phone in phones:
        phone.close()


def test_an_answer_that_was_lost_is_given_again_to_the_same_phone(
    old: httpx.Client, new: httpx.Client
) -> None:
    code = code_of(old)
    token = token_of(new.get(PLACE).text)
    held = dict(new.cookies)
    new.post(PLACE, data={"token": token, "code": code})
    new.cookies.clear()  # its answer never came: neither the new cookie nor the page
    for name, value in held.items():
        new.cookies.set(name, value, path=PLACE)

    again = new.post(PLACE, data={"token": token, "code": code})

    assert again.status_code == 200
    assert STORY in page(new)
    assert page(new).count("谈话换到这台设备了") == 1


def test_a_code_is_void_after_thirty_days_and_when_a_newer_one_is_asked_for(
    house: House, old: httpx.Client, new: httpx.Client
) -> None:
    first, second = code_of(old), code_of(old)
    assert WRONG in type_in(new, first).text

    house.clock.pass_by(days=30)

    assert WRONG in type_in(new, second).text
    assert STORY in page(old)


def test_who_may_be_in_danger_is_given_no_code_and_an_earlier_one_rests(
    house: House, old: httpx.Client, new: httpx.Client
) -> None:
    code = code_of(old)
    assert "换手机继续" in page(old).replace("hidden>换手机继续", "")

    say(old, "他正在打我")

    assert "hidden>换手机继续" in page(old)
    refused = old.post("/chat/code", json={})
    assert (refused.status_code, refused.json()) == (409, {"error": SENTENCES[409]})
    form = {"token": token_of(page(old))}
    assert SENTENCES[409] in old.post("/resume/code", files=multipart(form)).text
    assert "继续码" not in say(old, "换手机继续")[-1]["text"]
    assert WRONG in type_in(new, code).text  # the same words as for any wrong code
    assert STORY in page(old)


def test_before_consent_there_is_nothing_to_go_on_with(house: House, new: httpx.Client) -> None:
    say(new, "先看看")

    assert new.post("/chat/code", json={}).status_code == 409
    assert "hidden>换手机继续" in page(new)


def test_a_code_is_kept_only_as_its_hash_and_stands_in_no_transcript(
    house: House, old: httpx.Client
) -> None:
    code = code_of(old).replace(" ", "")
    house.writer.close()
    folder = house.settings.data

    kept = b"".join(path.read_bytes() for path in folder.glob("hejie.db*"))

    assert hashed(code).encode() in kept
    assert code.encode() not in kept


def test_a_code_without_scripts_comes_on_a_page_that_nobody_keeps(
    old: httpx.Client, new: httpx.Client
) -> None:
    answer = old.post("/resume/code", files=multipart({"token": token_of(page(old)), "text": ""}))
    found = re.search(r'class="code">([\d ]+)<', answer.text)

    assert found
    assert answer.headers["cache-control"] == "no-store"
    assert type_in(new, found[1]).status_code == 200


@pytest.mark.parametrize("path", ["/resume/code", PLACE])
def test_a_form_of_another_page_moves_nothing(
    old: httpx.Client, new: httpx.Client, path: str
) -> None:
    new.get(PLACE)
    for client in (old, new):
        client.get(PLACE)
        answer = client.post(path, files=multipart({"token": "0" * 64, "code": "1" * 15}))
        assert answer.status_code == 403


@pytest.mark.parametrize("text", ["", "12345", "1" * 16, "没有码", "<script>", "\0" * 15, "Ⅳ" * 15])
def test_what_is_no_code_costs_no_try_and_is_said_so(new: httpx.Client, text: str) -> None:
    answer = type_in(new, text)

    assert answer.status_code == 400
    assert MISREAD in answer.text


def test_guessing_stops_after_ten_wrong_codes_from_one_address(
    monkeypatch: pytest.MonkeyPatch, old: httpx.Client, new: httpx.Client
) -> None:
    monkeypatch.setattr(webchat_resume, "hashed", lambda code: code)  # or the test is slow
    token = token_of(new.get(PLACE).text)
    codes = [{"token": token, "code": f"{number:015d}"} for number in range(11)]

    told = [new.post(PLACE, data=code).text for code in codes]

    assert [WRONG in text for text in told] == [True] * 10 + [False]
    assert TOO_OFTEN in told[-1]


def test_guessing_from_everywhere_stops_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(webchat_resume, "ALL_TRIES_AN_HOUR", 2)
    with serving(tmp_path_factory.mktemp("house")) as house, house.client() as new:
        assert [type_in(new, "1" * 15).status_code for _ in range(3)] == [400, 400, 429]


def test_a_turn_of_the_old_phone_that_comes_between_is_kept_and_the_move_tried_again(
    house: House, old: httpx.Client, new: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_of(old)
    tried: list[int] = []
    real = webchat_resume.resume_talk

    def overtaken(*arguments: Any) -> Any:
        tried.append(1)
        if len(tried) < TRIES:
            raise ConversationMovedOn("overtaken")
        return real(*arguments)

    monkeypatch.setattr(webchat_resume, "resume_talk", overtaken)

    assert type_in(new, code).status_code == 200
    assert STORY in page(new)


def test_the_talk_of_the_new_phone_is_announced_to_be_replaced(
    old: httpx.Client, new: httpx.Client
) -> None:
    assert "会换掉" not in new.get(PLACE).text
    say(new, choice="consent:yes")

    assert "会换掉" in new.get(PLACE).text


def test_who_left_on_this_phone_can_come_back_with_a_code(
    old: httpx.Client, new: httpx.Client
) -> None:
    new.cookies.set("hejie_left", "1", domain="127.0.0.1")

    assert type_in(new, code_of(old)).status_code == 200
    assert STORY in page(new)
