"""WeChat's own interface, as far as it is used: one access token, customer-service messages, menu.

https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ssl import SSLContext
from time import monotonic
from typing import Any, TypeVar

import httpx

from bot.channels.wechat_words import as_text, parts
from bot.delivery import Gone, MaybeSent, NotSent
from bot.evidence.desk import NotFetched
from bot.evidence.exhibit import LIMIT, NotTaken
from bot.settings import WeChatAccount

API = "https://api.weixin.qq.com"
ANSWER_SECONDS = 10.0
RENEW_SECONDS = 120  # before a token ends; WeChat gives the next one from 300 s before on
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
STALE_TOKEN = frozenset({40001, 40014, 42001})
# Nothing was done, and it may be done later: busy, too often, or a fault of the account's set-up.
LATER = {
    -1: timedelta(seconds=10),
    45009: timedelta(hours=1),
    45011: timedelta(minutes=1),
    **dict.fromkeys(STALE_TOKEN, timedelta(minutes=1)),
    **dict.fromkeys((40013, 40125, 40164, 41004, 48001, 50002, 61024), timedelta(minutes=10)),
}
ACCOUNT = frozenset({40013, 40125, 41004})  # app id or secret are not WeChat's

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass
class ApiRefused(Exception):
    """WeChat's answer says that nothing was done, and why."""

    code: int


class WeChatApi:
    """Calls of one account, with the access token that all processes share.

    It is the `stable` token: WeChat gives every process the same one as long as it is valid, so it
    is written down nowhere; in this process one caller fetches it and the others wait for that. It
    is renewed by force only where WeChat refuses the very token that it gives.
    """

    def __init__(self, account: WeChatAccount, base_url: str = API) -> None:
        self._account = account
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=ANSWER_SECONDS, verify=_trusted()
        )
        self._token, self._ends_at = "", 0.0
        self._renewing = asyncio.Lock()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def call(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call with the access token, once more if it has gone stale.

        Raises ApiRefused, NotSent where the call surely did not arrive, MaybeSent where it may.
        """
        return await self._with_token(lambda token: self._post(path, body, token))

    async def media(self, media_id: str) -> bytes:
        """Return a file that somebody has sent.

        Raises NotTaken where it is too large, NotFetched where it could not be had.
        """
        try:
            return await self._with_token(lambda token: self._get(media_id, token))
        except (ApiRefused, NotSent, MaybeSent, httpx.HTTPError):
            raise NotFetched from None  # the address in the error holds the token

    async def _with_token(self, call: Callable[[str], Awaitable[T]]) -> T:
        token = await self._valid()
        try:
            return await call(token)
        except ApiRefused as refused:
            if refused.code not in STALE_TOKEN:
                raise
        return await call(await self._valid(refused=token))

    async def _valid(self, refused: str = "") -> str:
        """Return a token that is not the refused one; concurrent callers cause one renewal."""
        async with self._renewing:
            if self._token in {"", refused} or monotonic() >= self._ends_at:
                await self._renew(by_force=False)
            if self._token == refused:
                await self._renew(by_force=True)
            return self._token

    async def _renew(self, by_force: bool) -> None:
        wanted = {
            "grant_type": "client_credential",
            "appid": self._account.app_id,
            "secret": self._account.secret,
            "force_refresh": by_force,
        }
        try:
            given = await self._post("/cgi-bin/stable_token", wanted)
        except MaybeSent:
            raise NotSent from None  # of the word: nothing was said to anybody
        self._token = str(given.get("access_token", ""))
        self._ends_at = monotonic() + max(int(given.get("expires_in", 0)) - RENEW_SECONDS, 1)

    async def _post(self, path: str, body: Mapping[str, Any], token: str = "") -> Mapping[str, Any]:
        content = json.dumps(body, ensure_ascii=False).encode()  # \\u... would arrive as it stands
        headers = {"content-type": "application/json; charset=utf-8"}
        query = {"access_token": token} if token else {}
        try:
            answer = await self._client.post(path, params=query, content=content, headers=headers)
        except httpx.HTTPError as lost:
            raise (NotSent() if isinstance(lost, NEVER_LEFT) else MaybeSent()) from None
        return _read(answer)

    async def _get(self, media_id: str, token: str) -> bytes:
        query = {"access_token": token, "media_id": media_id}
        data = bytearray()
        async with self._client.stream("GET", "/cgi-bin/media/get", params=query) as answer:
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > LIMIT:
                    raise NotTaken("too_large")
        kind = answer.headers.get("content-type", "")
        if answer.status_code == httpx.codes.OK and kind.split("/")[0] in {"image", "audio"}:
            return bytes(data)
        _read(httpx.Response(answer.status_code, content=bytes(data)))  # its words say why not
        raise NotFetched


@cache
def _trusted() -> SSLContext:
    """Return whom we trust; reading the certificates takes 30 ms."""
    return httpx.create_ssl_context()


def _read(answer: httpx.Response) -> Mapping[str, Any]:
    """Return the answer's data; a gateway's page says nothing of what became of the call."""
    try:
        data = answer.json() if answer.status_code == httpx.codes.OK else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise MaybeSent
    if data.get("errcode", 0) != 0:
        raise ApiRefused(int(data["errcode"]))
    return data


class WeChatPeer:
    """Sends words as customer-service messages; refusals are sorted by what is to be done.

    WeChat takes them for 48 hours after a person's last message, five at most; after a scan, a
    click or a subscription for a minute, three at most. It keeps that count, not we: what it
    refuses as too late or too many is as if the person could not be reached, and a helper phones.
    """

    def __init__(self, api: WeChatApi) -> None:
        self._api = api

    async def send(self, to: str, text: str, choices: Sequence[Mapping[str, str]]) -> None:
        """Send one word, in parts if it is long."""
        for place, part in enumerate(parts(as_text(text, choices))):
            try:
                await self._send(to, part)
            except NotSent as not_sent:
                raise (MaybeSent() if place else not_sent) from None

    async def _send(self, to: str, text: str) -> None:
        message = {"touser": to, "msgtype": "text", "text": {"content": text}}
        try:
            await self._api.call("/cgi-bin/message/custom/send", message)
        except ApiRefused as refused:
            log.warning("WeChat refused a word: %s", refused.code)
            later = LATER.get(refused.code)
            raise (Gone() if later is None else NotSent(later)) from None
