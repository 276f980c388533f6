"""Files over Telegram become evidence; in place of what may not leave the country comes a link."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot

from bot.channels.telegram_files import fetch_file
from bot.evidence.exhibit import LIMIT, NotTaken
from tests.bot import files
from tests.bot.links import PUBLIC, link_in, rows
from tests.bot.telegram_peer import TOKEN, BotApi
from tests.bot.telegram_rules import BROKEN, Fault, message_of
from tests.bot.telegram_talk import YANG, consent, kept, talking, tasks, turn_is_over
from tests.bot.webhouse import House, build_house

ID_NUMBER = "530102199003078012"


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


def test_a_gateway_fault_of_a_download_is_no_objection(api: BotApi, house: House) -> None:
    api.fails(Fault(502, "Bad Gateway"), "getFile", times=2)

    assert run(house, api, lambda: api.sends_file(YANG, "voice", files.opus())) == [
        "evidence_refused"
    ]


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
        0, {"update_id": numbers[0], "message": message_of(YANG, "private", 1, **message)}
    )

    async def go() -> None:
        async with talking(house, api):
            await turn_is_over(house, api)

    asyncio.run(go())
    assert len(rows(house)) == 1
    assert len(list((house.settings.data / "evidence").rglob("??/*"))) == 1


# what may not leave the country


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
