"""The page of the web chat as a browser without scripts sees it."""

from __future__ import annotations

import re

import httpx

from tests.bot.webhouse import House

STORY = "老板欠我三万块工钱"
XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% for x in y %}",
    "</textarea><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; ' \" ` \\u003cscript\\u003e",
]


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


def multipart(fields: dict[str, str]) -> dict[str, tuple[None, str]]:
    return {name: (None, value) for name, value in fields.items()}
