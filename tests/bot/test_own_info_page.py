"""The one-time page of everything that is kept of somebody: who may open it, and what it shows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.bot.browser import PHONE, new_context
from tests.bot.one_person import STORY
from tests.bot.webhouse import House, say, serving


@pytest.fixture
def client(town: House) -> Iterator[httpx.Client]:
    with town.client() as client:
        say(client, choice="consent:yes")
        say(client, STORY)
        yield client


def link_of(client: httpx.Client) -> str:
    reply = next(reply for reply in say(client, "我的信息") if "/mine/" in reply["text"])
    (href,) = [part["href"] for part in reply["parts"] if "href" in part]
    assert href in reply["text"]
    return str(href)


def test_a_link_shows_all_that_is_kept_once_and_looking_at_it_does_not_use_it_up(
    town: House, client: httpx.Client
) -> None:
    link = link_of(client)
    with town.client() as elsewhere:
        for _ in range(2):
            looked = elsewhere.get(link)
            assert (looked.status_code, STORY in looked.text) == (200, False)
        opened = elsewhere.post(link)
        again = elsewhere.post(link)

    assert STORY in opened.text
    assert opened.headers["cache-control"] == "no-store"
    packed = re.search(r"base64,([^\"]+)\"", opened.text)
    assert packed
    data = json.loads(base64.b64decode(packed[1]))
    assert STORY in [each["text"] for each in data["messages"]]
    assert [each["given"] for each in data["consents"]] == [True]
    assert (again.status_code, STORY in again.text) == (404, False)


def test_the_page_is_printed_whole_and_without_its_buttons(
    town: House, client: httpx.Client, browser: Browser
) -> None:
    for _ in range(8):
        say(client, STORY)
    context = new_context(browser, town, PHONE)
    page = context.new_page()
    page.goto(link_of(client))
    page.get_by_role("button", name="打开").click()
    page.emulate_media(media="print")

    seen = page.locator("body").inner_text()
    is_whole = page.evaluate(
        "document.querySelector('main').getBoundingClientRect().height"
        " >= document.querySelector('main').scrollHeight"
    )
    context.close()

    assert is_whole
    assert seen.splitlines()[0] == "我的信息"
    assert "存成文件" not in seen


def test_a_link_is_over_after_an_hour(town: House, client: httpx.Client) -> None:
    link = link_of(client)
    town.clock.pass_by(minutes=61)

    assert client.post(link).status_code == 404


def test_what_was_erased_cannot_be_seen_by_an_older_link(tmp_path: Path) -> None:
    with serving(tmp_path) as own, own.client() as client:
        say(client, choice="consent:yes")
        say(client, STORY)
        link = link_of(client)
        say(client, "删除我的信息")
        say(client, choice="do:erase_now")
        assert client.post(link).status_code == 404
        assert STORY not in client.get("/").text


def test_what_people_wrote_is_only_ever_text_on_that_page(town: House) -> None:
    with town.client() as client:
        say(client, choice="consent:yes")
        say(client, "<script>alert(1)</script> 工钱")
        text = client.post(link_of(client)).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_a_code_that_nobody_was_given_opens_nothing_and_guessing_is_stopped(
    no_time_passes_for_budgets: None, town: House
) -> None:
    with town.client() as guesser:
        statuses = [guesser.post(f"/mine/{'A' * 20}{count:02}").status_code for count in range(30)]

    assert set(statuses) == {404, 429}
    assert statuses[-1] == 429


def test_guessing_from_one_address_opens_no_right_link_and_holds_up_nobody_elsewhere(
    no_time_passes_for_budgets: None, town: House, client: httpx.Client
) -> None:
    link = link_of(client)
    with town.client(headers={"x-forwarded-for": "203.0.113.7"}) as guesser:  # as a proxy says it
        for count in range(30):
            guesser.post(f"/mine/{'B' * 20}{count:02}")
        stopped = guesser.post(link)
    with town.client(headers={"x-forwarded-for": "203.0.113.8"}) as elsewhere:
        opened = elsewhere.post(link)

    assert (stopped.status_code, STORY in stopped.text) == (429, False)
    assert (opened.status_code, STORY in opened.text) == (200, True)
