"""One-time links for files as Telegram gives them, and what has come in of one person."""

from __future__ import annotations

import re
from typing import Any

from tests.bot.telegram_talk import YANG
from tests.bot.webhouse import House

PUBLIC = {"HEJIE_PUBLIC_URL": "https://hejie.example.cn"}


def rows(house: House) -> list[Any]:
    def look(work: Any) -> list[Any]:
        conversation = work.conversations.get("telegram", str(YANG))
        return list(work.evidence.of_conversation(conversation.id))

    return house.writer.read(look)


def link_in(text: str) -> str:
    found = re.search(r"https://hejie\.example\.cn(/e/\S+)", text)
    assert found, text
    return found[1]
