"""The town before anything goes wrong: people in the middle of their talks, words nearly due."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.app import ready_writer
from bot.messages import Incoming, Taken
from bot.settings import read_settings
from bot.turns import Turns
from domain.agreement import SettlementAgreement
from domain.calendar import LOCAL
from domain.conversation import OutWord
from domain.follow_up import FollowUpKind
from domain.services.follow_up import record_agreement
from nlu.rasa_interpreter import load
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.bot.webhouse import catalogue, renderer
from tests.trained import models_folder

BEGINNING = datetime(2026, 11, 23, 15, 0, tzinfo=LOCAL)  # a Monday
DUE = BEGINNING - timedelta(hours=3)  # even if the clock goes back
STORY = "西畴县兴街镇的包工头王老板去年腊月欠我三万五工钱没给，打了欠条"
NEW, HASTY, CLOSING, REMINDED, ASKED = 7001, 7002, 7003, 7004, 7005  # their chats on Telegram
WEB_NEW, WEB_REMINDED = "w" * 22, "r" * 22  # their browsers' tokens
EASIEST = ("consent:yes", "back:right", "kind:walk_in", "slot:")


@dataclass
class Town:
    """Where the town is kept, and how far each conversation had come: version and last word."""

    keys: Path
    database: Path | None  # a SQLite file to copy
    past: dict[str, tuple[int, int]] = field(default_factory=dict)
    shown: dict[str, list[OutWord]] = field(default_factory=dict)


def build(folder: Path, url: str = "") -> Town:
    """Build the town, in a SQLite file of the folder or in the database of the address."""
    town = Town(folder / "keys", None if url else folder / "town.db")
    data = {"HEJIE_DATA": str(folder), "HEJIE_KEYS": str(town.keys)}
    settings = read_settings(data | {"HEJIE_DATABASE_URL": url or f"sqlite:///{town.database}"})
    writer = ready_writer(settings)
    try:
        _settle_people(writer)
        writer.submit(_all_is_said).result()
        writer.submit(_due_soon).result()
        town.past, town.shown = writer.read(_where_all_stand)
    finally:
        writer.close()
    if town.database is not None:
        with sqlite3.connect(town.database) as connection:
            connection.execute("VACUUM")  # so that a full disk is full at once
        connection.close()
    return town


def _settle_people(writer: Writer) -> None:
    now = BEGINNING - timedelta(days=3, hours=19)  # in the evening: sessions begin the next day
    turns = Turns(writer, load(models_folder()), catalogue(), renderer(), lambda: now)
    talk = partial(_talk, turns)
    talk("telegram", str(CLOSING), until="back:right")
    for channel, sender in (
        ("telegram", str(REMINDED)),
        ("telegram", str(ASKED)),
        ("webchat", sender_of(WEB_REMINDED)),
    ):
        talk(channel, sender, until="")
    writer.submit(partial(_agree, now=now)).result()


def sender_of(token: str) -> str:
    from bot.channels.webchat_visitor import Visitor

    return Visitor(token, True).sender


def _talk(turns: Turns, channel: str, sender: str, until: str) -> None:
    """Answer whatever is asked, by choice where there is one, until a choice or a session."""
    messages = iter(range(100))

    def say(**said: Any) -> Taken:
        return turns.take(Incoming(channel, sender, f"{sender}-before-{next(messages)}", **said))

    say(text="你好")
    say(choice="consent:yes")
    taken = say(text=STORY)
    for _ in range(25):
        last = taken.replies[-1]
        ids = [choice["id"] for choice in last.choices]
        if (until and until in ids) or any(r.template == "session_booked" for r in taken.replies):
            return
        taken = say(**_answer(ids, last.text))
    raise AssertionError(f"the talk of {sender} does not come to an end: {last.text} {ids}")


def _answer(ids: list[str], asked: str) -> dict[str, str]:
    wanted = (each for start in EASIEST for each in ids if each.startswith(start))
    choice = next(wanted, None) or next((i for i in ids if i.endswith(":unknown")), None)
    if choice is None:
        choice = next((i for i in ids if i.endswith((":no", ":refuse"))), None)
    if choice is not None:
        return {"choice": choice}
    return {"text": "李红军" if "称呼" in asked else "13800001234"}


def _agree(work: SqlUnitOfWork, now: datetime) -> None:
    conversation = work.conversations.get("telegram", str(ASKED))
    assert conversation is not None
    assert conversation.case_number is not None
    agreement = SettlementAgreement(conversation.case_number, now.date(), "分两次付清", ())
    record_agreement(work, agreement, now, "mediator")


def _all_is_said(work: SqlUnitOfWork) -> None:
    work._connection.execute(text("UPDATE outbox SET state = 'sent'"))


def _due_soon(work: SqlUnitOfWork) -> None:
    """Let one row of each who is reminded or asked be due, and everything else in two days."""
    later = BEGINNING + timedelta(days=2)
    for channel, sender, kind in (
        ("telegram", str(REMINDED), FollowUpKind.SESSION_SOON),
        ("telegram", str(ASKED), FollowUpKind.CHECK_WEEK),
        ("webchat", sender_of(WEB_REMINDED), FollowUpKind.SESSION_SOON),
    ):
        conversation = work.conversations.get(channel, sender)
        assert conversation is not None
        row = {
            "due": round(DUE.timestamp()) * 1_000_000,
            "later": round(later.timestamp()) * 1_000_000,
            "case_number": conversation.case_number,
            "kind": str(kind),
        }
        for statement in (
            "UPDATE follow_up SET due_at = :later WHERE case_number = :case_number",
            "UPDATE follow_up SET due_at = :due WHERE case_number = :case_number AND kind = :kind"
            " AND recipient = 'applicant'",
            "UPDATE booking SET starts_at = :later WHERE case_number = :case_number",
        ):
            wanted = {name: value for name, value in row.items() if f":{name}" in statement}
            work._connection.execute(text(statement), wanted)


def _where_all_stand(
    work: SqlUnitOfWork,
) -> tuple[dict[str, tuple[int, int]], dict[str, list[OutWord]]]:
    past: dict[str, tuple[int, int]] = {}
    shown: dict[str, list[OutWord]] = {}
    for channel, sender in people():
        conversation = work.conversations.get(channel, sender)
        if conversation is None:
            past[sender], shown[sender] = (0, 0), []
            continue
        words = [row for row in work.pages.transcript(conversation.id) if isinstance(row, OutWord)]
        past[sender] = (conversation.version, max((word.id for word in words), default=0))
        shown[sender] = words
    return past, shown


def people() -> list[tuple[str, str]]:
    """Return channel and sender of everybody."""
    chats = [("telegram", str(chat)) for chat in (NEW, HASTY, CLOSING, REMINDED, ASKED)]
    return [*chats, *(("webchat", sender_of(token)) for token in (WEB_NEW, WEB_REMINDED))]
