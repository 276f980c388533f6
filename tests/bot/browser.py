"""A real Chromium for tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.bot.webhouse import House

NAMES = ("chromium", "chromium-browser", "google-chrome")
LEFT_OUT = "No Chromium was found: install one (apt-get install chromium) to try the pages."
STORY = "老板欠我三万块工钱，拖了半年"
PHONE, DESK = (360, 640), (1280, 800)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # One process for all pages of a context and none kept ready: half as many, a tenth less work.
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser; without one the tests are left out, and on CI they fail."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(LEFT_OUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def new_context(
    browser: Browser, house: House, size: tuple[int, int], **more: Any
) -> BrowserContext:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=house.url, **more
    )
    context.set_default_timeout(5_000)
    return context


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the button or field with this label has the focus."""
    for _ in range(25):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || document.activeElement.id") == label:
            return
    pytest.fail(f"{label} cannot be reached with Tab")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))


def write(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.keyboard.press("Enter")


def expect_a_start(page: Page) -> None:
    """Wait for thanks and the first open question, below the notice."""
    expect(page.locator(".ours")).to_have_count(3)


def expect_question(page: Page) -> None:
    """Wait for a question about a fact, with its answers to press."""
    expect(page.locator('.ours:last-of-type button[value^="fact:"]').first).to_be_visible()


def agree(page: Page) -> None:
    page.get_by_role("button", name="同意", exact=True).click()
    expect_a_start(page)
