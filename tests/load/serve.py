"""Serves the real house, its Telegram on loopback: `python -m tests.load.serve PORT API LIMIT`."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial

import bot.app
from bot.channels import telegram
from bot.lanes import Lanes
from bot.serving import run_server
from bot.settings import read_settings
from tests.bot.telegram_peer import TOKEN
from tests.hostile.serve import SECRET


def main(port: str, api: str, waiting_limit: str) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    telegram.API = api
    if int(waiting_limit):
        bot.app.Lanes = partial(Lanes, waiting_limit=int(waiting_limit))
    environment = {
        "HEJIE_DATA": os.environ["HEJIE_DATA"],
        "HEJIE_PORT": port,
        "HEJIE_TELEGRAM_TOKEN": TOKEN,
        "HEJIE_TELEGRAM_WEBHOOK": "https://hejie.example/telegram",
        "HEJIE_TELEGRAM_SECRET": SECRET,
    }
    run_server(read_settings(environment), training=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
