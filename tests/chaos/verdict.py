"""What is asserted after every run, on the record of the peer and on the database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.delivery import RESENT
from domain.conversation import HeardMessage, OutboxState, OutWord
from storage.unit_of_work import SqlUnitOfWork
from tests.bot.telegram_peer import BotApi
from tests.chaos.story import Told
from tests.chaos.town import ASKED, CLOSING, REMINDED, WEB_REMINDED, Town, people, sender_of

TWICE = "query is too old, or was answered before"  # a second answer does no harm, and is refused


@dataclass
class Verdict:
    """What was found; anything but `messages`, `marked` and `in_doubt` is a failure."""

    messages: int = 0
    words: int = 0
    marked: int = 0  # replies that came twice, the second time marked, as the rule allows
    in_doubt: int = 0  # reminders that nobody knows of: never sent again, but a helper phones
    lost: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        named = {
            "lost": self.lost,
            "out of order": self.out_of_order,
            "duplicated": self.duplicated,
            "wrong": self.wrong,
        }
        return [f"{name}: {each}" for name, found in named.items() for each in found]

    def add(self, other: Verdict) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def judge(work: SqlUnitOfWork, api: BotApi, town: Town, told: Told, history: int) -> Verdict:
    """Look at everybody in turn. `history` messages were on the phones before."""
    verdict = Verdict()
    phoned = {task.key for task in work.tasks.still_open()}
    for channel, sender in people():
        _judge_person(work, verdict, channel, sender, town, told)
        conversation = work.conversations.get(channel, sender)
        if channel == "telegram" and conversation is not None:
            words = work.pages.out_words_after(conversation.id, town.past[sender][1])
            texts = [each.text for each in api.said[history:] if each.chat == int(sender)]
            _judge_phone(verdict, sender, words, texts, phoned)
    _judge_house(work, verdict, api)
    return verdict


def _judge_person(
    work: SqlUnitOfWork, verdict: Verdict, channel: str, sender: str, town: Town, told: Told
) -> None:
    sent = told.sent.get(sender, [])
    verdict.messages += len(sent)
    conversation = work.conversations.get(channel, sender)
    if conversation is None:
        verdict.lost += [f"all that {sender} sent"] if sent else []
        return
    version, last = town.past[sender]
    rows = work.pages.transcript(conversation.id)
    heard = [
        r.message_id for r in rows if isinstance(r, HeardMessage) and "-before-" not in r.message_id
    ]
    if Counter(sent) - Counter(heard):
        verdict.lost.append(f"of {sender}: {Counter(sent) - Counter(heard)}")
    elif heard != sent:
        verdict.out_of_order.append(f"{sender} sent {sent}, heard {heard}")
    asked = 1 if sender == str(ASKED) else 0
    turns = conversation.version - version - asked
    if turns != len(sent):
        found = verdict.duplicated if turns > len(sent) else verdict.lost
        found.append(f"{turns} turns for {len(sent)} messages of {sender}")
    _judge_answers(verdict, sender, rows, last, told)


def _judge_answers(
    verdict: Verdict, sender: str, rows: Sequence[Any], last: int, told: Told
) -> None:
    """Every message is answered before the next; the browser got each answer it waited for."""
    answers: list[set[int]] = []
    for row in rows:
        if isinstance(row, HeardMessage):
            answers.append(set())
        elif isinstance(row, OutWord) and not row.unasked and answers and row.id > last:
            answers[-1].add(row.id)
    fresh = answers[len(answers) - len(told.sent.get(sender, [])) :]
    if not all(fresh):
        verdict.lost.append(f"a reply to {sender}: {fresh}")
    for number, got in enumerate(told.answered.get(sender, [])):
        if not fresh[number] <= got:
            verdict.lost.append(f"the browser got {got} instead of {fresh[number]}")


def _judge_phone(
    verdict: Verdict, sender: str, words: Sequence[OutWord], texts: list[str], phoned: set[str]
) -> None:
    """Hold what arrived to the outbox: in its order, each once, a reply once more if marked."""
    place = 0
    for word in words:
        verdict.words += 1
        here = place
        if place < len(texts) and texts[place] == word.text:
            place += 1
        if not word.unasked and place < len(texts) and texts[place] == RESENT + word.text:
            place += 1
            verdict.marked += 1
        if place > here:
            continue
        if (
            word.unasked
            and word.state is OutboxState.UNKNOWN
            and f"in-doubt:{word.conversation_id}" in phoned
        ):
            verdict.in_doubt += 1
        elif word.text in texts[place:] or RESENT + word.text in texts[place:]:
            verdict.out_of_order.append(f"{sender}: {word.text[:20]!r} in {_short(texts)}")
        else:
            verdict.lost.append(f"{sender}: {word.text[:20]!r} ({word.state}) in {_short(texts)}")
    if place < len(texts):
        verdict.duplicated.append(
            f"{sender}: {_short(texts[place:])} after {_short(texts[:place])}"
        )


def _short(texts: Sequence[str]) -> list[str]:
    return [text[:16] for text in texts]


def _judge_house(work: SqlUnitOfWork, verdict: Verdict, api: BotApi) -> None:
    """Nothing is left over, reminders were put out once, one case and session for who closed."""
    for state, count in work.pages.counts().outbox.items():
        if state in {"queued", "sending"}:
            verdict.wrong.append(f"{count} words are {state}")
    if work.dead_letters.unsettled():
        verdict.wrong.append(f"laid aside: {work.dead_letters.unsettled()}")
    for channel, sender in (
        ("telegram", str(REMINDED)),
        ("telegram", str(ASKED)),
        ("webchat", sender_of(WEB_REMINDED)),
    ):
        conversation = work.conversations.get(channel, sender)
        assert conversation is not None
        words = work.pages.out_words_after(conversation.id, 0)
        unasked = [word.key for word in words if word.unasked]
        if len(unasked) != 1:
            found = verdict.lost if not unasked else verdict.duplicated
            found.append(f"reminders of {sender}: {unasked}")
    closed = work.conversations.get("telegram", str(CLOSING))
    assert closed is not None
    booked = len(work.sessions.of_case(closed.case_number or 0))
    if booked != 1:
        (verdict.duplicated if booked else verdict.lost).append(f"{booked} sessions were booked")
    unanswered = [each for each in api.objections if each != TWICE]
    verdict.wrong += [f"Telegram objects: {each}" for each in unanswered]
    if api._pending or api._queries:
        verdict.lost.append(f"not acknowledged: {api._pending} {api._queries}")


def integrity(database: str) -> list[str]:
    """Return what SQLite finds broken in the file."""
    with sqlite3.connect(database) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        found += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
    connection.close()
    return [each for each in found if each != "ok"]
