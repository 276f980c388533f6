"""Visits to the console: the first with its code, those that sign in, what is done there."""

from __future__ import annotations

import re

import httpx

from tests.bot.webhouse import House

PASSWORD = "一个很长的密码 2026"


def send(client: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    """Load a page and send its form."""
    token = re.search(r'name="token" value="(\w+)"', client.get(page).text)
    given = {"token": token[1] if token else ""} | fields
    return client.post(action, files={name: (None, value) for name, value in given.items()})


def set_up(client: httpx.Client, code: str, **fields: str) -> httpx.Response:
    given = {"code": code, "password": PASSWORD, "again": PASSWORD} | fields
    return send(client, "/console/setup", "/console/setup", **given)


def sign_in(client: httpx.Client, given: str = PASSWORD, who: str = "王主任") -> httpx.Response:
    return send(client, "/console/sign-in", "/console/sign-in", password=given, who=who)


def acts(house: House) -> list[tuple[str, str, str]]:
    lines = house.writer.read(lambda work: work.audit.latest(50))
    return [(line.who, line.what, line.subject) for line in reversed(lines)]
