"""Talking over WeChat: words, photos, voices, places and the menu."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.evidence.exhibit import LIMIT
from bot.places import code_of
from domain.conversation import OutboxState
from nlu.rasa_interpreter import load
from tests.bot.channel_drivers import asks_age_after_the_next_answer
from tests.bot.files import amr, photo
from tests.bot.loopback import until
from tests.bot.reply_samples import RENDERER
from tests.bot.webhouse import House, build_house
from tests.bot.wechat_peer import Line, WeChatServer
from tests.bot.wechathouse import LUO, YANG, agree, kept, near, settled, states, tasks
from tests.trained import models_folder

STORY = "西畴县兴街镇的包工头王老板去年腊月欠我三万五工钱没给，打了欠条"


def test_who_writes_first_is_answered_at_once_with_who_we_are_and_numbers_to_choose(
    house: House, wechat: WeChatServer
) -> None:
    answer = near(house, wechat, wechat.says(YANG, "你好"))

    assert answer == RENDERER.reply("notice", {}) + "\n1. 同意\n2. 不同意"
    assert states(house, YANG) == ["sent"]
    assert wechat.pushed == []


def test_a_conversation_by_numbers_ends_with_a_booked_session(line: Line, tmp_path: Path) -> None:
    house = build_house(tmp_path, load(models_folder()))
    with line.serving(house.clock) as wechat:
        near(house, wechat, talk_until_booked(wechat))

    sessions = house.writer.read(lambda work: work.pages.sessions_of_day(house.clock().date()))
    heard, words = kept(house, YANG)
    house.writer.close()
    assert sum(len(booked) for booked in sessions.values()) == 1
    assert "session_booked" in [word.template for word in words]
    assert {word.state for word in words} == {OutboxState.SENT}
    assert wechat.pushed == []
    assert STORY in heard


async def talk_until_booked(wechat: WeChatServer) -> None:
    """Answer whatever is asked, by number where there are numbers, until a session is booked."""
    await agree(wechat, YANG)
    answer = await wechat.says(YANG, STORY)
    for _ in range(25):
        if answer is None or "已经约好" in answer:
            return
        choices = dict(
            each[::-1] for each in re.findall(r"^(\d+|[A-Z]|·)\.? (.+)$", answer, re.MULTILINE)
        )
        easiest = next((label for label in EASIEST if label in choices), None)
        if easiest is not None:
            reply = choices[easiest] if choices[easiest] != "·" else easiest
        elif "称呼" in answer:
            reply = "李红军"
        elif "手机" in answer or "电话" in answer:
            reply = "13800001234"
        else:
            reply = "1"
        answer = await wechat.says(YANG, reply)


def test_where_the_answer_is_itself_a_number_choices_have_letters(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> tuple[str | None, str | None]:
        await agree(wechat, YANG)
        asks_age_after_the_next_answer(house, "wechat", YANG)
        asked = await wechat.says(YANG, "抚养费")
        return asked, await wechat.says(YANG, "b")

    asked, following = near(house, wechat, go())

    ages = ("A. 不满两岁", "B. 两岁到七岁", "C. 八岁以上", "D. 已经成年", "E. 不晓得")
    assert asked == "\n".join(("孩子多大了？", *ages))
    assert following is not None
    assert following.startswith("孩子现在跟谁一起住？\n1. 跟我")


def test_for_somebody_in_danger_no_choice_has_a_number_since_a_one_may_mean_i_cannot_speak(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> str | None:
        await agree(wechat, YANG)
        return await wechat.says(YANG, "他正在打我")

    answer = near(house, wechat, go())

    assert answer is not None
    choices = [line for line in answer.splitlines() if re.match(r"· |[0-9A-Z]\. ", line)]
    assert len(choices) >= 2
    assert all(line.startswith("· ") for line in choices)


EASIEST = ("都对", "去调解室", "不晓得")


def in_order(words: Sequence[str], shown: Sequence[str]) -> bool:
    """Whether all words were shown, one after the other."""
    rest = "\n\n".join(shown)
    for word in words:
        _, found, rest = rest.partition(word)
        if not found:
            return False
    return True


def test_words_of_many_people_come_to_each_in_order(house: House, wechat: WeChatServer) -> None:
    people = [f"oPerson{number}" for number in range(6)]

    async def talk(person: str) -> None:
        await agree(wechat, person)
        for text in ("老板欠我工钱", "不晓得", "查进度"):
            await wechat.says(person, text)

    async def go() -> None:
        await asyncio.gather(*(talk(person) for person in people))
        await settled(house)

    near(house, wechat, go())

    for person in people:
        heard, words = kept(house, person)
        assert heard[2:] == ["老板欠我工钱", "不晓得", "查进度"]
        assert in_order([word.text for word in words], wechat.texts(person))


@pytest.mark.parametrize(
    ("kind", "fields", "kept_as", "template"),
    [
        ("image", {"PicUrl": "http://x", "MediaId": "m1"}, "sent:photo", "evidence_refused"),
        ("voice", {"MediaId": "m", "Format": "amr"}, "sent:voice", "evidence_refused"),
        ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "sent:video", "evidence_refused"),
        ("link", {"Title": "t", "Description": "d", "Url": "u"}, "sent:file", "evidence_refused"),
        ("hologram", {}, "sent:file", "evidence_refused"),
    ],
)
def test_what_is_no_text_is_answered_in_one_sentence(
    house: House,
    wechat: WeChatServer,
    kind: str,
    fields: dict[str, Any],
    kept_as: str,
    template: str,
) -> None:
    async def go() -> None:
        await agree(wechat, YANG)
        await wechat.sends(YANG, kind, **fields)

    near(house, wechat, go())

    heard, words = kept(house, YANG)
    assert heard[-1] == kept_as
    assert template in [word.template for word in words]


def files(house: House) -> list[Path]:
    return [path for path in (house.settings.data / "evidence").rglob("*") if path.is_file()]


def test_a_photo_is_fetched_and_kept_once_however_often_it_comes(
    house: House, wechat: WeChatServer
) -> None:
    wechat.media["m-1"] = ("image/jpeg", photo())

    async def go() -> list[str | None]:
        await agree(wechat, YANG)
        sent = wechat.message(YANG, "image", PicUrl="http://x", MediaId="m-1")
        return [await wechat.brings(YANG, sent) for _ in range(2)]

    first, second = near(house, wechat, go())

    assert first == second is not None
    assert len(files(house)) == 1
    assert [word.template for word in kept(house, YANG)[1]].count("evidence_kept") == 1


def test_speech_that_is_not_in_words_is_kept_and_a_person_listens_to_it(
    house: House, wechat: WeChatServer
) -> None:
    wechat.media["m-1"] = ("audio/amr", amr())

    async def go() -> None:
        await agree(wechat, YANG)
        await wechat.sends(YANG, "voice", MediaId="m-1", Format="amr", Recognition="")

    near(house, wechat, go())

    assert len(files(house)) == 1
    assert ("phone", "voice_note") in tasks(house)


@pytest.mark.parametrize(
    ("media", "said"),
    [
        (None, "没有传过来"),
        (("image/jpeg", b"x" * (LIMIT + 1)), "太大"),
        (("image/jpeg", b"PK\x03\x04 no picture"), "收不了"),
        (("text/html", b"<html>"), "没有传过来"),
    ],
)
def test_of_a_photo_that_is_not_kept_the_reason_is_said(
    house: House, wechat: WeChatServer, media: tuple[str, bytes] | None, said: str
) -> None:
    if media is not None:
        wechat.media["m-1"] = media

    async def go() -> str | None:
        await agree(wechat, YANG)
        return await wechat.sends(YANG, "image", PicUrl="http://x", MediaId="m-1")

    answer = near(house, wechat, go())

    assert said in (answer or "")
    assert files(house) == []


def test_nothing_is_fetched_of_who_has_not_agreed(house: House, wechat: WeChatServer) -> None:
    async def go() -> str | None:
        await wechat.says(YANG, "你好")
        return await wechat.sends(YANG, "image", PicUrl="http://x", MediaId="m-1")

    answer = near(house, wechat, go())

    assert "没有收下" in (answer or "")
    assert wechat.asked_for == []


def test_a_voice_note_that_wechat_has_understood_is_heard_as_its_words(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> None:
        await agree(wechat, YANG)
        await wechat.sends(
            YANG, "voice", MediaId="m", Format="amr", Recognition="老板欠我工钱不给。"
        )

    near(house, wechat, go())

    assert kept(house, YANG)[0][-1] == "老板欠我工钱不给。"
    assert "evidence_refused" not in [word.template for word in kept(house, YANG)[1]]


def test_a_shared_position_proposes_its_place(house: House, wechat: WeChatServer) -> None:
    async def go() -> None:
        await agree(wechat, YANG)
        await wechat.says(YANG, "老板欠我工钱")
        await wechat.sends(
            YANG,
            "location",
            Location_X="23.43",
            Location_Y="104.67",
            Scale=15,
            Label="云南省文山壮族苗族自治州西畴县兴街镇",
        )

    near(house, wechat, go())

    assert "兴街镇" in wechat.texts(YANG)[-1]


@pytest.mark.parametrize(
    "fields",
    [
        {"Location_X": "north", "Location_Y": "1"},
        {"Location_X": "nan", "Location_Y": "1"},
        {"Location_X": "91", "Location_Y": "1"},
        {},
    ],
)
def test_a_position_that_is_none_is_refused(
    house: House, wechat: WeChatServer, fields: dict[str, str]
) -> None:
    answer = near(house, wechat, wechat.posts(wechat.message(YANG, "location", **fields)))

    assert (answer.status_code, answer.text) == (400, "broken")


def test_subscribing_shows_the_notice_and_a_place_code_is_remembered_until_it_is_agreed_to(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> None:
        await wechat.happens(LUO, "subscribe")
        await wechat.happens(YANG, "subscribe", f"qrscene_{code_of('西畴县兴街镇')}")
        await wechat.says(YANG, "1")

    near(house, wechat, go())

    assert [word.template for word in kept(house, LUO)[1]] == ["notice"]
    assert kept(house, YANG)[1][0].template == "notice"
    assert kept(house, YANG)[0][0] == "-"


def test_a_place_code_scanned_later_proposes_the_place(house: House, wechat: WeChatServer) -> None:
    async def go() -> str | None:
        await agree(wechat, YANG)
        await wechat.says(YANG, "老板欠我工钱")
        return await wechat.happens(YANG, "SCAN", code_of("西畴县兴街镇"))

    answer = near(house, wechat, go())

    assert "兴街镇" in (answer or "")
    assert kept(house, YANG)[0][-1] == "sent:start"


def test_the_menu_is_placed_and_each_of_its_buttons_is_answered(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> None:
        await until(lambda: bool(wechat.menus))
        await agree(wechat, YANG)
        for button in wechat.menus[0]:
            house.clock.pass_by(seconds=1)
            await wechat.happens(YANG, "CLICK", button["key"])
        house.clock.pass_by(seconds=1)
        await wechat.happens(YANG, "CLICK", "do:status")
        await settled(house)

    near(house, wechat, go())

    assert kept(house, YANG)[0][2:] == ["转人工", "查进度", "上一步", "do:status"]
    assert len(wechat.answered) == 6


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "masssend", "x"])
def test_a_note_of_wechat_itself_is_acknowledged_and_not_answered(
    house: House, wechat: WeChatServer, event: str
) -> None:
    answer = near(
        house, wechat, wechat.posts(wechat.message(YANG, "event", None, False, Event=event))
    )

    assert (answer.status_code, answer.text) == (200, "success")
    assert kept(house, YANG) == ([], [])


@pytest.mark.parametrize(
    "text",
    ["]]><x>", "<b>&amp;</b>", "{{ 7*7 }}", "\u202e倒过来", "😀" * 30, "'; drop table inbox;--"],
)
def test_odd_signs_are_words_like_any_other(house: House, wechat: WeChatServer, text: str) -> None:
    async def go() -> str | None:
        await agree(wechat, YANG)
        return await wechat.says(YANG, text)

    answer = near(house, wechat, go())

    assert answer
    assert kept(house, YANG)[0][-1] == text
