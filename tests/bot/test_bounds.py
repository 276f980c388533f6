"""What no honest browser sends: it is refused in a sentence, and nobody waits for it."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import line
from bot.guards import SENTENCES, SafeHeaders, is_from_here, limited
from tests.bot.console_visits import set_up, sign_in
from tests.bot.loopback import on_loopback
from tests.bot.webhouse import House, serving

PATIENCE_SECONDS = 15.0  # for what happens in fractions of one; every bound here is 20 or more


def spoken(url: str, sent: bytes) -> bytes:
    """Send bytes as they are and return all that comes back until the line is closed."""
    with a_line(url) as open_:
        open_.sendall(sent)
        return all_of(open_)


def a_line(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0), PATIENCE_SECONDS)


def all_of(open_: socket.socket) -> bytes:
    heard = b""
    while piece := open_.recv(65_536):
        heard += piece
    return heard


def test_a_page_that_names_no_address_as_its_own_is_not_ours() -> None:
    headers = [(b"origin", b"http://[::1"), (b"host", b"hejie.example")]
    assert not is_from_here({"type": "http", "headers": headers})


def test_a_number_longer_than_any_case_has_leads_nowhere(town: House) -> None:
    with town.client() as client:
        for digits in (16, 30, 5_000):
            answer = client.get(f"/console/cases/{'9' * digits}")
            assert (answer.status_code, SENTENCES[404] in answer.text) == (404, True)


@pytest.mark.parametrize("path", ["/", "/resume/code", "/console/sign-in"])
@pytest.mark.parametrize("codec", ["undefined", "unicode_escape", "utf-7"])
def test_a_form_in_a_codec_of_the_senders_choice_is_not_read(
    town: House, path: str, codec: str
) -> None:
    kind = {"content-type": f"multipart/form-data; boundary=b; charset={codec}"}
    body = b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n\\ud800+2AA-\r\n--b--\r\n'
    with town.client() as client:
        answer = client.post(path, content=body, headers=kind)
    assert (answer.status_code, SENTENCES[415] in answer.text) == (415, True)


def test_a_form_that_says_it_is_in_utf8_is_read(town: House) -> None:
    kind = {"content-type": 'multipart/form-data; boundary=b; charset="UTF-8"'}
    body = b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nx\r\n--b--\r\n'
    with town.client() as client:
        assert client.post("/resume/code", content=body, headers=kind).status_code == 403


def test_who_is_sent_away_is_told_when_to_come_again() -> None:
    async def shed(request: Request) -> Response:
        return PlainTextResponse("", int(request.path_params["status"]))

    with (
        on_loopback(SafeHeaders(Starlette(routes=[Route("/{status}", shed)]))) as url,
        httpx.Client(base_url=url) as client,
    ):
        told = {each: client.get(f"/{each}").headers.get("retry-after") for each in (200, 429, 503)}
    assert told == {200: None, 429: "60", 503: "60"}


def test_a_body_that_comes_drop_by_drop_is_given_up_and_its_line_closed() -> None:
    async def take(request: Request) -> Response:
        await limited(request, 100, seconds=0.1).body()
        return PlainTextResponse("taken")

    with on_loopback(Starlette(routes=[Route("/", take, methods=["POST"])])) as url:
        heard = spoken(url, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{")
    assert heard.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_never_ends_is_refused_before_it_fills_the_memory(town: House) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    endless = head.ljust(line.HEAD_LIMIT + 1, b"a")  # more would lie unread, and reset the line
    assert spoken(town.url, endless).startswith(b"HTTP/1.1 400 ")


def test_a_head_that_comes_drop_by_drop_is_hung_up_on(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_line(town.url) as open_:
        open_.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert open_.recv(65_536).startswith(b"HTTP/1.1 200 ")
        monkeypatch.setattr(line, "HEAD_SECONDS", 0.2)
        open_.sendall(b"GET / HT")
        assert b"HTTP/1.1" not in all_of(open_)
    assert spoken(town.url, b"GET / HTTP/1.1\r\nHost:") == b""
    assert spoken(town.url, b"") == b""


def test_a_sign_that_no_text_holds_reaches_no_database(tmp_path: Path, database_url: str) -> None:
    with (
        serving(tmp_path, environment={"HEJIE_DATABASE_URL": database_url}) as house,
        house.client(follow_redirects=True) as client,
    ):
        set_up(client, house.code)
        assert "谈话" in sign_in(client, who="王\0主任").text
        assert client.get("/console/conversations/%00").status_code == 404
        assert client.get("/console/evidence/a%00b").status_code == 404
        assert (
            client.get("/console/conversations?channel=%00&type=%00&stage=%00").status_code == 200
        )
