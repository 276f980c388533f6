"""Houses whose console is visited, in a browser of its own or by somebody signed in."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.bot.console_visits import set_up, sign_in
from tests.bot.webhouse import House


@pytest.fixture
def house(own_town: House) -> House:
    return own_town


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with house.client(follow_redirects=True) as client:
        yield client


@pytest.fixture
def inside(house: House, client: httpx.Client) -> httpx.Client:
    """A browser that is signed in as 王主任, in a house of its own."""
    assert "登录" in set_up(client, house.code).text
    assert "谈话" in sign_in(client).text
    return client


@pytest.fixture(scope="module")
def clerk(town: House) -> Iterator[httpx.Client]:
    """A browser that is signed in there as 王主任."""
    with town.client(follow_redirects=True) as client:
        set_up(client, town.code)
        sign_in(client)
        yield client
