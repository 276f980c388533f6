"""Words that WeChat is sent: its windows, and their order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from bot.channels.wechat_answer import Given
from domain.case import Stage
from domain.conversation import OutboxState, OutWord
from tests.bot.loopback import until
from tests.bot.webhouse import House
from tests.bot.wechat_peer import WeChatServer
from tests.bot.wechathouse import YANG, agree, kept, near, settled, states, tasks, with_case
from tests.conftest import NOW

FAR = NOW + timedelta(days=300)


def queue(house: House, *words: OutWord) -> None:
    house.writer.submit(lambda work: work.outbox.add(words)).result()


def a_word(house: House, text: str, **more: Any) -> OutWord:
    """Return a word to Yang, who has written, that is to go at once."""
    word = kept(house, YANG)[1][0]
    fresh = replace(word, text=text, choices=(), key=None, state=OutboxState.QUEUED)
    return replace(fresh, **{"not_before": None} | more)


# the windows


def test_a_word_after_the_48_hours_becomes_a_call_and_is_not_tried_for_ever(
    house: House, wechat: WeChatServer
) -> None:
    near(house, wechat, agree(wechat, YANG))
    house.clock.pass_by(hours=49)
    number = with_case(house, "wechat", YANG)
    queue(house, a_word(house, "明天见面", unasked=True, case_number=number))

    near(house, wechat, settled(house))

    assert wechat.pushed == []
    assert states(house, YANG)[-1] == "dead"
    assert ("phone", "not_reached") in tasks(house)


def test_within_the_48_hours_it_is_sent(house: House, wechat: WeChatServer) -> None:
    near(house, wechat, agree(wechat, YANG))
    house.clock.pass_by(hours=47)
    queue(house, a_word(house, "明天见面", unasked=True))

    near(house, wechat, settled(house))

    assert wechat.pushed == [(YANG, "明天见面")]
    assert states(house, YANG)[-1] == "sent"


def test_who_may_be_told_no_more_is_phoned(house: House, wechat: WeChatServer) -> None:
    near(house, wechat, agree(wechat, YANG))
    wechat.is_over(YANG, 1)
    number = with_case(house, "wechat", YANG)
    queue(house, *(a_word(house, text, case_number=number) for text in ("一", "二", "三")))

    near(house, wechat, settled(house))

    assert wechat.pushed == [(YANG, "一")]
    assert states(house, YANG)[-3:] == ["sent", "dead", "dead"]
    assert tasks(house).count(("phone", "not_reached")) == 1


def test_who_unsubscribes_gets_no_further_word_and_a_helper_is_told_once(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> None:
        await agree(wechat, YANG)
        house.clock.pass_by(seconds=1)
        number = with_case(house, "wechat", YANG)
        queue(house, a_word(house, "一", case_number=number, not_before=FAR))
        left = wechat.leaves(YANG)
        assert (await wechat.posts(left)).text == "success"
        assert (await wechat.posts(left)).text == "success"
        queue(house, a_word(house, "二", case_number=number))
        await settled(house)

    near(house, wechat, go())

    assert wechat.pushed == []
    assert states(house, YANG)[-2:] == ["dead", "dead"]
    assert tasks(house).count(("phone", "not_reached")) == 1
    assert out_of_reach(house)


def out_of_reach(house: House) -> bool:
    found = house.writer.read(lambda work: work.conversations.get("wechat", YANG))
    return found is not None and found.unreachable_since is not None


def test_who_leaves_before_there_is_a_case_is_phoned_too_if_there_was_a_yes(
    house: House, wechat: WeChatServer
) -> None:
    async def go(yes: bool) -> None:
        await (agree(wechat, YANG) if yes else wechat.says(YANG, "你好"))
        house.clock.pass_by(seconds=1)
        await wechat.posts(wechat.leaves(YANG))

    near(house, wechat, go(yes=False))
    assert ("phone", "not_reached") not in tasks(house)
    near(house, wechat, go(yes=True))

    assert out_of_reach(house)
    assert tasks(house).count(("phone", "not_reached")) == 1


def test_who_has_come_back_keeps_the_words_since_though_the_farewell_comes_late(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> None:
        await agree(wechat, YANG)
        left = wechat.leaves(YANG)
        house.clock.pass_by(minutes=2)
        await wechat.happens(YANG, "subscribe")
        queue(house, a_word(house, "又来了", at=house.clock()))
        await wechat.posts(left)
        await settled(house)

    near(house, wechat, go())

    assert wechat.pushed == [(YANG, "又来了")]
    assert not out_of_reach(house)


# order


def test_a_word_on_its_way_is_not_overtaken_by_the_answer(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> None:
        await agree(wechat, YANG)
        wechat.holds = asyncio.Event()
        queue(house, a_word(house, "先来的"))
        await until(lambda: "sending" in states(house, YANG))
        said = asyncio.create_task(wechat.says(YANG, "查进度"))
        await until(lambda: "查进度" in kept(house, YANG)[0])
        await asyncio.sleep(0.15)
        assert not said.done()
        wechat.holds.set()
        await said
        await settled(house)

    near(house, wechat, go())

    assert wechat.texts(YANG).index("先来的") == 2
    assert "还没有登记的案件" in "".join(wechat.texts(YANG)[3:])
    assert set(states(house, YANG)) == {"sent"}


def test_words_that_wait_come_before_the_answer_in_one_message(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> str | None:
        await agree(wechat, YANG)
        queue(house, a_word(house, "先来的", not_before=FAR))
        return await wechat.says(YANG, "查进度")

    answer = near(house, wechat, go())

    assert answer is not None
    assert answer.startswith("先来的\n\n")
    assert set(states(house, YANG)) == {"sent"}
    assert wechat.pushed == []


def test_what_one_answer_does_not_hold_follows_it_at_once_and_in_order(
    house: House, wechat: WeChatServer
) -> None:
    long = [sign * 400 for sign in "甲乙丙"]

    async def go() -> str | None:
        await agree(wechat, YANG)
        queue(house, *(a_word(house, text, not_before=FAR) for text in long))
        answer = await wechat.says(YANG, "查进度")
        await settled(house)
        return answer

    answer = near(house, wechat, go())

    assert answer == long[0]
    assert [text for _, text in wechat.pushed][:2] == long[1:]
    assert set(states(house, YANG)) == {"sent"}


def test_a_reminder_that_holds_no_longer_is_not_given_with_an_answer(
    house: House, wechat: WeChatServer
) -> None:
    async def go() -> str | None:
        await agree(wechat, YANG)
        number = with_case(house, "wechat", YANG, stage=Stage.WITHDRAWN)
        word = a_word(house, "明天见面", unasked=True, key="k", case_number=number)
        queue(house, replace(word, not_before=FAR))
        return await wechat.says(YANG, "你好")

    answer = near(house, wechat, go())

    assert answer is not None
    assert "明天见面" not in answer
    assert states(house, YANG).count("dead") == 1


def test_an_answer_counts_as_sent_only_once_it_was_written(
    house: House, wechat: WeChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.channels import wechat_answer

    seen: list[list[str]] = []
    sealed = wechat_answer.Given.__call__

    async def look(given: Any, *asgi: Any) -> None:
        seen.append(states(house, YANG))
        await sealed(given, *asgi)

    monkeypatch.setattr(wechat_answer.Given, "__call__", look)
    near(house, wechat, wechat.says(YANG, "你好"))

    assert seen == [["sending"]]
    assert states(house, YANG) == ["sent"]


@pytest.mark.parametrize("is_dropped", [True, False])
def test_an_answer_to_a_line_that_was_dropped_meanwhile_counts_as_unknown(
    is_dropped: bool,
) -> None:
    written: list[str] = []
    settled: list[bool] = []

    async def receive() -> dict[str, Any]:
        if not is_dropped:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        written.append(message["type"])

    async def settle(was_given: bool) -> None:
        settled.append(was_given)

    scope = {"type": "http", "method": "POST", "path": "/wechat", "headers": []}
    answer = Given(b"<xml/>", Request(scope, receive), settle)
    asyncio.run(answer(scope, receive, send))

    assert settled == [not is_dropped]
    assert bool(written) is not is_dropped
