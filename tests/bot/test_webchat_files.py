"""Photos and papers in the web chat: by script, by plain form, from a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bot.channels import webchat_files
from bot.guards import SENTENCES
from tests.bot.browser import PHONE, agree, new_context
from tests.bot.files import paper, photo, zipped
from tests.bot.plain_pages import multipart, page, token_of
from tests.bot.webhouse import House, say

BINARY = {"content-type": "application/octet-stream"}


@pytest.fixture
def client(town: House) -> Iterator[httpx.Client]:
    with town.client() as client:
        say(client, choice="consent:yes")
        yield client


def give(client: httpx.Client, data: Any, id_: str = "a-file-id", **more: Any) -> httpx.Response:
    where = f"/chat/files?id={id_}&kind={more.pop('kind', 'photo')}"
    return client.post(where, content=data, headers=more.pop("headers", BINARY))


def kept_files(town: House) -> int:
    return sum(path.is_file() for path in (town.settings.data / "evidence").rglob("*"))


def test_a_photo_is_kept_once_however_often_it_is_sent(town: House, client: httpx.Client) -> None:
    before = kept_files(town)

    first, second = (give(client, photo()) for _ in range(2))

    assert "收到一张照片" in first.json()["replies"][0]["text"]
    assert second.json()["replies"] == first.json()["replies"]
    assert kept_files(town) == before + 1


NO_EVIDENCE = {
    "zip": zipped(),
    "svg": b"<svg/>",
    "program": b"MZ\x90",
    "nothing": b"",
    "zeros": b"\0" * 100,
}


@pytest.mark.parametrize("data", NO_EVIDENCE.values(), ids=NO_EVIDENCE.keys())
def test_what_is_no_photo_paper_or_voice_is_refused_in_a_sentence(
    town: House, client: httpx.Client, data: bytes
) -> None:
    before = kept_files(town)

    answer = give(client, data, kind="file")

    assert answer.status_code == 200
    assert "文件收不了" in answer.json()["replies"][0]["text"]
    assert kept_files(town) == before


def test_nothing_is_kept_of_who_has_not_agreed(town: House) -> None:
    before = kept_files(town)
    with town.client() as fresh:
        assert give(fresh, photo()).status_code == 403
        say(fresh, "先看看")

        answer = give(fresh, photo() + b"\0" * 3_000_000)  # longer than one packet

        assert "没有收下，要先问你同不同意" in answer.json()["replies"][0]["text"]
    assert kept_files(town) == before


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"headers": {"content-type": "image/jpeg"}}, 415),
        ({"headers": {"content-type": "text/plain"}}, 415),
        ({"kind": "program"}, 400),
        ({"id_": "../../x"}, 400),
        ({"headers": BINARY | {"sec-fetch-site": "cross-site"}}, 403),
    ],
    ids=str,
)
def test_a_file_that_our_page_did_not_send_is_refused(
    client: httpx.Client, how: dict[str, Any], status: int
) -> None:
    assert give(client, photo(), **how).status_code == status


def test_more_than_ten_megabytes_are_not_even_read(client: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(11):
            yield b"x" * 1_048_576

    assert give(client, b"x" * (10 * 1_048_576 + 1)).status_code == 413
    assert give(client, pieces()).status_code == 413
    assert SENTENCES[413] in give(client, b"x" * (10 * 1_048_576 + 1)).text


def test_a_plain_form_brings_words_and_files_together(town: House, client: httpx.Client) -> None:
    fields: Any = multipart(
        {"id": "form-id-1", "token": token_of(page(client)), "text": "看工钱条"}
    )
    files = [
        *fields.items(),
        ("file", ("a.jpg", photo(), "image/jpeg")),
        ("file", ("", b"", "application/octet-stream")),
    ]

    answer = client.post("/", files=files)

    assert answer.status_code == 303
    html = page(client)
    assert html.index("看工钱条") < html.index("收到一张照片")


def test_a_form_with_a_file_from_a_stranger_or_too_many_at_once_is_refused(
    town: House, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [("file", ("a.jpg", photo() + b"\0" * 20_000, "image/jpeg"))]
    with town.client() as stranger:
        assert stranger.post("/", files=large).status_code == 413
    assert client.post("/", files=large).status_code == 403  # without the page's token

    monkeypatch.setattr(webchat_files, "FORMS_AT_ONCE", 0)

    assert client.post("/", files=large).status_code == 503


def test_who_sends_too_many_files_is_asked_to_wait(
    no_time_passes_for_budgets: None, client: httpx.Client
) -> None:
    statuses = [give(client, b"x", id_=f"a-file-{place}").status_code for place in range(11)]

    assert statuses == [200] * 10 + [429]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phone")
    (folder / "田埂.jpg").write_bytes(photo())
    (folder / "欠条.pdf").write_bytes(paper())
    (folder / "很大.jpg").write_bytes(b"x" * (10 * 1_048_576 + 1))
    return folder


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "form"])
def test_a_photo_is_sent_from_a_phone(
    browser: Browser, town: House, folder: Path, with_script: bool
) -> None:
    before = kept_files(town)
    context = new_context(browser, town, PHONE, java_script_enabled=with_script)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="同意", exact=True).click()

    page.locator("#more summary").click()
    page.get_by_label("拍照片").set_input_files(folder / "田埂.jpg")
    if not with_script:
        page.get_by_role("button", name="发送").click()

    expect(page.locator(".ours", has_text="收到一张照片")).to_have_count(1)
    expect(page.locator(".mine").last).to_contain_text("照片")
    assert kept_files(town) == before + 1
    context.close()


def test_a_paper_chosen_without_a_line_goes_out_later_and_a_huge_one_never(
    browser: Browser, town: House, folder: Path
) -> None:
    before = kept_files(town)
    context = new_context(browser, town, PHONE)
    page = context.new_page()
    page.goto("/")
    agree(page)
    context.set_offline(True)
    page.get_by_label("发照片或文件").set_input_files(folder / "欠条.pdf")
    expect(page.locator(".mark", has_text="还没发出去")).to_have_count(1)
    page.get_by_label("发照片或文件").set_input_files(folder / "很大.jpg")
    expect(page.locator(".failed")).to_contain_text("太大了")

    context.set_offline(False)

    expect(page.locator(".ours", has_text="收到一份文件")).to_have_count(1, timeout=15_000)
    assert kept_files(town) == before + 1
    assert page.locator(".failed").count() == 1
    context.close()
