"""Each kind of Telegram update has one clear behaviour."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from bot.places import code_of
from tests.bot import files
from tests.bot.loopback import until
from tests.bot.reply_samples import RENDERER
from tests.bot.telegram_peer import BotApi
from tests.bot.telegram_rules import Fault
from tests.bot.telegram_talk import LUO, VILLAGE, YANG, consent, kept, talking, tasks, turn_is_over
from tests.bot.webhouse import House


def templates(house: House, chat: int = YANG) -> list[str]:
    return [word.template for word in kept(house, chat)[1]]


def run(house: House, api: BotApi, *acts: Any, agreed: bool = True) -> list[str]:
    """Let things happen one after another; return the templates of what was said to them."""
    before = 0

    async def go() -> None:
        nonlocal before
        async with talking(house, api):
            if agreed:
                await consent(house, api, YANG)
                before = len(templates(house))
            for act in acts:
                act()
                await turn_is_over(house, api)

    asyncio.run(go())
    return templates(house)[before:]


# groups


def test_in_a_group_we_say_once_that_matters_are_private_and_leave(
    api: BotApi, house: House
) -> None:
    def says() -> int:
        return api.says(VILLAGE, "老板欠我工钱", kind="supergroup")

    run(house, api, says, says, says, agreed=False)

    assert api.texts(VILLAGE) == [RENDERER.reply("groups_not_served", {})]
    assert api.left == [VILLAGE]
    assert kept(house, VILLAGE) == ([], [])


def test_a_group_that_cannot_be_left_is_left_alone(api: BotApi, house: House) -> None:
    api.fails(Fault(400, "Bad Request: chat not found"), "leaveChat")

    run(house, api, lambda: api.says(VILLAGE, "你好", kind="group"), agreed=False)
    assert len(api.texts(VILLAGE)) == 1


def test_a_channel_post_and_a_message_of_a_business_are_nothing_to_us(
    api: BotApi, house: House
) -> None:
    post = {"message_id": 5, "date": 1, "chat": {"id": -100, "type": "channel"}, "text": "通知"}
    person = {"id": YANG, "type": "private", "first_name": "杨"}
    business = {"message_id": 6, "date": 1, "chat": person, "text": "买东西"}

    run(
        house,
        api,
        lambda: api.brings({"channel_post": post}),
        lambda: api.brings({"business_message": {**business, "business_connection_id": "b"}}),
        lambda: api.brings({"poll": {"id": "1"}}),
        agreed=False,
    )

    assert api.said == []
    assert tasks(house) == []


# what is no message of the person's own words


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            {
                "sticker": {
                    "type": "regular",
                    "width": 9,
                    "height": 9,
                    "is_animated": False,
                    "is_video": False,
                }
            },
            "not_words",
        ),
        ({"dice": {"emoji": "🎲", "value": 3}}, "not_words"),
        (
            {"contact": {"phone_number": "13800001234", "first_name": "王", "user_id": 9}},
            "not_words",
        ),
        ({"video": {"width": 9, "height": 9, "duration": 2}}, "not_taken"),
        ({"video_note": {"length": 9, "duration": 2}}, "not_taken"),
    ],
    ids=["sticker", "dice", "somebody's card", "video", "round video"],
)
def test_what_is_neither_words_nor_paper_is_told_to_be_so(
    api: BotApi, house: House, content: dict[str, Any], why: str
) -> None:
    about = {"file_id": "f", "file_unique_id": "u"}
    full = {
        name: each | (about if name in {"sticker", "video", "video_note"} else {})
        for name, each in content.items()
    }

    assert run(house, api, lambda: api.sends(YANG, **full)) == ["evidence_refused"]

    kind = "file" if why == "not_words" else "video"
    assert api.texts(YANG)[-1] == RENDERER.reply("evidence_refused", {"kind": kind, "why": why})


def test_a_message_that_was_changed_is_asked_for_anew(api: BotApi, house: House) -> None:
    assert run(house, api, lambda: api.edits(YANG, "是两万不是三万")) == ["evidence_refused"]
    assert "重新发" in api.texts(YANG)[-1]
    assert "是两万不是三万" not in str(kept(house, YANG)[0])


def test_a_live_position_that_moves_is_not_answered_each_time(api: BotApi, house: House) -> None:
    where = {
        "message_id": 5,
        "date": 1,
        "chat": {"id": YANG, "type": "private"},
        "location": {"latitude": 23.4, "longitude": 104.6},
    }

    assert run(house, api, lambda: api.brings({"edited_message": where})) == []


def test_words_of_others_are_not_taken_for_the_persons_own(api: BotApi, house: House) -> None:
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "老王"}

    def forwards() -> int:
        return api.sends(YANG, text="他正在打我", forward_origin=origin)

    assert run(house, api, forwards) == ["evidence_refused"]
    assert "110" in api.texts(YANG)[-1]
    assert tasks(house) == []


def test_the_persons_own_card_is_the_phone_number_as_if_it_was_written(
    api: BotApi, house: House
) -> None:
    card = {"phone_number": "+8613800001234", "first_name": "杨", "user_id": YANG}

    run(house, api, lambda: api.sends(YANG, contact=card))

    assert kept(house, YANG)[0][-1] == "13800001234"


def test_before_the_notice_a_sticker_is_answered_as_one(api: BotApi, house: House) -> None:
    sticker = {
        "file_id": "f",
        "file_unique_id": "u",
        "type": "regular",
        "width": 9,
        "height": 9,
        "is_animated": False,
        "is_video": False,
    }

    assert run(house, api, lambda: api.sends(YANG, sticker=sticker), agreed=False) == [
        "evidence_refused",
        "notice",
    ]
    assert "看不懂" in api.texts(YANG)[0]


# places and codes


def test_a_shared_position_is_proposed_as_a_place_and_not_kept(api: BotApi, house: House) -> None:
    where = {"latitude": 23.44, "longitude": 104.67}

    assert run(house, api, lambda: api.sends(YANG, location=where)) == ["confirm_place"]
    assert "西畴县" in api.texts(YANG)[-1]
    assert kept(house, YANG)[0][-1] == "sent:place"


def test_the_name_of_a_venue_is_read_before_its_position(api: BotApi, house: House) -> None:
    where = {"latitude": 25.04, "longitude": 102.70}
    venue = {"location": where, "title": "司法所", "address": "西畴县兴街镇"}

    run(house, api, lambda: api.sends(YANG, location=where, venue=venue))

    assert "西畴县兴街镇" in api.texts(YANG)[-1]


def test_a_code_of_a_place_greets_and_is_proposed_after_the_notice(
    api: BotApi, house: House
) -> None:
    code = code_of("西畴县兴街镇")

    said = run(
        house,
        api,
        lambda: api.says(YANG, f"/start {code}"),
        lambda: api.presses(YANG, "consent:yes"),
        agreed=False,
    )

    assert said[:2] == ["notice", "consent_thanks"]
    heard, _ = kept(house, YANG)
    assert heard == ["-", "-"]
    state = house.writer.read(lambda work: work.conversations.get("telegram", str(YANG))).state
    assert state["near"]["township"] == "兴街镇"


@pytest.mark.parametrize(
    "code", ["shop_1", "p" + base64.urlsafe_b64encode(b"nowhere").decode(), "<b>", "💥"]
)
def test_a_code_that_nobody_knows_gets_one_plain_sentence(
    api: BotApi, house: House, code: str
) -> None:
    said = run(house, api, lambda: api.says(YANG, f"/start {code}"), agreed=False)

    assert said == ["code_not_known", "notice"]


# the choice in its message


def test_a_tapped_choice_is_written_into_its_message_in_place_of_the_buttons(
    api: BotApi, house: House
) -> None:
    run(house, api)

    notice = RENDERER.reply("notice", {})
    assert api.written == [(YANG, f"{notice}\n（你选了：同意）", ())]


def test_a_choice_tapped_twice_is_written_once_and_an_old_button_is_answered_politely(
    api: BotApi, house: House
) -> None:
    def taps() -> int:
        return api.presses(YANG, "consent:yes")

    said = run(house, api, taps, taps)

    assert said[0] == said[2] == "choice_over"
    assert len({text for _, text, _ in api.written}) == len(api.written) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, "Bad Request: message can't be edited"),
        Fault(500, "Internal"),
        Fault(429, "Too Many Requests: retry after 0", {"retry_after": 0}),
    ],
)
def test_a_choice_that_cannot_be_written_does_no_harm(
    api: BotApi, house: House, fault: Fault
) -> None:
    api.fails(fault, "editMessageText")

    said = run(house, api, lambda: api.says(YANG, "老板欠我工钱"))

    assert said[0] == "type_taken"
    assert api.written == []


# a slow one


def test_a_slow_file_of_one_chat_holds_up_nobody_else(api: BotApi, house: House) -> None:
    slow = Fault(0, is_silent=True)

    async def go() -> None:
        async with talking(house, api):
            await consent(house, api, YANG, LUO)
            api.fails(slow, "download")
            photo = api.sends_file(YANG, "photo", files.photo())
            later = api.says(YANG, "查进度")
            await until(lambda: bool(api.fetched))
            greeted = len(api.texts(LUO))
            other = api.says(LUO, "查进度")
            await api.hears(LUO, greeted + 1)
            assert not {photo, later, other} & set(api.acknowledged)
            assert len(kept(house, YANG)[0]) == 2
            api.close()

    asyncio.run(go())
