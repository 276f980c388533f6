"""Guards switched off, so that the suite can be seen to fail, and disks that are full."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from sqlalchemy import Engine, event


def take_repeats(_: str) -> None:
    """Take a message again that was taken before (dedupe off)."""
    from domain.errors import AlreadyHeard
    from storage.inbox import SqlInbox

    add = SqlInbox.add

    def add_or_not(self: SqlInbox, message: Any) -> None:
        with suppress(AlreadyHeard):
            add(self, message)

    SqlInbox.add = add_or_not  # type: ignore[method-assign]


def send_before_the_commit(telegram: str) -> None:
    """Send replies inside the turn, past the outbox (outbox off)."""
    from dataclasses import replace

    from domain.conversation import OutboxState
    from storage.outbox import SqlOutbox
    from tests.bot.telegram_peer import TOKEN

    add = SqlOutbox.add

    def send_and_add(self: SqlOutbox, words: Any) -> Any:
        sent = []
        for word in words:
            if word.state is OutboxState.QUEUED and not word.unasked:
                _send(self, f"{telegram}{TOKEN}/sendMessage", word)
                sent.append(replace(word, state=OutboxState.SENT))
            else:
                sent.append(word)
        return add(self, sent)

    SqlOutbox.add = send_and_add  # type: ignore[method-assign]


def _send(outbox: Any, url: str, word: Any) -> None:
    from storage.conversations import SqlConversations

    conversation = SqlConversations(outbox._connection).by_id(word.conversation_id)
    rows = [[{"text": c["label"], "callback_data": c["id"]}] for c in word.choices]
    fields = {"chat_id": conversation.sender, "text": word.text}
    if rows:
        fields["reply_markup"] = json.dumps({"inline_keyboard": rows})
    with urlopen(url, urlencode(fields).encode(), timeout=5) as answer:  # noqa: S310
        answer.read()


SWITCHES: dict[str, Callable[[str], None]] = {
    "dedupe": take_repeats,
    "outbox": send_before_the_commit,
}


def fill_database(pages: int) -> None:
    """Let the database be full at so many pages, as on a disk without room."""

    @event.listens_for(Engine, "connect")
    def limit(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")


def stop_files_growing(size: int) -> None:
    """Let no file of this process grow beyond so many bytes: writing more fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
