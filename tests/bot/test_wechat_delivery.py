"""Words that WeChat is sent: its token, its windows, its refusals, and their order."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from starlette.requests import Request

from bot.channels.wechat_answer import Given
from bot.channels.wechat_api import WeChatApi, WeChatPeer
from bot.channels.wechat_words import as_text, parts, size
from bot.delivery import Gone, MaybeSent, NotSent
from bot.evidence.exhibit import LIMIT, NotTaken
from bot.guards import SENTENCES
from bot.lanes import Lanes
from bot.turns import Turns
from domain.case import Stage
from domain.conversation import OutboxState, OutWord
from storage.writer import Writer
from tests.bot.outage import Outage
from tests.bot.webhouse import House, build_house
from tests.bot.wechat_peer import (
    ACCOUNT,
    BROKEN,
    BUSY,
    SILENT,
    Fault,
    Line,
    WeChatServer,
    on_loopback,
    until,
    wechat_line,
)
from tests.bot.wechathouse import agree, kept, near, settled, states, tasks, with_case
from tests.conftest import NOW

YANG = "oYang_0123456789abcdefghij"
FAR = NOW + timedelta(days=300)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with wechat_line() as line:
        yield line


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path)
    yield house
    house.writer.close()


@pytest.fixture
def wechat(line: Line, house: House) -> Iterator[WeChatServer]:
    with line.serving(house.clock) as server:
        yield server


def calling(wechat: WeChatServer, *jobs: Any, account: Any = ACCOUNT) -> list[Any]:
    """Let calls run at once on one connection to WeChat; returns what became of each."""

    async def go() -> list[Any]:
        api = WeChatApi(account, wechat.url)
        api._client.timeout = httpx.Timeout(0.5)
        try:
            return await asyncio.gather(*(job(api) for job in jobs), return_exceptions=True)
        finally:
            await api.close()

    return asyncio.run(go())


def say(text: str, to: str = YANG) -> Any:
    return lambda api: WeChatPeer(api).send(to, text, ())


def queue(house: House, *words: OutWord) -> None:
    house.writer.submit(lambda work: work.outbox.add(words)).result()


def a_word(house: House, text: str, **more: Any) -> OutWord:
    """Return a word to Yang, who has written, that is to go at once."""
    word = kept(house, YANG)[1][0]
    fresh = replace(word, text=text, choices=(), key=None, state=OutboxState.QUEUED)
    return replace(fresh, **{"not_before": None} | more)


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


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    house: House, wechat: WeChatServer
) -> None:
    wechat.media["m-1"] = ("image/jpeg", b"x" * (LIMIT + 1))

    (became,) = calling(wechat, lambda api: api.media("m-1"))

    assert isinstance(became, NotTaken)


# faults


def test_who_writes_faster_than_a_person_can_is_told_so(house: House, wechat: WeChatServer) -> None:
    async def go() -> list[str | None]:
        return list(await asyncio.gather(*(wechat.says(YANG, "你好") for _ in range(40))))

    answers = near(house, wechat, go())

    told = answers.count(SENTENCES[429])
    assert told > 0
    assert len(kept(house, YANG)[0]) == 40 - told


def test_where_too_many_wait_it_is_said_and_the_message_was_not_taken(
    line: Line, tmp_path: Path
) -> None:
    house = build_house(tmp_path, waiting_limit=0)
    with line.serving(house.clock) as wechat:
        answer = near(house, wechat, wechat.says(YANG, "你好"))

    left = kept(house, YANG)
    house.writer.close()
    assert answer == SENTENCES[503]
    assert left == ([], [])


@pytest.fixture
def on_any(writer: Writer, tmp_path: Path) -> House:
    """A house on each of the two databases in turn."""
    house = build_house(tmp_path)
    house.writer.close()
    turns = Turns(writer, house.interpreter, house.catalogue, house.renderer, house.clock)
    return replace(house, writer=writer, turns=turns, lanes=Lanes(turns, writer))


def test_a_short_outage_is_waited_out(
    on_any: House, line: Line, engine: Engine, request: pytest.FixtureRequest
) -> None:
    outage = Outage(engine, request)

    async def go() -> str | None:
        await wechat.says(YANG, "你好")
        outage.begin()
        waiting = asyncio.create_task(wechat.says(YANG, "在吗"))
        await asyncio.sleep(0.1)
        outage.end()
        return await waiting

    try:
        with line.serving(on_any.clock) as wechat:
            answer = near(on_any, wechat, go())
    finally:
        outage.end()

    assert answer not in {None, SENTENCES[500]}
    assert len(kept(on_any, YANG)[0]) == 2


def test_while_the_database_stays_away_people_are_told_and_nothing_counts_as_taken(
    house: House, wechat: WeChatServer
) -> None:
    house.writer.close()
    message = wechat.message(YANG, "text", Content="你好")

    answer = near(house, wechat, wechat.brings(YANG, message), answer_seconds=0.2)

    assert answer == SENTENCES[500]
    with build_again(house) as again:
        assert kept(again, YANG) == ([], [])
        assert near(again, wechat, wechat.brings(YANG, message)) != SENTENCES[500]
        assert len(kept(again, YANG)[0]) == 1


@contextmanager
def build_again(house: House) -> Iterator[House]:
    again = build_house(house.settings.data)
    yield again
    again.writer.close()


PROCESS = """
import sys, time
from pathlib import Path
from bot.channels import wechat_answer
from tests.bot.webhouse import build_house
from tests.bot.wechat_peer import WeChatServer
from tests.bot.wechathouse import far

async def stuck(given, *asgi):
    print("answering", flush=True)
    time.sleep(60)

wechat_answer.Given.__call__ = stuck
house = build_house(Path(sys.argv[1]))
wechat = WeChatServer(house.clock, url=sys.argv[2])
with far(house, wechat):
    print(wechat.callback, flush=True)
    time.sleep(60)
"""


def test_a_process_that_is_killed_while_it_answers_leaves_the_answer_to_the_next(
    house: House, wechat: WeChatServer
) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(house.settings.data), wechat.url],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.stdout is not None
    wechat.callback = killed.stdout.readline().strip()
    message = wechat.message(YANG, "text", Content="你好")

    async def go() -> str | None:
        first = asyncio.create_task(wechat.posts(message))
        await asyncio.to_thread(killed.stdout.readline)
        os.kill(killed.pid, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            await first
        assert states(house, YANG) == ["sending"]
        return None

    asyncio.run(go())
    killed.wait()
    killed.stdout.close()
    answer = near(house, wechat, wechat.brings(YANG, message))

    assert answer is not None
    assert answer.startswith(kept(house, YANG)[1][0].text)
    assert len(kept(house, YANG)[0]) == 1
    assert states(house, YANG) == ["sent"]
    assert wechat.pushed == []


# how words look


def choices(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"id": id_, "label": label} for id_, label in pairs]


@pytest.mark.parametrize(
    ("offered", "shown"),
    [
        (choices(("a:b", "甲"), ("a:c", "乙")), "1. 甲\n2. 乙"),
        (
            choices(("fact:amount:unknown", "不晓得"), ("do:person", "找真人帮忙")),
            "· 不晓得\n· 找真人帮忙",
        ),
        (
            choices(("do:safe", "我现在安全"), ("do:person", "找真人帮忙")),
            "· 我现在安全\n· 找真人帮忙",
        ),
        (choices(("do:person", "找真人帮忙")), "· 找真人帮忙"),
    ],
)
def test_choices_are_numbered_where_a_number_is_understood_as_one(
    offered: list[dict[str, str]], shown: str
) -> None:
    assert as_text("话", offered) == f"话\n{shown}"
    assert as_text("话", offered, is_last=False).count("·") == len(offered)


def test_no_part_is_longer_than_wechat_takes() -> None:
    for text in ("", "短", "长" * 3000, "\n" * 5000, "ab\n" * 2000, "😀" * 2000):
        assert all(size(part) <= 2048 for part in parts(text))
