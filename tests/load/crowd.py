"""Citizens in whole conversations: some on the web chat, some whose updates Telegram pushes."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.benchmarks.story import Citizen
from tests.bot.telegram_peer import BOT_ID, BotApi
from tests.bot.telegram_rules import Said
from tests.hostile.serve import SECRET
from tests.hostile.town import JSON
from tests.hostile.wire import Answer, Attempt, send

SHED = frozenset({429, 503})
PUSH_AGAIN_SECONDS = 1.0  # Telegram brings again what was answered with 5xx
WORDS_SECONDS = 60.0  # how long somebody on Telegram waits for an answer


@dataclass(frozen=True)
class Sent:
    """One try to have a message taken. `seconds` count from when it was meant to be sent."""

    channel: str
    message_id: str
    status: int
    seconds: float
    at: float
    words: tuple[int, ...] = ()
    refusal: Answer | None = None


@dataclass
class Crowd:
    """Everybody, and what became of all that they sent."""

    port: int
    api: BotApi
    sent: list[Sent] = field(default_factory=list)
    told: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    chats: Any = field(default_factory=lambda: itertools.count(1))
    pushing: set[asyncio.Task[None]] = field(default_factory=set)
    _seen: int = 0

    def heard(self, chat: int) -> list[Said]:
        """Return what the bot has said to a chat; each message is looked at once."""
        said = self.api.said
        for each in said[self._seen : (end := len(said))]:
            self.told[each.chat].append(each)
        self._seen = end
        return self.told[chat]

    def note(
        self,
        channel: str,
        message_id: str,
        answer: Answer,
        waited: tuple[float, float],
        words: tuple[int, ...] = (),
    ) -> None:
        refusal = answer if answer.status in SHED else None
        self.sent.append(Sent(channel, message_id, answer.status, *waited, words, refusal))


class OnTheWeb:
    """Somebody at the web chat, with an address and a cookie of their own."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._story = Citizen(f"w{number}")
        self._source = f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"
        self._sender, self._cookie = "", b""
        self._offered: list[str] = []
        self._pending: bytes | None = None
        self._id = ""

    async def say(self, meant_at: float) -> None:
        """Say the next thing; what was not taken is said again, under its id, next time."""
        if self._pending is None:
            said = self._story.say(self._offered)
            if self._sender != self._story.sender:
                self._sender, self._cookie = self._story.sender, b""
            self._id = self._story.message_id()
            self._pending = json.dumps({"id": self._id} | said).encode()
        headers = (JSON, *(((b"Cookie", self._cookie),) if self._cookie else ()))
        attempt = Attempt("web", b"POST", b"/chat/messages", headers, self._pending)
        answer = await send(self._crowd.port, attempt, self._source)
        words = self._hear(answer) if answer.status == 200 else ()
        took = time.perf_counter() - meant_at
        self._crowd.note("webchat", self._id, answer, (took, meant_at), words)

    def _hear(self, answer: Answer) -> tuple[int, ...]:
        self._pending = None
        if cookie := answer.fields.get("set-cookie"):
            self._cookie = cookie.partition(";")[0].encode()
        replies = json.loads(answer.body)["replies"]
        self._offered = [choice["id"] for reply in replies for choice in reply["choices"]]
        return tuple(reply["id"] for reply in replies)

    async def reads(self) -> None:
        """Wait until there is something to answer."""


class OnTelegram:
    """Somebody on Telegram, whose updates are pushed one after the other."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._story = Citizen(f"t{number}")
        self._sender, self._chat = "", 0
        self._read = 0
        self._is_pushed: asyncio.Task[None] | None = None

    async def say(self, meant_at: float) -> None:
        """Have the next update pushed; a shed one is brought again, beside, until it is taken."""
        if self._is_pushed is not None and not self._is_pushed.done():
            return
        update = self._update()
        if not await self._push(update, meant_at):
            self._is_pushed = asyncio.create_task(self._push_again(update))
            self._crowd.pushing.add(self._is_pushed)

    async def _push_again(self, update: dict[str, Any]) -> None:
        while True:
            await asyncio.sleep(PUSH_AGAIN_SECONDS)
            if await self._push(update, time.perf_counter()):
                return

    async def _push(self, update: dict[str, Any], meant_at: float) -> bool:
        headers = ((b"X-Telegram-Bot-Api-Secret-Token", SECRET.encode()), JSON)
        body = json.dumps(update).encode()
        attempt = Attempt("telegram", b"POST", b"/telegram", headers, body)
        answer = await send(self._crowd.port, attempt)
        took = time.perf_counter() - meant_at
        message_id = f"{BOT_ID}:{update['update_id']}"
        self._crowd.note("telegram", message_id, answer, (took, meant_at))
        return answer.status == 200

    def _update(self) -> dict[str, Any]:
        heard = self._crowd.heard(self._chat)
        new, self._read = heard[self._read :], len(heard)
        buttons = {data: said for said in new for _, data in said.buttons}
        said = self._story.say(list(buttons))
        if self._sender != self._story.sender:
            self._sender, self._chat, self._read = self._story.sender, next(self._crowd.chats), 0
            self._crowd.api.knows(self._chat)
        number = next(self._crowd.numbers)
        about: dict[str, Any] = {"message_id": 10**9 + number, "date": int(time.time())}
        about |= {"chat": {"id": self._chat, "type": "private", "first_name": "杨"}}
        person = {"id": self._chat, "is_bot": False, "first_name": "杨"}
        if "choice" not in said:
            return {"update_id": number, "message": about | {"from": person} | said}
        self._crowd.api.spins(f"q{number}")
        under = about | {"message_id": buttons[said["choice"]].number, "text": "…"}
        query = {"id": f"q{number}", "from": person, "chat_instance": "1", "message": under}
        return {"update_id": number, "callback_query": query | {"data": said["choice"]}}

    async def reads(self) -> None:
        """Wait until the bot has answered."""
        ends_at = time.perf_counter() + WORDS_SECONDS
        while len(self._crowd.heard(self._chat)) == self._read and time.perf_counter() < ends_at:
            await asyncio.sleep(0.25)


Person = OnTheWeb | OnTelegram


async def converse(people: Sequence[Person], seconds: float, think: float, seed: int) -> None:
    """Let everybody converse at their own pace: think, say something, wait for the answer."""
    random = Random(seed)
    ends_at = time.perf_counter() + seconds

    async def one(person: Person) -> None:
        pause = random.uniform(0, think)  # nobody begins at the same moment
        while (meant_at := time.perf_counter() + pause) < ends_at:
            await asyncio.sleep(pause)
            await person.say(meant_at)
            await person.reads()
            pause = random.expovariate(1 / think)

    await asyncio.gather(*(one(person) for person in people))


async def pour(people: Sequence[Person], rate: float, seconds: float, seed: int) -> int:
    """Send so many messages a second, whatever becomes of them; return how many nobody could say.

    Each is said by whoever waits for no answer just then.
    """
    random = Random(seed)
    idle = list(people)
    random.shuffle(idle)
    tasks: set[asyncio.Task[None]] = set()
    unsaid, due = 0, time.perf_counter()
    ends_at = due + seconds

    async def one(person: Person, meant_at: float) -> None:
        await person.say(meant_at)
        idle.insert(random.randint(0, len(idle)), person)

    while (due := due + random.expovariate(rate)) < ends_at:
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        if not idle:
            unsaid += 1
            continue
        task = asyncio.create_task(one(idle.pop(), due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return unsaid
