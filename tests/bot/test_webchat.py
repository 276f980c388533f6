"""The web chat over real HTTP: the talk, its plain forms, and words that come later."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.channels import listening
from bot.channels.web_words import HELP_NUMBERS, parts_of
from bot.guards import SENTENCES
from domain.conversation import HeardMessage, OutboxState, OutWord
from tests.bot.plain_pages import STORY, kept, multipart, page, token_of
from tests.bot.webhouse import MONDAY, House, say


def test_a_fresh_visitor_sees_the_notice_and_nothing_is_kept(
    town: House, client: httpx.Client
) -> None:
    before = kept(town)

    html = page(client)

    assert "机器助手" in html
    assert 'value="consent:yes"' in html
    assert (kept(town), client.cookies.get("hejie_chat")) == (before, None)


def test_words_from_before_consent_are_not_kept(town: House, client: httpx.Client) -> None:
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


def test_the_same_message_id_of_another_person_is_another_message(town: House) -> None:
    for _ in range(2):
        with town.client() as client:
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


def test_leaving_shows_a_page_about_nothing_and_this_browser_forgets_the_talk(
    client: httpx.Client,
) -> None:
    say(client, choice="consent:yes")
    say(client, STORY)

    left = client.get("/weather")

    assert "天气" in left.text
    assert "和解" not in left.text
    assert STORY not in page(client)


def later_word(town: House, conversation_id: str, key: str) -> None:
    word = OutWord(
        conversation_id,
        "session_tomorrow",
        f"明天调解，急事打110。{key}",
        MONDAY,
        key=key,
        unasked=True,
        state=OutboxState.SENT,
    )
    town.writer.submit(lambda work: work.outbox.add([word])).result()


def newest_conversation(town: House) -> str:
    def job(work: Any) -> str:
        from storage.pages import ConversationFilter

        lines = work.pages.conversations(ConversationFilter()).lines
        words = {
            line.conversation.id: work.pages.out_words_after(line.conversation.id, 0)
            for line in lines
        }
        return str(max((w[-1].id, id_) for id_, w in words.items() if w)[1])

    return town.writer.read(job)


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


def test_a_reminder_arrives_while_the_page_is_open(town: House, client: httpx.Client) -> None:
    last = say(client, choice="consent:yes")[-1]["id"]
    conversation_id = newest_conversation(town)
    timer = threading.Timer(0.3, later_word, (town, conversation_id, "live"))
    timer.start()

    events = events_of(client, 1, f"/chat/stream?after={last}")

    timer.join()
    assert "明天调解" in events[0]
    assert '"phone": "110"' in events[0]


def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(
    town: House, client: httpx.Client
) -> None:
    last = say(client, choice="consent:yes")[-1]["id"]
    conversation_id = newest_conversation(town)
    for key in ("one", "two", "three"):
        later_word(town, conversation_id, key)

    events = events_of(client, 2, "/chat/stream?after=0", headers={"last-event-id": str(last + 1)})

    assert [event.split("。")[1][:5] for event in events] == ['two",', "three"]


def test_a_second_page_that_has_less_makes_the_first_hear_nothing_twice(
    town: House, client: httpx.Client
) -> None:
    words = say(client, choice="consent:yes")
    heard: list[str] = []
    listener = threading.Thread(
        target=lambda: heard.extend(events_of(client, 1, f"/chat/stream?after={words[-1]['id']}"))
    )
    listener.start()
    while "hejie_chat_listeners 0.0" in client.get("/metrics").text:
        time.sleep(0.02)

    with town.client(cookies=dict(client.cookies)) as second:
        assert len(events_of(second, len(words), "/chat/stream?after=0")) == len(words)
    later_word(town, newest_conversation_of(town, client), "only this")
    listener.join()

    assert "only this" in heard[0]


def test_nobody_hears_the_words_of_another_conversation(town: House) -> None:
    with town.client() as mine, town.client() as other:
        say(mine, choice="consent:yes")
        my_conversation = newest_conversation(town)
        last = say(other, choice="consent:yes")[-1]["id"]
        later_word(town, my_conversation, "for me alone")
        later_word(town, newest_conversation_of(town, other), "for the other")

        events = events_of(other, 1, f"/chat/stream?after={last}")

    assert "for the other" in events[0]


def newest_conversation_of(town: House, client: httpx.Client) -> str:
    from bot.channels.webchat_visitor import Visitor

    sender = Visitor(client.cookies["hejie_chat"], True).sender
    conversation = town.writer.read(lambda work: work.conversations.get("webchat", sender))
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


def test_readiness_names_the_part_that_is_missing(town: House, client: httpx.Client) -> None:
    town.ticked_at[0] = None
    assert client.get("/readyz").json()["status"] == "ok"

    town.clock.pass_by(seconds=3 * town.settings.tick_seconds + 1)
    late = client.get("/readyz")
    assert (late.status_code, late.json()["ticks"], late.json()["database"]) == (503, False, True)

    town.ticked_at[0] = town.clock() - timedelta(seconds=town.settings.tick_seconds)
    assert client.get("/readyz").status_code == 200
    assert client.get("/healthz").json() == {"status": "ok"}


def test_figures_are_there_for_prometheus(client: httpx.Client) -> None:
    say(client, choice="consent:yes")

    figures = client.get("/metrics").text

    assert 'hejie_turns_total{channel="webchat"}' in figures
    assert "hejie_turn_seconds_bucket" in figures
    assert "hejie_messages_waiting 0.0" in figures


def test_a_person_in_danger_reaches_help_before_any_form(town: House, client: httpx.Client) -> None:
    replies = say(client, "他正在打我")

    phones = {part["phone"] for part in replies[0]["parts"] if "phone" in part}
    assert "110" in phones
    tasks = town.writer.read(lambda work: work.tasks.still_open())
    assert any(task.kind.value == "safety" for task in tasks)


def test_what_is_heard_is_kept_with_what_was_understood(town: House, client: httpx.Client) -> None:
    say(client, choice="consent:yes")
    say(client, STORY)

    conversation_id = newest_conversation_of(town, client)
    rows = town.writer.read(lambda work: work.pages.transcript(conversation_id))

    heard = [row for row in rows if isinstance(row, HeardMessage)][-1]
    assert (heard.text, heard.dispute_type, heard.model) == (STORY, "labour_wage", "keywords-1")
