"""Servers of our own on loopback, and waiting for what must happen there."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

PATIENCE_SECONDS = 8.0  # how long a test waits for what must happen


async def until(
    condition: Callable[[], bool], otherwise: Callable[[], str] = lambda: "it did not happen"
) -> None:
    """Wait until the condition holds, or fail saying how things stand."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends_at, otherwise()
        await asyncio.sleep(0.005)


@contextlib.contextmanager
def on_loopback(app: Any) -> Iterator[str]:
    """Serve an application on a free port while inside; yields its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none"
    )
    with running(config) as url:
        yield url


@contextlib.contextmanager
def running(config: uvicorn.Config) -> Iterator[str]:
    """Run a server in a thread of its own while inside; yields its address."""
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
