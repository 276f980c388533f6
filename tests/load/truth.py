"""Whether what was answered is true: every message that was taken has its turn and its words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.load.crowd import SHED, Crowd


def is_quiet(database: Path) -> bool:
    """Whether every word to Telegram has gone."""
    moving = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'unknown')"
    return _rows(database, moving) == [(0,)]


def faults(crowd: Crowd, database: Path) -> Iterator[str]:
    """Yield what was lost, doubled, or taken though it was said that it was not."""
    kept = {
        (channel, id_.rpartition(":")[2] if channel == "webchat" else id_)
        for channel, id_ in _rows(database, "SELECT channel, message_id FROM inbox")
    }
    taken = {(s.channel, s.message_id) for s in crowd.sent if s.status == 200}
    shed = {(s.channel, s.message_id) for s in crowd.sent if s.status in SHED} - taken
    if lost := taken - kept:
        yield f"{len(lost)} messages were acknowledged and are not kept"
    if wrongly := shed & kept:
        yield f"{len(wrongly)} messages were refused and are kept"
    if odd := {s.status for s in crowd.sent} - SHED - {200}:
        yield f"statuses {odd} came"
    yield from _of_words(crowd, database)
    if aside := _rows(database, "SELECT count(*) FROM dead_letter")[0][0]:
        yield f"{aside} messages were laid aside"


def _of_words(crowd: Crowd, database: Path) -> Iterator[str]:
    web = [word for sent in crowd.sent for word in sent.words]
    if len(web) != len(set(web)):
        yield "a word was told twice on the web"
    answered = [s for s in crowd.sent if s.channel == "webchat" and s.status == 200]
    if silent := sum(1 for each in answered if not each.words):
        yield f"{silent} messages on the web had no reply"
    by_channel = "SELECT c.channel, c.sender, o.state, count(*) FROM outbox o JOIN conversation c"
    rows = _rows(database, f"{by_channel} ON c.id = o.conversation_id GROUP BY 1, 2, 3")
    if sum(count for channel, _, _, count in rows if channel == "webchat") != len(web):
        yield "words for the web are kept that nobody was told"
    kept = {int(sender): count for channel, sender, _, count in rows if channel == "telegram"}
    heard = Counter(said.chat for said in crowd.api.said)
    if wrong := [chat for chat in kept if kept[chat] != heard[chat]]:
        yield f"{len(wrong)} people on Telegram heard other words than are kept for them"
    if any(state != "sent" for _, _, state, _ in rows):
        yield "words have not gone"
    talking = {chat for chat in heard if heard[chat]}
    if crowd.api.objections or talking != set(kept):
        yield f"Telegram objected: {crowd.api.objections[:3]}"


def _rows(database: Path, statement: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reading:
        return reading.execute(statement).fetchall()
