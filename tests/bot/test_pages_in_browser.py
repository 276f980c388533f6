"""The pages in a real Chromium: by keyboard, on a phone, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from domain.conversation import OutboxState, OutWord
from storage.pages import ConversationFilter
from tests.bot.browser import (
    DESK,
    PHONE,
    STORY,
    agree,
    expect_a_start,
    expect_question,
    focused,
    new_context,
    tab_to,
    write,
)
from tests.bot.plain_pages import XSS
from tests.bot.webhouse import MONDAY, House, serving

CONTRAST = """selector => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const node = document.querySelector(selector);
  let back = node, colour;
  do { colour = parse(getComputedStyle(back).backgroundColor); back = back.parentElement; }
  while (colour[3] === 0 && back);
  const [a, b] = [light(parse(getComputedStyle(node).color)), light(colour)];
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
}"""


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A phone at the first page; a script error or a forbidden script fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.on("console", lambda line: faults.append(line.text) if "Security" in line.text else None)
    page.goto("/")
    yield page
    assert faults == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_conversation_is_held_with_the_keyboard_alone(
    browser: Browser, town: House, size: tuple[int, int]
) -> None:
    context = new_context(browser, town, size)
    page = context.new_page()
    page.goto("/")

    tab_to(page, "同意")
    page.keyboard.press("Enter")
    expect_a_start(page)
    assert focused(page) == "text"  # nothing to press: on with writing
    page.keyboard.type(STORY)
    page.keyboard.press("Enter")
    expect_question(page)
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "＋"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "不晓得"
    page.keyboard.press("Enter")
    expect(page.locator(".mine").last).to_contain_text("不晓得")
    expect(page.locator(".mine .mark", has_text="正在发送")).to_have_count(0)

    assert page.locator(".failed").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_reload_keeps_the_conversation(page: Page) -> None:
    agree(page)
    write(page, STORY)
    expect_question(page)
    before = page.locator(".bubble").all_inner_texts()

    page.reload()

    assert page.locator(".bubble").all_inner_texts() == before
    expect(page.get_by_role("button", name="不晓得")).to_be_visible()


def test_shift_enter_makes_a_line_and_sends_nothing(page: Page) -> None:
    agree(page)
    page.locator("#text").fill("第一行")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("工钱")
    assert page.locator(".mine").count() == 1

    page.keyboard.press("Enter")

    expect(page.locator(".mine .bubble").last).to_have_text("第一行\n工钱")


def test_an_enter_that_takes_a_word_of_the_input_method_sends_nothing(page: Page) -> None:
    page.locator("#text").fill("gongqian")

    page.evaluate(
        "document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown',"
        "{key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )

    assert page.locator(".mine").count() == 0


@pytest.mark.parametrize("way", ["button", "escape"])
def test_a_quick_exit_shows_the_weather_and_leaves_nothing_behind(page: Page, way: str) -> None:
    agree(page)
    write(page, STORY)
    expect_question(page)

    if way == "button":
        page.locator("#leave").click()
    else:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.wait_for_url("**/weather")

    assert page.title() == "天气"
    page.go_back()
    assert STORY not in page.content()
    page.goto("/")
    assert STORY not in page.content()


def test_one_escape_alone_stays(page: Page) -> None:
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)

    assert not page.url.endswith("/weather")


def test_what_people_write_shows_as_text_at_once_and_after_a_reload(page: Page) -> None:
    agree(page)
    for text in XSS:
        write(page, text)
        expect(page.locator(".mine .bubble").last).to_have_text(text)
        expect(page.locator(".mine .mark", has_text="正在发送")).to_have_count(0)

    page.reload()

    assert page.locator(".mine .bubble").all_inner_texts()[-len(XSS) :] == XSS
    assert page.locator("#log script, #log img, #log svg").count() == 0


def test_a_reply_lost_on_the_way_comes_with_the_retry_and_the_message_counts_once(
    page: Page,
) -> None:
    agree(page)
    lost: list[Route] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route)
        route.fetch()  # it arrives and is taken
        route.abort()  # but nobody hears of it

    page.route("**/chat/messages", lose_the_first)
    write(page, STORY)
    expect_question(page)
    expect(page.locator(".mark", has_text="发")).to_have_count(0)  # the retry is answered too
    before = page.locator(".bubble").all_inner_texts()
    page.reload()

    assert lost
    assert page.locator(".bubble").all_inner_texts() == before


def test_a_refused_message_can_be_sent_again(page: Page) -> None:
    agree(page)
    answer = {"status": 503, "json": {"error": "现在人很多，请过一分钟再发。"}}
    page.route("**/chat/messages", lambda route: route.fulfill(**answer), times=1)

    write(page, STORY)
    expect(page.locator(".failed .mark")).to_contain_text("现在人很多")
    page.get_by_role("button", name="再发一次").click()

    expect_question(page)
    assert page.locator(".failed").count() == 0


def test_a_reminder_appears_by_itself(page: Page, town: House) -> None:
    agree(page)
    write(page, STORY)
    expect_question(page)

    def remind(work: Any) -> None:
        ids = [
            line.conversation.id for line in work.pages.conversations(ConversationFilter()).lines
        ]
        newest = max(ids, key=lambda id_: work.pages.out_words_after(id_, 0)[-1].id)
        work.outbox.add(
            [
                OutWord(
                    newest,
                    "session_tomorrow",
                    "明天下午三点调解。",
                    MONDAY,
                    key="browser",
                    unasked=True,
                    state=OutboxState.SENT,
                )
            ]
        )

    town.writer.submit(remind).result()

    expect(page.locator(".ours").last).to_contain_text("明天下午三点调解")
    assert page.locator(".ours", has_text="明天下午三点调解").count() == 1


def test_help_numbers_can_be_tapped(page: Page) -> None:
    write(page, "他正在打我")

    link = page.locator('.ours a[href="tel:110"]').first

    expect(link).to_be_visible()
    assert page.locator('.phones a[href="tel:120"]').is_visible()


def test_large_letters_stay_after_a_reload_and_fit_on_a_phone(page: Page) -> None:
    agree(page)
    size = "parseFloat(getComputedStyle(document.querySelector('.bubble')).fontSize)"
    before = page.evaluate(size)

    page.get_by_role("button", name="大字").click()
    page.reload()

    assert page.evaluate(size) >= before * 1.25
    assert page.get_by_role("button", name="大字").get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_by_weak_eyes(browser: Browser, town: House, scheme: Any) -> None:
    context = new_context(browser, town, PHONE, color_scheme=scheme)
    page = context.new_page()
    page.goto("/")
    agree(page)

    selectors = (
        ".ours .bubble",
        ".mine .bubble",
        ".bar .person",
        ".bar .leave",
        "h1 small",
        ".say form button",
        ".phones a",
        ".phones b",
    )
    weak = {s: ratio for s in selectors if (ratio := page.evaluate(CONTRAST, s)) < 4.5}
    context.close()

    assert weak == {}


def test_buttons_are_large_enough_for_a_thumb(page: Page) -> None:
    page.locator("#more summary").click()
    buttons = ".choices button, .bar button, .bar a, .say button, .say a, summary"
    for button in page.locator(buttons).filter(visible=True).all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= 44


def test_the_page_works_without_scripts(browser: Browser, town: House) -> None:
    context = new_context(browser, town, PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")

    page.get_by_role("button", name="同意", exact=True).click()
    page.locator("#text").fill(STORY)
    page.get_by_role("button", name="发送").click()

    expect(page.locator(".mine .bubble").last).to_have_text(STORY)
    expect_question(page)
    page.locator("#leave").click()
    assert page.title() == "天气"
    context.close()


def test_the_console_is_set_up_entered_and_read_with_the_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path) as town:
        citizen = new_context(browser, town, PHONE)
        chat = citizen.new_page()
        chat.goto("/")
        agree(chat)
        write(chat, STORY)
        expect_question(chat)
        citizen.close()
        context = new_context(browser, town, DESK)
        page = context.new_page()

        page.goto("/console")
        expect(page.get_by_label("设置码")).to_be_focused()
        page.keyboard.type(town.code)
        for _ in range(2):
            page.keyboard.press("Tab")
            page.keyboard.type("一个很长的密码 2026")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="登录")).to_be_visible()
        expect(page.get_by_label("你的姓名")).to_be_focused()
        page.keyboard.type("王主任")
        page.keyboard.press("Tab")
        page.keyboard.type("一个很长的密码 2026")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("谈话")
        tab_to(page, "查看")
        page.keyboard.press("Enter")

        expect(page.locator(".theirs .said").last).to_have_text(STORY)
        context.close()
