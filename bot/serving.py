"""Serving: web chat and console on one port, messengers beside them, a ticking scheduler."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import uvicorn
import uvloop
from apscheduler.schedulers.background import BackgroundScheduler
from starlette.types import ASGIApp

from bot.app import App, build_app
from bot.evidence.desk import purge
from bot.line import BoundedLine
from bot.purging import purge as purge_rows
from bot.purging import terms_of
from bot.settings import Settings
from bot.ticks import tick
from bot.web import build_web
from nlu.stages import can_be_better

GARBAGE_THRESHOLD = 50_000  # new objects between two looks for garbage
SWITCH_SECONDS = 0.0005  # the event loop need not wait 5 ms for the writer: 675 -> 750 messages/s
TRAIN_GENTLY = (  # Ctrl-C is for us to pass on
    "import os, signal; os.nice(10); signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "from bot.cli import main; main(['train'])"
)

log = logging.getLogger(__name__)


def run_server(settings: Settings, ticks: bool = True, training: bool = True) -> None:
    """Serve until interrupted, by Ctrl-C or as service managers do it: both tidy up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app = build_app(settings, patience=settings.database_wait)
    except KeyboardInterrupt:  # stopped while it waited or learned: nothing has begun
        return
    gc.freeze()  # catalogue, model and templates live as long as the process: look at them no more
    gc.set_threshold(GARBAGE_THRESHOLD)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        runs = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        with suppress(KeyboardInterrupt), runs as runner:  # Ctrl-C is how it is meant to end
            runner.run(_serve(app, ticks, training))
    finally:
        app.close()


async def _serve(app: App, ticks: bool, training: bool) -> None:
    async with AsyncExitStack() as stack:
        if ticks:
            await stack.enter_async_context(ticking(app))
        if training:
            await stack.enter_async_context(improving(app))
        where = f"http://{app.settings.host}:{app.settings.port}"
        log.info("web chat: %s/   console: %s/console   (stop with Ctrl-C)", where, where)
        await uvicorn.Server(config_of(build_web(app, ticks), app.settings)).serve()


def config_of(web: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return how the web is served."""
    return uvicorn.Config(
        web,
        host=settings.host,
        port=settings.port,
        http=BoundedLine,
        ws="none",
        log_config=None,  # what it logs goes where ours goes
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,  # open chat streams do not hold up a stop
    )


@asynccontextmanager
async def improving(app: App) -> AsyncIterator[None]:
    """Train the second stage in a process of its own, once, while the first stage serves."""
    if not can_be_better(app.settings.models):
        yield
        return
    environment = os.environ | {"HEJIE_DATA": str(app.settings.data)}
    command = (sys.executable, "-c", TRAIN_GENTLY)
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    log.info("a better model is being trained beside; it takes over in some minutes")
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def ticking(app: App) -> AsyncIterator[None]:
    """Tick while inside. No job store: rows are the truth, APScheduler looks at the clock."""
    scheduler = BackgroundScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(
        _tick_safely, "interval", args=[app], seconds=app.settings.tick_seconds, id="tick"
    )
    scheduler.add_job(_purge_safely, "interval", args=[app], hours=1, id="purge")
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def _purge_safely(app: App) -> None:
    try:
        rows = sum(
            sum(each.rows.values())
            for each in purge_rows(app.writer, terms_of(app.settings), app.clock())
        )
        gone = purge(app.writer, app.evidence.files)
    except Exception:
        log.exception("not all was purged; the next hour tries again")
        return
    if gone:
        log.info("purged %s files that belonged to nobody", gone)
    if rows:
        log.info("purged %s rows whose time was over", rows)


def _tick_safely(app: App) -> None:
    try:
        sent = sum(1 for _ in tick(app.writer, app.renderer, app.clock()))
    except Exception:
        log.exception("a tick failed; the next one takes its rows up again")
        return
    app.ticked_at[0] = app.clock()
    if sent:
        log.info("tick: %s words or calls", sent)
