"""WeChat while something fails: too many words, a database away, a process that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from bot.guards import SENTENCES
from tests.bot.outage import Outage
from tests.bot.webhouse import House, build_house
from tests.bot.wechat_peer import Line, WeChatServer
from tests.bot.wechathouse import YANG, kept, near, states


def test_who_writes_faster_than_a_person_can_is_told_so(
    no_time_passes_for_budgets: None, house: House, wechat: WeChatServer
) -> None:
    async def go() -> list[str | None]:
        return list(await asyncio.gather(*(wechat.says(YANG, "你好") for _ in range(40))))

    answers = near(house, wechat, go())

    assert answers.count(SENTENCES[429]) == 10
    assert len(kept(house, YANG)[0]) == 30


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
from tests.bot.wechathouse import YANG, far

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
