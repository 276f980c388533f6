"""Opens every channel that is switched on: its routes, and what runs beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module

from starlette.routing import BaseRoute

from bot.channels import CHANNELS
from bot.served import Served


@dataclass(frozen=True)
class Channel:
    """A messenger that is switched on.

    Routes on the one port, what runs while it is served, and how many pages listen just now.
    """

    routes: Sequence[BaseRoute] = ()
    running: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    listeners: Callable[[], int] = int


def open_channels(served: Served) -> list[Channel]:
    """Open what CHANNELS names: `bot/channels/NAME.py` says with `channel(served)` what it is.

    It returns a `Channel`, or None where the channel is switched off.
    """
    opened: list[Channel | None] = [
        import_module(f"bot.channels.{name}").channel(served)
        for name, way in CHANNELS.items()
        if way.is_served
    ]
    return [channel for channel in opened if channel is not None]
