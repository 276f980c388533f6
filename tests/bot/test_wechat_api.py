"""Calls to WeChat: the token, what becomes of a word, and how its parts and choices look."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.channels.wechat_api import WeChatApi, WeChatPeer
from bot.channels.wechat_words import as_text, parts, size
from bot.delivery import Gone, MaybeSent, NotSent
from bot.evidence.exhibit import LIMIT, NotTaken
from tests.bot.loopback import PATIENCE_SECONDS, on_loopback
from tests.bot.webhouse import House
from tests.bot.wechat_peer import BROKEN, BUSY, SILENT, Fault, WeChatServer
from tests.bot.wechat_sealing import ACCOUNT
from tests.bot.wechathouse import YANG, agree, near


def calling(wechat: WeChatServer, *jobs: Any, account: Any = ACCOUNT) -> list[Any]:
    """Let calls run at once on one connection to WeChat; returns what became of each."""

    async def be_patient(request: httpx.Request) -> None:
        """Wait long for an answer, and not long for one that never comes."""
        seconds = 0.1 if wechat.withholds_answer_to(request.url.path) else PATIENCE_SECONDS
        request.extensions["timeout"] = httpx.Timeout(seconds).as_dict()

    async def go() -> list[Any]:
        api = WeChatApi(account, wechat.url)
        api._client.event_hooks = {"request": [be_patient]}
        try:
            return await asyncio.gather(*(job(api) for job in jobs), return_exceptions=True)
        finally:
            await api.close()

    return asyncio.run(go())


def say(text: str, to: str = YANG) -> Any:
    return lambda api: WeChatPeer(api).send(to, text, ())


# the token


def test_twenty_who_send_at_once_renew_the_token_once(house: House, wechat: WeChatServer) -> None:
    near(house, wechat, agree(wechat, YANG))
    wechat.renewals.clear()
    wechat.is_over(YANG, 40)

    first = calling(wechat, *(say(f"第{number}句") for number in range(20)))

    assert first == [None] * 20
    assert wechat.renewals == [False]
    assert len(wechat.pushed) == 20


def test_a_token_that_has_ended_is_renewed_once_for_all_who_were_refused(
    house: House, wechat: WeChatServer
) -> None:
    near(house, wechat, agree(wechat, YANG))
    wechat.is_over(YANG, 50)

    async def twice(api: WeChatApi) -> list[Any]:
        await WeChatPeer(api).send(YANG, "一", ())
        wechat.expire()
        wechat.renewals.clear()
        sends = (WeChatPeer(api).send(YANG, f"第{number}句", ()) for number in range(20))
        return await asyncio.gather(*sends, return_exceptions=True)

    assert calling(wechat, twice) == [[None] * 20]
    assert wechat.renewals == [False]
    assert len(wechat.pushed) == 21


def test_of_two_processes_each_has_the_token_of_the_other_and_none_is_forced(
    house: House, wechat: WeChatServer
) -> None:
    near(house, wechat, agree(wechat, YANG))
    wechat.tokens = 0
    wechat.expire()

    for text in ("一", "二"):
        assert calling(wechat, say(text)) == [None]

    assert wechat.tokens == 1
    assert True not in wechat.renewals


def test_a_token_that_wechat_gives_and_refuses_is_renewed_by_force_and_only_then(
    house: House, wechat: WeChatServer
) -> None:
    near(house, wechat, agree(wechat, YANG))
    wechat.renewals.clear()
    wechat.refuse_token()

    assert calling(wechat, say("一")) == [None]
    assert wechat.renewals == [False, False, True]


def test_a_secret_that_wechat_refuses_is_named_without_being_shown(
    house: House, wechat: WeChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = replace(ACCOUNT, secret="f" * 32)

    outcome = calling(wechat, say("一"), account=wrong)

    assert outcome == [NotSent(timedelta(minutes=10))]
    assert wrong.secret not in caplog.text
    assert wrong.secret not in repr(wrong)


# what WeChat answers


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (BUSY, NotSent(timedelta(seconds=10))),
        (Fault(45009), NotSent(timedelta(hours=1))),
        (Fault(45011), NotSent(timedelta(minutes=1))),
        (Fault(40164), NotSent(timedelta(minutes=10))),
        (Fault(48001), NotSent(timedelta(minutes=10))),
        (Fault(45015), Gone()),
        (Fault(45047), Gone()),
        (Fault(43004), Gone()),
        (Fault(40003), Gone()),
        (Fault(99999), Gone()),
        (BROKEN, MaybeSent()),
        (SILENT, MaybeSent()),
    ],
    ids=lambda each: str(getattr(each, "code", "")),
)
def test_what_wechat_answers_is_sorted_by_what_became_of_the_word(
    house: House, wechat: WeChatServer, fault: Fault, outcome: Exception
) -> None:
    near(house, wechat, agree(wechat, YANG))
    wechat.fails(fault)

    (became,) = calling(wechat, say("一"))

    assert type(became) is type(outcome)
    assert became == outcome or isinstance(outcome, Gone | MaybeSent)


@pytest.mark.parametrize("fault", [BROKEN, SILENT, BUSY])
def test_while_no_token_can_be_had_nothing_was_sent(
    house: House, wechat: WeChatServer, fault: Fault
) -> None:
    wechat.fails(fault, "stable_token")

    (became,) = calling(wechat, say("一"))

    assert isinstance(became, NotSent)


def test_where_nobody_listens_nothing_was_sent(house: House) -> None:
    with on_loopback(lambda *_: None) as url:
        gone = WeChatServer(house.clock, url=url)

    assert isinstance(calling(gone, say("一"))[0], NotSent)


def test_a_word_too_long_for_one_message_comes_in_parts_and_none_is_cut_within_a_sign(
    house: House, wechat: WeChatServer
) -> None:
    near(house, wechat, agree(wechat, YANG))
    text = "\n".join(["长话" * 400, "短说", "😀" * 600])

    assert calling(wechat, say(text)) == [None]

    told = [part for _, part in wechat.pushed]
    assert len(told) == 4
    assert "".join(told).replace("\n", "") == text.replace("\n", "")


def test_parts_of_which_the_first_has_gone_may_have_been_sent(
    house: House, wechat: WeChatServer
) -> None:
    near(house, wechat, agree(wechat, YANG))

    async def half(api: WeChatApi) -> None:
        peer, sent = WeChatPeer(api), 0

        async def once(to: str, text: str) -> None:
            nonlocal sent
            sent += 1
            if sent == 2:
                raise NotSent

        peer._send = once  # type: ignore[method-assign]
        await peer.send(YANG, "长" * 1000, ())

    assert isinstance(calling(wechat, half)[0], MaybeSent)


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    house: House, wechat: WeChatServer
) -> None:
    wechat.media["m-1"] = ("image/jpeg", b"x" * (LIMIT + 1))

    (became,) = calling(wechat, lambda api: api.media("m-1"))

    assert isinstance(became, NotTaken)


# how words look


@pytest.mark.parametrize("mark", ["1", "A"])
def test_a_choice_is_shown_with_the_mark_that_is_read_for_it(mark: str) -> None:
    offered = [{"id": "a:b", "label": "甲", "mark": mark}, {"id": "a:c", "label": "乙"}]

    assert as_text("话", offered) == f"话\n{mark}. 甲\n· 乙"
    assert as_text("话", offered, is_last=False) == "话\n· 甲\n· 乙"


def test_no_part_is_longer_than_wechat_takes() -> None:
    for text in ("", "短", "长" * 3000, "\n" * 5000, "ab\n" * 2000, "😀" * 2000):
        assert all(size(part) <= 2048 for part in parts(text))
