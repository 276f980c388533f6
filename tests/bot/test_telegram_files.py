"""Files over Telegram become evidence; what may not leave the country gets a link of our own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from telegram import Bot

from bot.channels.telegram_files import fetch_file
from bot.evidence.exhibit import LIMIT, NotTaken
from bot.forms import InMemory
from bot.messages import Attachment, Incoming
from bot.upload_links import UploadLinks
from tests.bot import files
from tests.bot.telegram_peer import BROKEN, TOKEN, BotApi, Fault, bot_api
from tests.bot.telegram_talk import consent, kept, talking, tasks, turn_is_over
from tests.bot.webhouse import House, build_house, serving

YANG = 7001
PUBLIC = {"HEJIE_PUBLIC_URL": "https://hejie.example.cn"}
ID_NUMBER = "530102199003078012"
WIDE = ID_NUMBER.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})


@pytest.fixture
def api() -> Iterator[BotApi]:
    with bot_api() as api:
        yield api


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path, environment=PUBLIC)
    yield house
    house.writer.close()


def run(house: House, api: BotApi, *acts: Any, agreed: bool = True) -> list[str]:
    """Let things happen one after another; return the templates of what was said to them."""
    before = 0

    async def go() -> None:
        nonlocal before
        async with talking(house, api):
            if agreed:
                await consent(house, api, YANG)
                before = len(kept(house, YANG)[1])
            for act in acts:
                act()
                await turn_is_over(house, api)

    asyncio.run(go())
    return [word.template for word in kept(house, YANG)[1]][before:]


def rows(house: House) -> list[Any]:
    def look(work: Any) -> list[Any]:
        conversation = work.conversations.get("telegram", str(YANG))
        return list(work.evidence.of_conversation(conversation.id))

    return house.writer.read(look)


def test_what_is_sent_is_fetched_inspected_sealed_and_answered(api: BotApi, house: House) -> None:
    said = run(
        house,
        api,
        lambda: api.sends_file(YANG, "photo", files.photo()),
        lambda: api.sends_file(YANG, "document", files.paper(1)),
        lambda: api.sends_file(YANG, "voice", files.opus()),
        lambda: api.sends_file(YANG, "audio", files.mp3()),
    )

    assert said == ["evidence_kept", "evidence_kept", "voice_kept", "voice_kept"]
    assert sorted(row.media for row in rows(house)) == [
        "application/pdf",
        "audio/mpeg",
        "audio/ogg",
        "image/jpeg",
    ]
    for row in rows(house):
        assert files.CANARY not in house.evidence.files.read(row.id)
    assert tasks(house) == [("phone", "voice_note")]


def test_the_words_under_a_photo_are_heard_too(api: BotApi, house: House) -> None:
    def sends() -> int:
        return api.sends_file(YANG, "photo", files.photo(), caption="老板欠我工钱")

    assert run(house, api, sends)[:2] == ["evidence_kept", "type_taken"]
    assert kept(house, YANG)[0][-2:] == ["sent:photo", "老板欠我工钱"]


def test_an_album_is_kept_whole_and_answered_once(api: BotApi, house: House) -> None:
    def sends() -> None:
        for _ in range(3):
            api.sends_file(YANG, "photo", files.photo(), media_group_id="a1")

    assert run(house, api, sends) == ["evidence_kept"]
    assert len(rows(house)) == 3


def test_nothing_is_fetched_of_who_has_not_agreed(api: BotApi, house: House) -> None:
    sends = run(house, api, lambda: api.sends_file(YANG, "photo", files.photo()), agreed=False)

    assert sends == ["evidence_refused", "notice"]
    assert api.fetched == []
    assert api.objections == []


def test_a_program_that_is_called_a_photo_is_refused(api: BotApi, house: House) -> None:
    def sends() -> int:
        return api.sends_file(YANG, "document", b"MZ" + bytes(500), name="照片.jpg")

    assert run(house, api, sends) == ["evidence_refused"]
    assert rows(house) == []


def test_a_file_over_ten_megabytes_is_not_fetched(api: BotApi, house: House) -> None:
    data = b"\xff\xd8\xff" + bytes(LIMIT)

    assert run(house, api, lambda: api.sends_file(YANG, "document", data)) == ["evidence_refused"]
    assert api.fetched == []
    assert "太大" in api.texts(YANG)[-1]


def test_a_file_that_says_it_is_small_and_is_not_is_not_read_to_its_end(
    api: BotApi, house: House
) -> None:
    def sends() -> int:
        number = api.sends_file(YANG, "photo", b"\xff\xd8\xff" + bytes(LIMIT))
        for size in api._pending[-1]["message"]["photo"]:
            del size["file_size"]
        api.hides_sizes = True
        return number

    assert run(house, api, sends) == ["evidence_refused"]
    assert "太大" in api.texts(YANG)[-1]
    with pytest.raises(NotTaken, match="too_large"):
        asyncio.run(fetched(api))


async def fetched(api: BotApi) -> bytes:
    async with Bot(TOKEN, api.url, api.url.removesuffix("/bot") + "/file/bot") as bot:
        return await fetch_file(bot, next(iter(api._files)))


@pytest.mark.parametrize("method", ["getFile", "download"])
def test_a_download_that_fails_once_is_tried_again(api: BotApi, house: House, method: str) -> None:
    api.fails(BROKEN, method)

    assert run(house, api, lambda: api.sends_file(YANG, "photo", files.photo())) == [
        "evidence_kept"
    ]


def test_a_download_that_fails_twice_is_told_in_one_sentence_and_no_log_holds_the_token(
    api: BotApi, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    api.fails(BROKEN, "download", times=2)

    said = run(house, api, lambda: api.sends_file(YANG, "photo", files.photo()))

    assert said == ["evidence_refused"]
    assert "请再发一次" in api.texts(YANG)[-1]
    assert tasks(house) == []
    assert "AAErw" not in caplog.text


def test_a_photo_that_comes_again_after_a_crash_is_the_same_file_and_one_row(
    api: BotApi, house: House
) -> None:
    numbers: list[int] = []
    run(house, api, lambda: numbers.append(api.sends_file(YANG, "photo", files.photo())))
    photo = api._files.copy()
    message = {
        "photo": [{"file_id": next(iter(photo)), "file_unique_id": "u", "width": 9, "height": 9}]
    }
    api._pending.insert(
        0, {"update_id": numbers[0], "message": api._shown(YANG, "private", 1, **message)}
    )

    async def go() -> None:
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(rows(house)) == 1
    assert len(list((house.settings.data / "evidence").rglob("??/*"))) == 1


# what may not leave the country


def link_in(text: str) -> str:
    found = re.search(r"https://hejie\.example\.cn(/e/\S+)", text)
    assert found, text
    return found[1]


def everything(house: House) -> str:
    """Whatever is kept of the chat, opened."""

    def look(work: Any) -> str:
        conversation = work.conversations.get("telegram", str(YANG))
        return f"{conversation.state}{work.pages.transcript(conversation.id)}"

    return house.writer.read(look)


@pytest.mark.parametrize(
    ("text", "private"),
    [
        (f"我叫李红军，身份证{ID_NUMBER}，老板欠我工钱", ID_NUMBER),
        (
            "身份证５３０１０２１９９００３０７８０１２，老板欠我工钱",
            "５３０１０２１９９００３０７８０１２",
        ),
        ("我儿子叫杨小明，今年9岁，老板欠我工钱", "杨小明"),
    ],
)
def test_an_id_number_and_the_name_of_a_child_are_not_kept_and_a_link_is_given(
    api: BotApi, house: House, text: str, private: str
) -> None:
    said = run(house, api, lambda: api.says(YANG, text))

    assert said[:3] == ["private_told", "upload_link", "type_taken"]
    assert private not in everything(house)
    link_in(next(each for each in api.texts(YANG) if "https" in each))


def test_before_the_notice_no_link_is_given(api: BotApi, house: House) -> None:
    said = run(house, api, lambda: api.says(YANG, f"身份证{ID_NUMBER}"), agreed=False)

    assert said == ["private_told", "notice"]


def test_in_danger_nothing_is_said_of_an_id_number(api: BotApi, house: House) -> None:
    said = run(
        house,
        api,
        lambda: api.says(YANG, "他正在打我"),
        lambda: api.says(YANG, f"他身份证是{ID_NUMBER}"),
    )

    assert said[-1] == "held_listening"
    assert "private_told" not in said
    assert ID_NUMBER not in everything(house)


@pytest.mark.parametrize(
    "more",
    [{"kind": "photo", "caption": "这是我的身份证"}, {"kind": "document", "name": "户口本.pdf"}],
    ids=["caption", "name"],
)
def test_a_paper_that_says_who_somebody_is_is_not_fetched_and_a_link_is_given(
    api: BotApi, house: House, more: dict[str, str]
) -> None:
    kind = more.pop("kind")

    said = run(house, api, lambda: api.sends_file(YANG, kind, files.photo(), **more))

    assert said[:2] == ["evidence_refused", "upload_link"]
    assert api.fetched == []


def test_a_photo_right_after_the_question_who_somebody_is_is_not_fetched(
    api: BotApi, house: House
) -> None:
    def is_asked() -> None:
        def ask(work: Any) -> None:
            from dataclasses import replace

            talk = work.conversations.get("telegram", str(YANG))
            work.conversations.save(replace(talk, state={**talk.state, "asked": "name"}))

        house.writer.submit(ask).result()

    said = run(house, api, is_asked, lambda: api.sends_file(YANG, "photo", files.photo()))

    assert said[:2] == ["evidence_refused", "upload_link"]
    assert api.fetched == []


def test_without_a_public_address_there_is_no_link(api: BotApi, tmp_path: Path) -> None:
    house = build_house(tmp_path)
    said = run(house, api, lambda: api.says(YANG, f"身份证{ID_NUMBER}，老板欠我工钱"))
    house.writer.close()

    assert said[:2] == ["private_told", "type_taken"]


# the page behind the link


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


def test_a_gateway_fault_of_a_download_is_no_objection(api: BotApi, house: House) -> None:
    api.fails(Fault(502, "Bad Gateway"), "getFile", times=2)

    assert run(house, api, lambda: api.sends_file(YANG, "voice", files.opus())) == [
        "evidence_refused"
    ]
