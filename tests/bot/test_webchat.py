"""The web chat over real HTTP: what is kept, what is refused, what comes later."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels import listening
from bot.channels.web_words import HELP_NUMBERS, parts_of
from bot.guards import SENTENCES
from domain.conversation import HeardMessage, OutboxState, OutWord
from tests.bot.webhouse import MONDAY, House, Keywords, say, serving

STORY = "老板欠我三万块工钱"
UNKNOWN_PLACES = ["/nope", "/static/nope.css", "/static/../web.py", "/chat/nope", "/console/nope"]
XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% for x in y %}",
    "</textarea><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; ' \" ` \\u003cscript\\u003e",
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with house.client() as client:
        yield client


def kept(house: House) -> int:
    return house.writer.read(lambda work: work.pages.counts()).conversations


def page(client: httpx.Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.text


def token_of(html: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]*)"', html)
    assert found
    return found[1]


def test_a_fresh_visitor_sees_the_notice_and_nothing_is_kept(
    house: House, client: httpx.Client
) -> None:
    before = kept(house)

    html = page(client)

    assert "机器助手" in html
    assert 'value="consent:yes"' in html
    assert (kept(house), client.cookies.get("hejie_chat")) == (before, None)


def test_words_from_before_consent_are_not_kept(house: House, client: httpx.Client) -> None:
    replies = say(client, "这是我的秘密")

    html = page(client)

    assert [choice["id"] for choice in replies[-1]["choices"]] == ["consent:yes", "consent:no"]
    assert "这是我的秘密" not in html
    assert "同意之前，你写的话不保存" in html


def test_a_reload_shows_the_whole_conversation_and_what_can_be_answered_now(
    client: httpx.Client,
) -> None:
    say(client, STORY)
    replies = say(client, choice="consent:yes")

    html = page(client)

    assert html.index(STORY) < html.index(replies[-1]["text"])
    for choice in replies[-1]["choices"]:
        assert f'value="{choice["id"]}"' in html
    assert 'value="consent:yes"' not in html  # answered


def test_the_first_page_is_at_most_sixty_kilobytes_and_needs_no_other_site(
    client: httpx.Client,
) -> None:
    html = page(client)
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)

    size = len(html.encode()) + sum(len(client.get(file).content) for file in files)

    assert len(files) == 2
    assert size <= 60_000
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


def test_a_message_sent_again_is_taken_once_and_its_replies_are_given_again(
    client: httpx.Client,
) -> None:
    say(client, choice="consent:yes")
    message = {"id": "a-client-made-id", "text": STORY}

    first = client.post("/chat/messages", json=message).json()
    second = client.post("/chat/messages", json=message).json()

    assert second == first
    assert page(client).count(STORY) == 1


def test_the_same_message_id_of_another_person_is_another_message(house: House) -> None:
    for _ in range(2):
        with house.client() as client:
            assert say(client, id="the-same-id", choice="consent:yes")


def test_the_chat_works_as_plain_forms_without_scripts(client: httpx.Client) -> None:
    form = {"id": "form-id-1", "token": token_of(page(client))}
    answer = client.post("/", files=multipart(form | {"choice": "consent:yes"}))
    assert (answer.status_code, answer.headers["location"]) == (303, "/#now")

    form = {"id": "form-id-2", "token": token_of(page(client)), "text": STORY}
    client.post("/", files=multipart(form))

    html = page(client)
    assert STORY in html
    assert 'id="now"' in html
    assert 'value="fact:' in html  # the next question can be answered


def multipart(fields: dict[str, str]) -> dict[str, tuple[None, str]]:
    return {name: (None, value) for name, value in fields.items()}


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
    house: House, client: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    before = kept(house)

    answer = client.post(path, json={"id": "12345678", "text": STORY}, headers=headers)

    assert answer.status_code == 403
    assert SENTENCES[403] in answer.text
    assert kept(house) == before


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
    house: House, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(client, choice="consent:yes")
    read, heard = house.interpreter.read, []
    monkeypatch.setattr(house.interpreter, "read", lambda texts: heard.extend(texts) or read(texts))
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
    house: House,
) -> None:
    with house.client(cookies={"hejie_chat": "A" * 22}) as client:
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
    with serving(tmp_path, waiting_limit=0) as house, house.client() as client:
        answer = client.post("/chat/messages", json={"id": "12345678", "text": STORY})

        assert (answer.status_code, answer.json()) == (503, {"error": SENTENCES[503]})
        assert answer.headers["retry-after"] == "60"


def test_a_bug_is_told_as_one_sentence_without_a_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> Any:
        raise RuntimeError("the secret of the house")

    with serving(tmp_path) as house, house.client() as client:
        house.lanes.take = broken  # type: ignore[method-assign]
        answer = client.post("/chat/messages", json={"id": "12345678", "text": STORY})

    assert (answer.status_code, answer.json()) == (500, {"error": SENTENCES[500]})
    assert "default-src" in answer.headers["content-security-policy"]
    assert "the secret of the house" in caplog.text  # for the operator


def test_who_writes_what_cannot_be_taken_is_told_so_once(tmp_path: Path) -> None:
    class Broken(Keywords):
        def read(self, messages: Any) -> Any:
            raise RuntimeError

    with (
        serving(tmp_path, interpreter=Broken(), pause_seconds=0) as house,
        house.client() as client,
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
    house: House, client: httpx.Client
) -> None:
    answer = client.post("/chat/messages", json={"id": "12345678", "choice": "consent:yes"})

    cookie = answer.headers["set-cookie"].lower()
    token = client.cookies["hejie_chat"]
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert house.writer.read(lambda work: work.conversations.get("webchat", token)) is None


def test_leaving_shows_a_page_about_nothing_and_this_browser_forgets_the_talk(
    client: httpx.Client,
) -> None:
    say(client, choice="consent:yes")
    say(client, STORY)

    left = client.get("/weather")

    assert "天气" in left.text
    assert "和解" not in left.text
    assert STORY not in page(client)


def test_another_site_cannot_make_a_browser_leave(client: httpx.Client) -> None:
    say(client, choice="consent:yes")

    client.get("/weather", headers={"sec-fetch-site": "cross-site"})

    assert client.cookies.get("hejie_chat")


def later_word(house: House, conversation_id: str, key: str) -> None:
    word = OutWord(
        conversation_id,
        "session_tomorrow",
        f"明天调解，急事打110。{key}",
        MONDAY,
        key=key,
        unasked=True,
        state=OutboxState.SENT,
    )
    house.writer.submit(lambda work: work.outbox.add([word])).result()


def newest_conversation(house: House) -> str:
    def job(work: Any) -> str:
        from storage.pages import ConversationFilter

        lines = work.pages.conversations(ConversationFilter()).lines
        words = {
            line.conversation.id: work.pages.out_words_after(line.conversation.id, 0)
            for line in lines
        }
        return str(max((w[-1].id, id_) for id_, w in words.items() if w)[1])

    return house.writer.read(job)


def events_of(client: httpx.Client, wanted: int, path: str, **more: Any) -> list[str]:
    """Return the data of the first events of a stream."""
    found: list[str] = []
    with client.stream("GET", path, **more) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                found.append(line.removeprefix("data: "))
                if len(found) == wanted:
                    break
    return found


def test_a_reminder_arrives_while_the_page_is_open(house: House, client: httpx.Client) -> None:
    last = say(client, choice="consent:yes")[-1]["id"]
    conversation_id = newest_conversation(house)
    timer = threading.Timer(0.3, later_word, (house, conversation_id, "live"))
    timer.start()

    events = events_of(client, 1, f"/chat/stream?after={last}")

    timer.join()
    assert "明天调解" in events[0]
    assert '"phone": "110"' in events[0]


def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(
    house: House, client: httpx.Client
) -> None:
    last = say(client, choice="consent:yes")[-1]["id"]
    conversation_id = newest_conversation(house)
    for key in ("one", "two", "three"):
        later_word(house, conversation_id, key)

    events = events_of(client, 2, "/chat/stream?after=0", headers={"last-event-id": str(last + 1)})

    assert [event.split("。")[1][:5] for event in events] == ['two",', "three"]


def test_a_second_page_that_has_less_makes_the_first_hear_nothing_twice(
    house: House, client: httpx.Client
) -> None:
    words = say(client, choice="consent:yes")
    heard: list[str] = []
    listener = threading.Thread(
        target=lambda: heard.extend(events_of(client, 1, f"/chat/stream?after={words[-1]['id']}"))
    )
    listener.start()
    while "hejie_chat_listeners 0.0" in client.get("/metrics").text:
        time.sleep(0.02)

    with house.client(cookies=dict(client.cookies)) as second:
        assert len(events_of(second, len(words), "/chat/stream?after=0")) == len(words)
    later_word(house, newest_conversation_of(house, client), "only this")
    listener.join()

    assert "only this" in heard[0]


def test_nobody_hears_the_words_of_another_conversation(house: House) -> None:
    with house.client() as mine, house.client() as other:
        say(mine, choice="consent:yes")
        my_conversation = newest_conversation(house)
        last = say(other, choice="consent:yes")[-1]["id"]
        later_word(house, my_conversation, "for me alone")
        later_word(house, newest_conversation_of(house, other), "for the other")

        events = events_of(other, 1, f"/chat/stream?after={last}")

    assert "for the other" in events[0]


def newest_conversation_of(house: House, client: httpx.Client) -> str:
    from bot.channels.webchat_visitor import Visitor

    sender = Visitor(client.cookies["hejie_chat"], True).sender
    conversation = house.writer.read(lambda work: work.conversations.get("webchat", sender))
    assert conversation is not None
    return conversation.id


def test_a_browser_without_a_conversation_has_nothing_to_listen_to(client: httpx.Client) -> None:
    assert client.get("/chat/stream").status_code == 204


def test_listeners_beyond_the_limit_are_refused(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(client, choice="consent:yes")
    monkeypatch.setattr(listening, "LINES_LIMIT", 0)

    answer = client.get("/chat/stream")

    assert (answer.status_code, answer.json()) == (503, {"error": SENTENCES[503]})


@pytest.mark.parametrize("number", HELP_NUMBERS)
def test_help_numbers_can_be_tapped(number: str) -> None:
    assert parts_of(f"请打{number}，马上。")[1] == {"text": number, "phone": number}


@pytest.mark.parametrize(
    "text",
    [
        "共110元",
        "欠12345.50元",
        "1,120元",
        "5月110号",
        "11012",
        "编号2026000120",
        "12:110",
        "110.5",
    ],
)
def test_sums_and_case_numbers_are_no_help_numbers(text: str) -> None:
    assert parts_of(text) == ({"text": text},)


def test_readiness_names_the_part_that_is_missing(house: House, client: httpx.Client) -> None:
    house.ticked_at[0] = None
    assert client.get("/readyz").json()["status"] == "ok"

    house.clock.pass_by(seconds=3 * house.settings.tick_seconds + 1)
    late = client.get("/readyz")
    assert (late.status_code, late.json()["ticks"], late.json()["database"]) == (503, False, True)

    house.ticked_at[0] = house.clock() - timedelta(seconds=house.settings.tick_seconds)
    assert client.get("/readyz").status_code == 200
    assert client.get("/healthz").json() == {"status": "ok"}


def test_figures_are_there_for_prometheus(client: httpx.Client) -> None:
    say(client, choice="consent:yes")

    figures = client.get("/metrics").text

    assert 'hejie_turns_total{channel="webchat"}' in figures
    assert "hejie_turn_seconds_bucket" in figures
    assert "hejie_messages_waiting 0.0" in figures


def test_a_person_in_danger_reaches_help_before_any_form(
    house: House, client: httpx.Client
) -> None:
    replies = say(client, "他正在打我")

    phones = {part["phone"] for part in replies[0]["parts"] if "phone" in part}
    assert "110" in phones
    tasks = house.writer.read(lambda work: work.tasks.still_open())
    assert any(task.kind.value == "safety" for task in tasks)


def test_what_is_heard_is_kept_with_what_was_understood(house: House, client: httpx.Client) -> None:
    say(client, choice="consent:yes")
    say(client, STORY)

    conversation_id = newest_conversation_of(house, client)
    rows = house.writer.read(lambda work: work.pages.transcript(conversation_id))

    heard = [row for row in rows if isinstance(row, HeardMessage)][-1]
    assert (heard.text, heard.dispute_type, heard.model) == (STORY, "labour_wage", "keywords-1")
