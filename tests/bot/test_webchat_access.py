"""Every page of the web chat for people who see, hear or move less: axe finds nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.bot.browser import DESK, PHONE, STORY, agree, expect_question, new_context, write
from tests.bot.webhouse import House

GRAVE = {"serious", "critical"}


def notice(page: Page) -> None:
    expect(page.get_by_role("button", name="同意", exact=True)).to_be_visible()


def story(page: Page) -> None:
    agree(page)
    write(page, STORY)
    expect_question(page)


def help_card(page: Page) -> None:
    agree(page)
    write(page, "他正在打我")
    expect(page.locator(".ours", has_text="110")).not_to_have_count(0)


def offline(page: Page) -> None:
    story(page)
    page.context.set_offline(True)
    write(page, "断网时写的")
    expect(page.locator("#status")).not_to_be_empty()


def refused(page: Page) -> None:
    story(page)
    answer = {"status": 503, "json": {"error": "现在人很多，请过一分钟再发。"}}
    page.route("**/chat/messages", lambda route: route.fulfill(**answer), times=1)
    write(page, "没有收下的")
    expect(page.locator(".failed")).to_have_count(1)


def menu(page: Page) -> None:
    story(page)
    page.locator("#more summary").click()


def code(page: Page) -> None:
    menu(page)
    page.get_by_role("button", name="换手机继续").click()
    expect(page.locator(".ours", has_text="你的继续码")).to_have_count(1)


def resume(page: Page) -> None:
    page.goto("/resume")
    page.get_by_label("继续码", exact=True).fill("12345")
    page.get_by_role("button", name="接着说").click()
    expect(page.get_by_role("alert")).to_be_visible()


def resumed(page: Page) -> None:
    code(page)
    link = page.get_by_role("link", name="也可以把这个链接发给自己").get_attribute("href")
    other = page.context.browser.new_context(base_url=page.url)  # type: ignore[union-attr]
    new = other.new_page()
    new.goto(link or "")
    new.get_by_role("button", name="接着说").click()
    expect(new.locator("h1")).to_have_text("谈话换到这台设备了")
    assert violations(new) == []
    other.close()
    expect(page.locator("#status")).to_contain_text("换到另一台设备", timeout=10_000)


def own_info(page: Page) -> None:
    story(page)
    write(page, "我的信息")
    link = page.locator(".ours a[href*='/mine/']")
    expect(link).to_have_count(1)
    page.context.add_cookies([{"name": "hejie_large", "value": "1", "url": page.url}])
    page.goto(link.get_attribute("href") or "")
    assert violations(page) == []
    page.get_by_role("button", name="打开").click()
    expect(page.locator("main")).to_contain_text(STORY)
    expect(page.locator("html.large")).to_have_count(1)
    expect(page.get_by_role("link", name="离开")).to_have_attribute("href", "/weather")


STATES: dict[str, Callable[[Page], Any]] = {
    "notice": notice,
    "story": story,
    "help card": help_card,
    "offline": offline,
    "refused": refused,
    "menu": menu,
    "code": code,
    "resume": resume,
    "resumed elsewhere": resumed,
    "own info": own_info,
    "fault": lambda page: page.goto("/nope"),
    "weather": lambda page: page.goto("/weather"),
    "sign in": lambda page: page.goto("/console/setup"),
}


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in found
        if each["impact"] in GRAVE
    ]


@pytest.mark.parametrize("state", STATES)
def test_nothing_serious_stands_in_the_way(browser: Browser, town: House, state: str) -> None:
    context = new_context(browser, town, PHONE)
    page = context.new_page()
    page.goto("/")

    STATES[state](page)

    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_in_large_letters(
    browser: Browser, town: House, scheme: Any
) -> None:
    context = new_context(browser, town, DESK, color_scheme=scheme)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="大字").click()
    menu(page)

    assert violations(page) == []
    context.close()
