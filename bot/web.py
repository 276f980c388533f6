"""The web: chat and console on one port, faults as plain sentences, health and figures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.admin.console import Console
from bot.channels.mine import Mine
from bot.channels.opening import Channel, open_channels
from bot.channels.webchat_visitor import reads_large
from bot.guards import HEADERS, PRIVATE, SENTENCES, Ours, SafeHeaders
from bot.lanes import Busy
from bot.pages import Pages
from bot.served import Served
from bot.uploads import Uploads

STATIC = Path(__file__).parent / "static"
TICKS_MISSED = 3  # periods without a tick after which the process is not ready


def build_web(served: Served, ticks: bool = True) -> Starlette:
    """Make the web application, with every channel that is switched on.

    `ticks` says whether this process should be ticking.
    """
    pages = Pages()
    channels = open_channels(served)
    faults = Faults(pages)
    health = Health(served, channels, ticks)
    console = Console(served, pages)
    uploads = Uploads(served, pages, served.links)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(console.announce)
        async with AsyncExitStack() as running:
            for channel in channels:
                await running.enter_async_context(channel.running())
            yield

    return Starlette(
        routes=[
            *(route for channel in channels for route in channel.routes),
            *Mine(served, pages).routes(),
            *uploads.routes(),
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
            Route("/metrics", health.metrics),
            Mount("/console", routes=console.routes()),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(SafeHeaders), Middleware(Ours, refuse=faults.foreign)],
        exception_handlers={
            HTTPException: faults.refused,
            Busy: faults.busy,
            Exception: faults.broken,
        },
        lifespan=lifespan,
    )


class Faults:
    """Every fault is one sentence that says what to do next, never a trace."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer a refused request."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        return self._told(request, status, headers or {})

    def foreign(self, request: Request) -> Response:
        """Answer what another site's page sent."""
        return self._told(request, 403, {})

    async def busy(self, request: Request, _: Exception) -> Response:
        """Answer when too many messages wait."""
        return self._told(request, 503, {})

    async def broken(self, request: Request, _: Exception) -> Response:
        """Answer a bug; this answer passes no other layer, so it brings its headers itself."""
        return self._told(request, 500, HEADERS | PRIVATE)

    def _told(self, request: Request, status: int, headers: Mapping[str, str]) -> Response:
        sentence = SENTENCES.get(status, SENTENCES[400 if status < 500 else 500])
        path = request.url.path
        response: Response
        if path.startswith("/chat/"):
            response = JSONResponse({"error": sentence}, status)
        else:
            back = "/console" if path.startswith("/console") else "/"
            response = self._pages.page(
                "chat/fault", status, sentence=sentence, back=back, is_large=reads_large(request)
            )
        response.headers.update(headers)
        return response


class Health:
    """Whether the process lives, whether it can work, and its figures."""

    def __init__(self, served: Served, channels: Sequence[Channel], ticks: bool) -> None:
        self._served = served
        self._channels = channels
        self._ticks = ticks
        self._since = served.clock()

    async def alive(self, _: Request) -> Response:
        """Answer as long as the process does."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Answer 200 if database, model and scheduler work, else 503; each part is named."""
        parts = {
            "database": await self._has_database(),
            "model": bool(self._served.interpreter.model),
            "ticks": self._is_ticking(self._served.clock()),
        }
        is_ready = all(parts.values())
        status = "ok" if is_ready else "not ready"
        return JSONResponse({"status": status} | parts, 200 if is_ready else 503)

    async def _has_database(self) -> bool:
        try:
            await asyncio.to_thread(self._served.writer.read, lambda work: work.settings.get("any"))
        except Exception:
            return False
        return True

    def _is_ticking(self, now: datetime) -> bool:
        if not self._ticks:
            return True
        period = timedelta(seconds=self._served.settings.tick_seconds)
        return now - (self._served.ticked_at[0] or self._since) <= TICKS_MISSED * period

    async def metrics(self, _: Request) -> Response:
        """Answer with the figures of this process in Prometheus' text form."""
        counts = await asyncio.to_thread(self._served.writer.read, lambda work: work.pages.counts())
        lanes = self._served.lanes
        listeners = sum(channel.listeners() for channel in self._channels)
        figures = lanes.meters.show(counts.outbox, counts.open_tasks, lanes.waiting, listeners)
        return Response(figures, media_type=CONTENT_TYPE_LATEST)
