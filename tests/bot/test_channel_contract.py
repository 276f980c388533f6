"""What every channel owes to those who write by it, whatever the messenger."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

from starlette.applications import Starlette

from bot import channels
from bot.channels import CHANNELS
from bot.channels.opening import open_channels
from bot.web import build_web
from tests.bot.webhouse import build_house


def test_a_channel_is_one_file_with_one_function_and_one_line_in_the_list() -> None:
    folder = Path(inspect.getfile(channels)).parent

    for name, way in CHANNELS.items():
        assert (folder / f"{name}.py").exists()
        assert hasattr(import_module(f"bot.channels.{name}"), "channel") is way.is_served


def test_without_tokens_the_web_chat_alone_is_on_and_its_routes_are_those_of_the_port(
    tmp_path: Path,
) -> None:
    house = build_house(tmp_path)
    opened = open_channels(house)
    web: Starlette = build_web(house)
    house.writer.close()

    paths = [getattr(route, "path", "") for route in web.routes]
    assert len(opened) == 1
    assert {getattr(route, "path", "") for route in opened[0].routes} <= set(paths)
