"""The page behind a one-time link: one file into one conversation, from whoever holds the link."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.evidence.exhibit import LIMIT
from bot.forms import InMemory
from bot.messages import Attachment, Incoming
from bot.upload_links import UploadLinks
from tests.bot import files
from tests.bot.links import PUBLIC, link_in, rows
from tests.bot.telegram_talk import YANG, kept
from tests.bot.webhouse import House, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[House]:
    with serving(tmp_path, environment=PUBLIC) as house:
        say(house, "a1", text="你好")
        say(house, "a2", choice="consent:yes")
        yield house


def say(house: House, number: str, **what: Any) -> list[Any]:
    return list(house.turns.take(Incoming("telegram", str(YANG), number, **what)).replies)


def asks_for_link(house: House, number: str = "m1") -> str:
    replies = say(house, number, attachment=Attachment("photo", refused="private"))
    return link_in(next(each.text for each in replies if each.template == "upload_link"))


def upload(client: httpx.Client, link: str, data: bytes, **more: Any) -> httpx.Response:
    return client.post(link, files={"file": ("欠条.jpg", data, "image/jpeg")}, **more)


def test_a_file_comes_in_by_the_link_once_and_the_chat_says_so(served: House) -> None:
    link = asks_for_link(served)
    with served.client() as client:
        page = client.get(link)
        first = upload(client, link, files.photo())
        second = upload(client, link, files.photo(size=(50, 50)))
        after = client.get(link)

    assert page.status_code == first.status_code == 200
    assert 'type="file"' in page.text
    assert "<script" not in page.text
    assert "收到一张照片" in first.text
    assert (second.status_code, after.status_code) == (410, 410)
    assert [row.message_id[:7] for row in rows(served)] == ["upload:"]
    assert "evidence_kept" in [word.template for word in kept(served, YANG)[1]]


def test_the_page_of_a_link_has_large_letters_and_the_way_out_that_all_pages_have(
    served: House,
) -> None:
    link = asks_for_link(served)
    with served.client() as client:
        small = client.get(link)
        client.cookies.set("hejie_large", "1")
        large = client.get(link)

    assert 'class="large"' not in small.text
    assert 'class="large"' in large.text
    assert 'href="/weather"' in small.text


def test_of_two_files_sent_by_one_link_at_once_one_is_kept(served: House) -> None:
    link = asks_for_link(served)

    async def go() -> list[int]:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as client:
            sends = [
                client.post(link, files={"file": ("a.jpg", files.photo(size=(60 + n, 50)))})
                for n in range(3)
            ]
            return sorted(answer.status_code for answer in await asyncio.gather(*sends))

    assert asyncio.run(go()) == [200, 410, 410]
    assert len(rows(served)) == 1


def test_a_file_that_is_refused_leaves_the_link_good(served: House) -> None:
    link = asks_for_link(served)
    with served.client() as client:
        refused = upload(client, link, files.zipped())
        empty = client.post(link, files={"file": ("", b"")})
        taken = upload(client, link, files.amr())

    assert (refused.status_code, empty.status_code, taken.status_code) == (400, 400, 200)
    assert "收不了" in refused.text


def test_a_link_ends_after_a_day(served: House) -> None:
    link = asks_for_link(served)
    served.clock.pass_by(hours=24)
    with served.client() as client:
        assert client.get(link).status_code == 410
        assert upload(client, link, files.amr()).status_code == 410


def test_a_link_that_was_changed_opens_nothing(served: House) -> None:
    link = asks_for_link(served)
    with served.client() as client:
        for place in range(3, len(link)):
            other = "A" if link[place] != "A" else "B"
            changed = link[:place] + other + link[place + 1 :]
            if place % 9 == 0 or place == len(link) - 1:
                assert client.get(changed).status_code == 410, changed
        for odd in ("/e/", "/e/x", "/e/%00", "/e/" + "A" * 5000, "/e/💥"):
            assert client.get(odd).status_code in {404, 410}, odd
    assert rows(served) == []


def test_links_of_another_installation_are_not_ours(served: House) -> None:
    mine = UploadLinks("https://a", b"one key").url("ab" * 8, "m1", served.clock())
    token = mine.rpartition("/")[2]

    assert UploadLinks("https://a", b"one key").read(token, served.clock()) is not None
    assert UploadLinks("https://a", b"another key").read(token, served.clock()) is None
    late = served.clock() + timedelta(hours=24)
    assert UploadLinks("https://a", b"one key").read(token, late) is None


def test_what_is_too_large_or_no_form_is_refused_in_a_sentence(served: House) -> None:
    link = asks_for_link(served)
    with served.client() as client:
        large = upload(client, link, bytes(LIMIT + 100_000))
        plain = client.post(link, content=b"x", headers={"content-type": "text/plain"})
        broken = client.post(
            link, content=b"x", headers={"content-type": "multipart/form-data; boundary=b"}
        )
        unbounded = client.post(link, content=b"x", headers={"content-type": "multipart/form-data"})
        many = client.post(link, files=[("file", ("a", b"1")), ("more", ("b", b"2"))])

    assert [each.status_code for each in (large, plain, broken, unbounded, many)] == [
        413,
        415,
        400,
        400,
        400,
    ]
    assert all("<title>没有办成" in each.text for each in (large, plain, broken, unbounded, many))


def test_a_file_on_its_way_in_never_lies_unsealed_on_the_disk() -> None:
    assert InMemory.spool_max_size > LIMIT


def test_another_site_cannot_send_into_a_conversation(served: House) -> None:
    link = asks_for_link(served)
    with served.client() as client:
        answer = upload(client, link, files.amr(), headers={"sec-fetch-site": "cross-site"})

    assert answer.status_code == 403
    assert rows(served) == []
