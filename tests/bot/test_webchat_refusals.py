"""What the web chat refuses, and what it never runs: forms of others, bodies too large, markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.guards import SENTENCES
from tests.bot.plain_pages import STORY, XSS, kept, multipart, page, token_of
from tests.bot.webhouse import House, Keywords, say, serving

UNKNOWN_PLACES = ["/nope", "/static/nope.css", "/static/../web.py", "/chat/nope", "/console/nope"]


def test_a_form_without_the_page_s_token_is_refused(client: httpx.Client) -> None:
    say(client, choice="consent:yes")

    answer = client.post("/", files=multipart({"id": "form-id-1", "token": "", "text": STORY}))

    assert answer.status_code == 403
    assert STORY not in page(client)


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil"}],
    ids=str,
)
@pytest.mark.parametrize("path", ["/chat/messages", "/", "/console/sign-in"])
def test_what_another_site_s_page_sends_is_refused(
    town: House, client: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    before = kept(town)

    answer = client.post(path, json={"id": "12345678", "text": STORY}, headers=headers)

    assert answer.status_code == 403
    assert SENTENCES[403] in answer.text
    assert kept(town) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"id": "12345678"}',
        b'{"id": "12345678", "text": "  "}',
        b'{"id": "12345678", "text": "a", "choice": "b"}',
        b'{"id": "12345678", "text": 7}',
        b'{"id": "short", "text": "a"}',
        b'{"id": "../../../etc", "text": "a"}',
        b'{"id": ["12345678"], "text": "a"}',
        b"\xff\xfe",
        b"[" * 8000,
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_what_is_no_message_is_refused_with_a_sentence(
    client: httpx.Client, content: bytes
) -> None:
    headers = {"content-type": "application/json"}

    answer = client.post("/chat/messages", content=content, headers=headers)

    assert (answer.status_code, answer.json()) == (400, {"error": SENTENCES[400]})


def test_half_a_character_harms_nobody(
    town: House, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(client, choice="consent:yes")
    read, heard = town.interpreter.read, []
    monkeypatch.setattr(town.interpreter, "read", lambda texts: heard.extend(texts) or read(texts))
    content = b'{"id": "12345678", "text": "\\ud83d \\u0000 \\u5de5\\u94b1"}'

    answer = client.post(
        "/chat/messages", content=content, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 200
    assert [message.text.encode() for message in heard] == ["? \0 工钱".encode()]
    assert "工钱" in page(client)


def test_only_json_is_read_where_json_is_wanted(client: httpx.Client) -> None:
    answer = client.post("/chat/messages", data={"id": "12345678", "text": STORY})

    assert (answer.status_code, answer.json()) == (415, {"error": SENTENCES[415]})


def endless() -> Iterator[bytes]:
    yield b'{"id": "12345678", "text": "'
    for _ in range(40):
        yield b"a" * 1024
    yield b'"}'


@pytest.mark.parametrize("body", [b"x" * 20_000, endless], ids=["announced", "in pieces"])
def test_a_body_beyond_sixteen_kilobytes_is_refused(client: httpx.Client, body: Any) -> None:
    content = body if isinstance(body, bytes) else body()
    headers = {"content-type": "application/json"}

    answer = client.post("/chat/messages", content=content, headers=headers)

    assert (answer.status_code, answer.json()) == (413, {"error": SENTENCES[413]})


def test_four_thousand_characters_fit_into_a_message(client: httpx.Client) -> None:
    say(client, choice="consent:yes")
    long = "工钱" + "长" * 3_998

    assert say(client, long)
    form = {"id": "form-id-1", "token": token_of(page(client)), "text": long}
    assert client.post("/", files=multipart(form)).status_code == 303


def test_who_writes_faster_than_a_person_is_asked_to_wait_and_nothing_is_taken(
    no_time_passes_for_budgets: None, town: House
) -> None:
    with town.client(cookies={"hejie_chat": "A" * 22}) as client:
        answers = [
            client.post("/chat/messages", json={"id": f"message-{number}", "choice": "do:status"})
            for number in range(33)
        ]

        assert [answer.status_code for answer in answers[:30]] == [200] * 30
        assert answers[-1].status_code == 429
        assert answers[-1].json() == {"error": SENTENCES[429]}
        form = {"id": "form-id-1", "token": token_of(page(client)), "text": "我写的这些话"}
        html = client.post("/", files=multipart(form)).text
        assert SENTENCES[429] in html
        assert "我写的这些话</textarea>" in html  # it is not lost


def test_when_too_many_wait_the_person_reads_what_to_do(tmp_path: Path) -> None:
    with serving(tmp_path, waiting_limit=0) as town, town.client() as client:
        answer = client.post("/chat/messages", json={"id": "12345678", "text": STORY})

        assert (answer.status_code, answer.json()) == (503, {"error": SENTENCES[503]})
        assert answer.headers["retry-after"] == "60"


def test_a_bug_is_told_as_one_sentence_without_a_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> Any:
        raise RuntimeError("the secret of the house")

    with serving(tmp_path) as town, town.client() as client:
        town.lanes.take = broken  # type: ignore[method-assign]
        answer = client.post("/chat/messages", json={"id": "12345678", "text": STORY})

    assert (answer.status_code, answer.json()) == (500, {"error": SENTENCES[500]})
    assert "default-src" in answer.headers["content-security-policy"]
    assert "the secret of the house" in caplog.text  # for the operator


def test_who_writes_what_cannot_be_taken_is_told_so_once(tmp_path: Path) -> None:
    class Broken(Keywords):
        def read(self, messages: Any) -> Any:
            raise RuntimeError

    with (
        serving(tmp_path, interpreter=Broken(), pause_seconds=0) as town,
        town.client() as client,
    ):
        message = {"id": "12345678", "text": STORY}
        answers = [client.post("/chat/messages", json=message).json() for _ in range(2)]

    assert [[reply["id"] for reply in answer["replies"]] for answer in answers] == [[1], [1]]
    assert "已经请工作人员来看" in answers[0]["replies"][0]["text"]


@pytest.mark.parametrize("path", UNKNOWN_PLACES)
def test_an_unknown_place_says_where_to_go(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert SENTENCES[404] in answer.text


@pytest.mark.parametrize("path", ["/", "/weather", "/console/setup", "/static/chat.js", "/nope"])
def test_every_page_forbids_foreign_scripts_and_frames(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert (headers.get("cache-control") == "no-store") == (not path.startswith("/static"))


def test_no_page_holds_a_script_or_style_of_its_own() -> None:
    templates = Path(__file__).parents[2] / "bot" / "templates"

    for path in [*templates.glob("chat/*"), *templates.glob("admin/*")]:
        html = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|style=|\son\w+=|<script(?! src=)|\|\s*safe", html), path


@pytest.mark.parametrize("text", XSS)
def test_what_a_person_writes_is_only_ever_text(client: httpx.Client, text: str) -> None:
    say(client, choice="consent:yes")
    say(client, text)

    html = page(client)

    assert text not in html or not re.search(r"[<>&\"']", text)
    for tag in ("<script>", "<img", "<svg", "</textarea><"):
        assert html.count(tag) == 0


def test_the_token_lives_in_a_cookie_that_scripts_cannot_read_and_is_not_kept(
    town: House, client: httpx.Client
) -> None:
    answer = client.post("/chat/messages", json={"id": "12345678", "choice": "consent:yes"})

    cookie = answer.headers["set-cookie"].lower()
    token = client.cookies["hejie_chat"]
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert town.writer.read(lambda work: work.conversations.get("webchat", token)) is None


def test_another_site_cannot_make_a_browser_leave(client: httpx.Client) -> None:
    say(client, choice="consent:yes")

    client.get("/weather", headers={"sec-fetch-site": "cross-site"})

    assert client.cookies.get("hejie_chat")
