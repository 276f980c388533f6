"""Serves a whole house that knows which of its routes answered: `python -m tests.hostile.serve`."""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.admin.password import SETTING, hashed
from bot.app import build_app
from bot.channels import telegram, wechat
from bot.serving import config_of
from bot.settings import read_settings
from bot.web import build_web
from tests.bot.wechat_sealing import ACCOUNT

PASSWORD = "一二三四五六七八九十甲乙"
SECRET = "TheSecretOfAWebhookThatNobodyKnows"
NOWHERE = "http://127.0.0.1:9"  # nobody listens there
ENVIRONMENT = {
    "HEJIE_WECHAT_APP_ID": ACCOUNT.app_id,
    "HEJIE_WECHAT_SECRET": ACCOUNT.secret,
    "HEJIE_WECHAT_TOKEN": ACCOUNT.token,
    "HEJIE_WECHAT_AES_KEY": ACCOUNT.aes_key,
    "HEJIE_TELEGRAM_TOKEN": "123456:AAErwTestTokenOfNoRealBot",
    "HEJIE_TELEGRAM_WEBHOOK": "https://hejie.example/telegram",
    "HEJIE_TELEGRAM_SECRET": SECRET,
    "HEJIE_PUBLIC_URL": "https://hejie.example",
}
BY_ROUTE = b"x-answered-by"


@dataclass(frozen=True)
class Leaf:
    """A route, with the path that leads to it and the methods that it takes."""

    path: str
    methods: tuple[str, ...]
    endpoint: Any


def leaves(routes: Sequence[BaseRoute], before: str = "") -> Iterator[Leaf]:
    """Yield every route of an application; one of a kind that is not known here is an error."""
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from leaves(route.routes, before + route.path)
        elif isinstance(route, Mount):
            yield Leaf(f"{before}{route.path}/{{path:path}}", ("GET", "HEAD"), route.app)
        elif isinstance(route, Route):
            yield Leaf(before + route.path, tuple(sorted(route.methods or ())), route.endpoint)
        else:
            raise TypeError(f"{route!r} is of a kind that the fuzzer does not know")


class Named:
    """Tells in a header of its own which route has answered."""

    def __init__(self, web: Starlette) -> None:
        self._web: ASGIApp = web
        self.leaves = list(leaves(web.routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and "endpoint" in scope:
                message["headers"].append((BY_ROUTE, str(self._place(scope)).encode()))
            await send(message)

        await self._web(scope, receive, named)

    def _place(self, scope: Scope) -> int:
        return (
            next(
                place
                for place, leaf in enumerate(self.leaves)
                if leaf.endpoint == scope["endpoint"] and scope["method"] in leaf.methods
            )
            if self._is_answered(scope)
            else -1
        )

    def _is_answered(self, scope: Scope) -> bool:
        return any(
            leaf.endpoint == scope["endpoint"] and scope["method"] in leaf.methods
            for leaf in self.leaves
        )


def main(folder: str, more: Mapping[str, str]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("alembic", "apscheduler", "httpcore", "httpx", "telegram"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    telegram.API = f"{NOWHERE}/bot"
    wechat.open_wechat = partial(wechat.open_wechat, base_url=NOWHERE)
    app = build_app(read_settings(ENVIRONMENT | {"HEJIE_DATA": folder} | more))
    app.writer.submit(lambda work: work.settings.put(SETTING, hashed(PASSWORD))).result()
    named = Named(build_web(app, ticks=False))
    line = socket.create_server(("127.0.0.1", 0), backlog=2048)
    port = line.getsockname()[1]
    routes = [[leaf.path, leaf.methods] for leaf in named.leaves]
    print(json.dumps({"port": port, "routes": routes}), flush=True)
    uvicorn.Server(config_of(named, app.settings)).run(sockets=[line])
    app.close()


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), dict(each.split("=", 1) for each in sys.argv[2:]))
