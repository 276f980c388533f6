"""The WeChat official account: callbacks are answered at once where that is possible.

WeChat waits five seconds for the answer to a callback, drops the line then, and brings the same
message again, twice at most. What a turn says within four seconds is the answer; the rest, and all
that comes later, leaves through the outbox as customer-service messages. What was given in an
answer that did not get through is given again when WeChat asks again, else by the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.commands import COMMANDS
from bot.channels.opening import Channel
from bot.channels.wechat_answer import PAUSE_SECONDS, Answers, Given
from bot.channels.wechat_api import ACCOUNT, API, ApiRefused, WeChatApi, WeChatPeer
from bot.channels.wechat_callback import BODY_LIMIT, CallbackRefused, Envelope, reply_xml
from bot.channels.wechat_incoming import (
    CHANNEL,
    LEFT,
    Fields,
    event_of,
    incoming_of,
    media_of,
    moment_of,
    sender_of,
)
from bot.delivery import (
    Delivery,
    MaybeSent,
    NotSent,
    lose_touch,
)
from bot.guards import SENTENCES, Budget, limited
from bot.lanes import Busy
from bot.messages import Incoming, Taken
from bot.served import Served
from bot.settings import WeChatAccount
from domain.conversation import OutboxState
from domain.ports import UnitOfWork

ANSWER_SECONDS = 4.0  # of WeChat's five; what is ready by then is the answer
MESSAGES_A_MINUTE = 30  # of one person
PAUSE_AT_START = 10.0  # while WeChat does not answer
MENU = ("person", "status", "undo")
ACCEPTED = "success"  # tells WeChat that there is nothing to answer

T = TypeVar("T")
log = logging.getLogger(__name__)


class WeChat:
    """The callbacks of one official account."""

    def __init__(
        self,
        served: Served,
        envelope: Envelope,
        wake: Callable[[], None],
        fetch: Callable[[str], Awaitable[bytes]],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._served = served
        self._envelope = envelope
        self._wake = wake
        self._fetch = fetch
        self._answer_seconds = answer_seconds
        self._answers = Answers(served)
        self._messages = Budget(MESSAGES_A_MINUTE)

    def routes(self) -> list[BaseRoute]:
        """Return the one route, which is set up in WeChat's console."""
        return [
            Route("/wechat", self.show, methods=["GET"]),
            Route("/wechat", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Prove to WeChat that this address is ours."""
        try:
            return PlainTextResponse(self._envelope.echo(request.query_params))
        except CallbackRefused as refused:
            return self._refused(refused)

    async def take(self, request: Request) -> Response:
        """Take a message or an event; it is acknowledged only once it is committed."""
        ends_at = monotonic() + self._answer_seconds
        try:
            body = await limited(request, BODY_LIMIT).body()
            fields = self._envelope.open(request.query_params, body)
            if event_of(fields) == LEFT:
                return await self._part_with(fields)
            incoming = incoming_of(fields)
        except HTTPException as fault:
            word = "large" if fault.status_code == 413 else "slow"
            return self._refused(CallbackRefused(fault.status_code, word))
        except CallbackRefused as refused:
            return self._refused(refused)
        if incoming is None:
            return PlainTextResponse(ACCEPTED)
        if not self._messages.spend(incoming.sender):
            return self._sealed(fields, SENTENCES[429])
        incoming = await self._with_file(incoming, media_of(fields))
        return await self._answered(request, fields, incoming, ends_at)

    def _refused(self, refused: CallbackRefused) -> Response:
        self._served.lanes.meters.refused(refused.word)
        return PlainTextResponse(refused.word, refused.status)

    async def _answered(
        self, request: Request, fields: Fields, incoming: Incoming, ends_at: float
    ) -> Response:
        try:
            taken = await self._taken(incoming, ends_at)
        except Busy:
            return self._sealed(fields, SENTENCES[503])
        except Exception as error:
            log.error("message %s was not taken: %s", incoming.message_id, type(error).__name__)
            return self._sealed(fields, SENTENCES[500])
        answer = await self._answers.claim(request, taken.conversation_id, incoming, ends_at)
        self._wake()  # for what the answer does not hold
        if answer is None:
            return PlainTextResponse(ACCEPTED)
        content = self._sealed(fields, answer.text).body
        return Given(content, request, partial(self._answers.settle, answer))

    async def _with_file(self, incoming: Incoming, media_id: str | None) -> Incoming:
        """Fetch what was sent, keep it if it may be kept, and say which became of it."""
        if incoming.attachment is None or media_id is None:
            return incoming
        origin = (CHANNEL, incoming.sender, incoming.message_id)
        fetch = partial(self._fetch, media_id)
        kept = await self._served.evidence.receive(origin, incoming.attachment.kind, fetch)
        return replace(incoming, attachment=kept)

    def _sealed(self, fields: Fields, text: str) -> Response:
        now = self._served.clock()
        xml = reply_xml(sender_of(fields), fields.get("ToUserName", ""), text, now)
        return Response(self._envelope.seal(xml), media_type="application/xml")

    async def _taken(self, incoming: Incoming, ends_at: float) -> Taken:
        """Take the message; a short fault is waited out, a longer one is the caller's."""
        while True:
            try:
                return await self._served.lanes.take(incoming)
            except Busy:
                raise
            except Exception as error:
                if monotonic() > ends_at:
                    raise
                log.warning(
                    "message %s is not taken yet: %s", incoming.message_id, type(error).__name__
                )
                await asyncio.sleep(PAUSE_SECONDS)

    async def _part_with(self, fields: Fields) -> Response:
        """Somebody has unsubscribed: what waits for them goes no more, and a helper phones."""
        sender, at = sender_of(fields), moment_of(fields)
        try:
            await self._do(lambda work: self._give_up_all(work, sender, at))
        except Exception as error:
            log.error("a farewell was not taken: %s", type(error).__name__)
            return PlainTextResponse("later", 503)
        return PlainTextResponse(ACCEPTED)

    def _give_up_all(self, work: UnitOfWork, sender: str, at: int) -> None:
        conversation = work.conversations.get(CHANNEL, sender)
        if conversation is None:
            return
        now = self._served.clock()
        for each in work.outbox.answering(conversation.id, "", now) or ():
            if each.word.at.timestamp() < at + 1:  # not those since, should this come late
                work.outbox.mark(each.word.id, OutboxState.DEAD)
        if conversation.updated_at.timestamp() < at + 1:  # nor who has come back since
            conversation = work.conversations.by_id(conversation.id) or conversation
            lose_touch(work, conversation, conversation.case_number, now)

    async def _do(self, job: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._served.writer.submit(job))


@asynccontextmanager
async def delivering(
    delivery: Delivery, api: WeChatApi, pause_seconds: float = PAUSE_AT_START
) -> AsyncIterator[None]:
    """Deliver from the outbox while inside; WeChat being away, at the start too, only delays."""
    jobs = [
        asyncio.create_task(delivery.run()),
        asyncio.create_task(_set_menu(api, pause_seconds)),
    ]
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await api.close()


async def _set_menu(api: WeChatApi, pause_seconds: float) -> None:
    """Place the menu; what WeChat refuses here is told to whoever runs the house."""
    buttons = [{"type": "click", "name": COMMANDS[key], "key": key} for key in MENU]
    while True:
        try:
            await api.call("/cgi-bin/menu/create", {"button": buttons})
        except ApiRefused as refused:
            log.error("WeChat refuses the menu with code %s; %s", refused.code, _advice(refused))
            return
        except (NotSent, MaybeSent):
            log.warning("WeChat cannot be reached yet")
            await asyncio.sleep(pause_seconds)
        else:
            log.info("WeChat is on")
            return


def _advice(refused: ApiRefused) -> str:
    if refused.code in ACCOUNT:
        return "copy HEJIE_WECHAT_APP_ID and HEJIE_WECHAT_SECRET anew from 公众平台"
    return "see 全局返回码 in WeChat's documentation; the chat itself goes on"


def open_wechat(
    served: Served,
    account: WeChatAccount,
    base_url: str = API,
    answer_seconds: float = ANSWER_SECONDS,
    pause_seconds: float = PAUSE_AT_START,
) -> Channel:
    """Return the channel of an account."""
    api = WeChatApi(account, base_url)
    delivery = Delivery(served.writer, CHANNEL, WeChatPeer(api), served.clock)
    envelope = Envelope(account, served.clock)
    wechat = WeChat(served, envelope, delivery.wake, api.media, answer_seconds)
    return Channel(wechat.routes(), lambda: delivering(delivery, api, pause_seconds))


def channel(served: Served) -> Channel | None:
    """Return WeChat where an account is set."""
    account = served.settings.wechat
    return open_wechat(served, account) if account else None
