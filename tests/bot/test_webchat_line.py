"""The web chat on a bad line, in a real Chromium: nothing lost, nothing twice, nothing left."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from domain.conversation import HeardMessage, OutboxState, OutWord
from tests.bot.browser import DESK, STORY, agree, expect_question, new_context, write
from tests.bot.cutting import line_to
from tests.bot.webhouse import MONDAY, House, build_house, serve_alone, serving

OFFLINE = "没有网，话还在，等有网会自动发出去。"
STORED = """async () => [localStorage.length, sessionStorage.length, (await caches.keys()).length,
  (await indexedDB.databases()).length]"""
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A phone whose owner has told the story."""
    page = context.new_page()
    page.goto("/")
    agree(page)
    write(page, STORY)
    expect_question(page)
    return page


def said(page: Page) -> list[str]:
    return page.locator(".mine .bubble").all_inner_texts()


def expect_all_sent(page: Page) -> None:
    expect(page.locator(".mark", has_text="发")).to_have_count(0, timeout=15_000)
    assert page.locator(".failed").count() == 0


def test_what_is_written_without_a_line_goes_out_in_order_once_it_is_back(
    context: BrowserContext, page: Page
) -> None:
    context.set_offline(True)
    for text in ("第一句", "第二句", "第三句"):
        write(page, text)
    expect(page.locator("#status")).to_have_text(OFFLINE)
    expect(page.locator(".mark", has_text="还没发出去")).to_have_count(3)
    assert page.evaluate(STORED) == [0, 0, 0, 0]  # a shared phone: memory alone

    context.set_offline(False)

    expect_all_sent(page)
    expect(page.locator("#status")).to_have_text("")
    page.reload()
    assert said(page)[-3:] == ["第一句", "第二句", "第三句"]


def test_a_reply_stands_under_what_it_answers_though_more_was_written_meanwhile(
    page: Page,
) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/chat/messages", hold_the_first)
    write(page, "我帮包工头干的")
    write(page, "后写的一句")
    expect(page.locator(".mine", has_text="后写的一句")).to_be_visible()

    held[0].continue_()

    expect_all_sent(page)
    texts = page.locator(".mine, .ours").all_inner_texts()
    first, second = (
        next(place for place, text in enumerate(texts) if written in text)
        for written in ("我帮包工头干的", "后写的一句")
    )
    assert second > first + 1


def test_a_line_that_is_cut_brings_later_words_once_it_is_mended(
    browser: Browser, town: House
) -> None:
    with line_to(town.url) as line:
        context = browser.new_context(base_url=line.url)
        page = context.new_page()
        page.goto("/")
        agree(page)
        line.cut()
        write(page, "断网时写的话")
        expect(page.locator("#status")).to_have_text(OFFLINE)
        say_later(town, context, "断网时来的提醒一")
        say_later(town, context, "断网时来的提醒二")
        line.mend()

        expect(page.locator(".ours", has_text="断网时来的提醒二")).to_have_count(1, timeout=15_000)
        expect_all_sent(page)
        for text in ("断网时来的提醒一", "断网时来的提醒二"):
            expect(page.locator(".ours", has_text=text)).to_have_count(1)
        expect(page.locator(".mine", has_text="断网时写的话")).to_have_count(1)
        context.close()


def say_later(town: House, context: BrowserContext, text: str) -> None:
    from bot.channels.webchat_visitor import Visitor

    token = next(c["value"] for c in context.cookies() if c["name"] == "hejie_chat")
    sender = Visitor(token, True).sender
    talk = town.writer.read(lambda work: work.conversations.get("webchat", sender))
    assert talk is not None
    word = OutWord(
        talk.id, "session_tomorrow", text, MONDAY, key=text, unasked=True, state=OutboxState.SENT
    )
    town.writer.submit(lambda work: work.outbox.add([word])).result()


@contextmanager
def process(folder: Path, port: int) -> Iterator[Any]:
    """A server in a process of its own, to be killed."""
    server = SPAWN.Process(target=serve_alone, args=(folder, port), daemon=True)
    server.start()
    for _ in range(500):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1)
            break
        except httpx.TransportError:
            time.sleep(0.03)
    try:
        yield server
    finally:
        server.kill()
        server.join()


def test_a_server_that_is_killed_and_started_again_loses_and_doubles_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    context = browser.new_context(base_url=f"http://127.0.0.1:{port}")
    with process(tmp_path, port) as server:
        page = context.new_page()
        page.goto("/")
        agree(page)
        write(page, STORY)
        server.kill()  # at any moment: before, in or after the turn
        write(page, "杀掉之后写的")
        expect(page.locator("#status")).to_have_text(OFFLINE)
    with serving(tmp_path, port=port):
        expect_all_sent(page)
        page.reload()
        assert said(page)[1:] == [STORY, "杀掉之后写的"]
    context.close()
    kept = heard_texts(tmp_path)
    assert (kept.count(STORY), kept.count("杀掉之后写的")) == (1, 1)


def heard_texts(folder: Path) -> list[str | None]:
    town = build_house(folder)

    def job(work: Any) -> list[str | None]:
        from storage.pages import ConversationFilter

        lines = work.pages.conversations(ConversationFilter()).lines
        return [
            row.text
            for line in lines
            for row in work.pages.transcript(line.conversation.id)
            if isinstance(row, HeardMessage)
        ]

    found: list[str | None] = town.writer.read(job)
    town.writer.close()
    return found


def test_two_tabs_show_the_same_talk_and_both_leave_together(
    context: BrowserContext, page: Page
) -> None:
    other = context.new_page()
    other.goto("/")

    write(page, "我帮包工头干的")
    expect(other.locator(".mine .bubble").last).to_have_text("我帮包工头干的")
    expect(other.locator(".ours")).to_have_count(page.locator(".ours").count())
    assert other.locator(".bubble").all_inner_texts() == page.locator(".bubble").all_inner_texts()

    other.keyboard.press("Escape")
    other.keyboard.press("Escape")
    for each in (page, other):
        each.wait_for_url("**/weather")


def test_another_tab_that_hears_the_answer_first_shows_it_below_the_message_with_its_choices(
    context: BrowserContext, page: Page
) -> None:
    other = context.new_page()
    other.goto("/")
    shown = other.locator(".ours").count()
    held: list[Route] = []
    page.route("**/chat/messages", lambda route: held.append(route))  # noqa: PLW0108 - it is marked
    write(page, "我帮包工头干的")
    expect(page.locator(".mark", has_text="正在发送")).to_have_count(1)
    answer = held[0].fetch()
    expect(other.locator(".ours")).not_to_have_count(shown)  # by the stream

    held[0].fulfill(response=answer)

    expect_all_sent(page)
    expect(other.locator(".mine .bubble").last).to_have_text("我帮包工头干的")
    assert other.locator(".bubble").all_inner_texts() == page.locator(".bubble").all_inner_texts()
    labels = page.locator(".choices button").all_inner_texts()
    assert labels
    assert other.locator(".choices button").all_inner_texts() == labels


def test_leaving_without_a_line_shows_nothing_and_the_talk_stays_closed_later(
    context: BrowserContext, page: Page
) -> None:
    context.set_offline(True)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert STORY not in page.content()

    context.set_offline(False)
    page.goto("/")

    assert STORY not in page.content()
    assert "机器助手" in page.content()
    assert not any(c["name"] == "hejie_chat" for c in context.cookies())


def test_after_leaving_neither_back_nor_the_browser_s_stores_show_the_talk(
    context: BrowserContext,
) -> None:
    page = context.new_page()
    page.goto("/console/sign-in")  # somewhere before
    page.goto("/")
    agree(page)
    write(page, STORY)
    expect_question(page)

    page.locator("#leave").click()
    page.wait_for_url("**/weather")

    assert page.evaluate(STORED) == [0, 0, 0, 0]
    assert [c["name"] for c in context.cookies()] == ["hejie_console"]  # of the page before
    page.go_back()
    assert "console" in page.url  # the talk's own place in the history is gone


def compose(page: Page, text: str) -> None:
    """Begin to compose with an input method, as Chinese is written."""
    page.locator("#text").focus()
    client = page.context.new_cdp_session(page)
    at = {"selectionStart": len(text), "selectionEnd": len(text)}
    client.send("Input.imeSetComposition", {"text": text, **at})


def test_keys_of_the_input_method_neither_send_nor_leave(page: Page) -> None:
    before = page.locator(".mine").count()
    compose(page, "gongqian")

    page.keyboard.press("Enter")
    assert page.locator(".mine").count() == before
    compose(page, "gongqian")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)

    assert not page.url.endswith("/weather")
    assert page.locator(".mine").count() == before


def test_who_reads_by_ear_hears_new_words_of_ours_alone(page: Page) -> None:
    page.reload()
    assert page.locator("#spoken").inner_text() == ""  # not everything anew

    write(page, "我自己说的话")
    expect(page.locator("#spoken p").first).to_be_attached()

    heard = page.locator("#spoken").inner_text()
    assert page.locator(".ours .bubble").last.inner_text() in heard.replace("\n\n", "\n")
    assert "我自己说的话" not in heard
    assert "可以点选：" in heard


def test_a_page_with_unsent_words_asks_before_it_closes_but_a_call_for_help_does_not(
    context: BrowserContext, page: Page
) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    context.set_offline(True)
    write(page, "还没发出去的话")
    expect(page.locator("#status")).to_have_text(OFFLINE)
    page.evaluate("document.querySelector('.phones a').href = 'tel:0'")

    page.locator(".phones a").first.click()
    page.wait_for_timeout(1_100)
    assert asked == []

    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_large_letters_need_no_script(browser: Browser, town: House) -> None:
    context = new_context(browser, town, (320, 256), java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    size = page.locator(".bubble").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")

    page.get_by_role("button", name="大字").click()

    large = "e => parseFloat(getComputedStyle(e).fontSize)"
    assert page.locator(".bubble").evaluate(large) >= size * 1.25
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="大字").click()
    assert page.locator(".bubble").evaluate(large) == size
    context.close()


@pytest.mark.parametrize("size", [(320, 256), (640, 400), DESK], ids=str)
def test_a_zoomed_page_never_scrolls_sideways(
    browser: Browser, town: House, size: tuple[int, int]
) -> None:
    context = new_context(browser, town, size)
    page = context.new_page()
    page.goto("/")
    agree(page)
    write(page, "他欠我" + "很" * 60 + "https://example.test/" + "a" * 90 + "工钱")
    expect_question(page)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="大字").click()
    page.locator("#text").scroll_into_view_if_needed()
    assert page.locator("#text").is_visible()
    context.close()
