"""Messages that cannot be taken: laid aside for a person, owned up to, in nobody's way."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.cli import main
from bot.dead_letters import NotAgain, about_letter, take_again
from bot.lanes import TRIES
from bot.messages import Attachment, Incoming, Location, Taken
from domain.conversation import DeadLetter, HeardMessage, TaskKind
from nlu.interpreter import Heard, Understanding
from storage.writer import Writer
from tests.bot.webhouse import House, Keywords, build_house, on_writer, told
from tests.trained import models_folder


class Choking(Keywords):
    """Fails at certain words until it is mended, and counts how often."""

    def __init__(self) -> None:
        self.is_mended = False
        self.failures = 0

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        if not self.is_mended and any("毒" in message.text for message in messages):
            self.failures += 1
            raise ArithmeticError(messages[0].text)
        return super().read(messages)


@pytest.fixture
def house(writer: Writer, tmp_path: Path) -> House:
    """A house that chokes, on each of the two databases in turn."""
    return on_writer(writer, tmp_path, Choking(), pause_seconds=0.01)


CONSENT = Incoming("webchat", "li", "consent", choice="consent:yes")


def take(house: House, *messages: Incoming) -> list[Taken]:
    async def all_at_once() -> list[Taken]:
        return await asyncio.gather(*(house.lanes.take(each) for each in messages))

    return asyncio.run(all_at_once())


def consent(house: House) -> None:
    take(house, CONSENT)


def letters(house: House) -> Sequence[DeadLetter]:
    return house.writer.read(lambda work: work.dead_letters.unsettled())


def heard(house: House) -> list[str]:
    def job(work: Any) -> list[str]:
        conversation = work.conversations.get("webchat", "li")
        rows = work.pages.transcript(conversation.id)
        return [row.text for row in rows if isinstance(row, HeardMessage) and row.text]

    return house.writer.read(job)


def test_a_message_that_fails_three_times_is_laid_aside_and_the_next_one_is_taken(
    house: House,
) -> None:
    consent(house)

    bad, good = take(house, told("li", "毒", "m1"), told("li", "工钱", "m2"))

    assert house.interpreter.failures == TRIES
    assert [reply.template for reply in bad.replies] == ["message_not_taken"]
    assert heard(house) == ["工钱"]
    assert good.replies
    (letter,) = letters(house)
    assert (letter.channel, letter.message_id, letter.error) == ("webchat", "m1", "ArithmeticError")
    assert letter.message == {"text": "毒"}
    assert "毒" not in str(about_letter(letter))
    assert letter.conversation_id == bad.conversation_id


def test_a_person_is_called_at_once_and_its_sender_is_told_once(house: House) -> None:
    consent(house)

    take(house, told("li", "毒", "m1"))
    (again,) = take(house, told("li", "毒", "m1"))

    (task,) = house.writer.read(lambda work: work.tasks.still_open())
    assert (task.kind, task.details["reason"]) == (TaskKind.ALERT, "message_not_taken")
    assert task.details["dead_letter"] == letters(house)[0].id
    assert (again.is_repeat, again.replies) == (True, ())
    words = house.writer.read(
        lambda work: work.pages.out_words_after(letters(house)[0].conversation_id, 0)
    )
    assert [word.template for word in words].count("message_not_taken") == 1


def test_before_consent_nothing_of_what_was_said_is_kept(house: House) -> None:
    take(house, told("li", "毒", "m1"))

    (letter,) = letters(house)
    assert letter.message is None
    with pytest.raises(NotAgain, match="ask the person to write again"):
        take_again(house.writer, house.turns.take, letter.id, house.clock())


def test_what_was_said_is_in_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        take(house, told("li", "毒：她说的话", "m1"))

    assert "ArithmeticError" in caplog.text
    assert "她说的话" not in caplog.text


def test_once_the_fault_is_mended_the_message_is_taken_and_its_task_closed(house: House) -> None:
    consent(house)
    take(house, told("li", "工钱，还有毒", "m1"))
    (letter,) = letters(house)
    with pytest.raises(NotAgain, match="still fails: ArithmeticError"):
        take_again(house.writer, house.turns.take, letter.id, house.clock())
    assert letters(house) == [letter]

    house.interpreter.is_mended = True
    taken = take_again(house.writer, house.turns.take, letter.id, house.clock())

    assert taken.replies
    assert heard(house) == ["工钱，还有毒"]
    assert letters(house) == []
    assert house.writer.read(lambda work: work.tasks.still_open()) == []
    with pytest.raises(NotAgain, match="is laid aside"):
        take_again(house.writer, house.turns.take, letter.id, house.clock())


@pytest.mark.parametrize(
    "away",
    [
        lambda: OperationalError("UPDATE", {}, sqlite3.OperationalError("disk is full")),
        lambda: sqlite3.OperationalError("database is locked"),
    ],
)
def test_while_the_database_fails_no_message_is_laid_aside(
    house: House, away: Callable[[], Exception]
) -> None:
    def failing(*_: object) -> Taken:
        raise away()

    commit, house.turns.commit = house.turns.commit, failing  # type: ignore[method-assign]
    with pytest.raises((OperationalError, sqlite3.OperationalError)):
        take(house, told("li", "工钱", "m1"))
    house.turns.commit = commit  # type: ignore[method-assign]
    assert letters(house) == []

    (taken,) = take(house, told("li", "工钱", "m1"))
    assert taken.replies


def test_an_update_without_a_sender_calls_a_person_and_is_answered_to_nobody(house: House) -> None:
    async def go() -> Taken:
        return await house.lanes.lay_aside(Incoming("telegram", "", "9:1"), ValueError())

    assert asyncio.run(go()).replies == ()
    (letter,) = letters(house)
    assert (letter.conversation_id, letter.message) == (None, None)
    assert len(house.writer.read(lambda work: work.tasks.still_open())) == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"choice": "do:person"},
        {"attachment": Attachment("voice", "e1", words="工钱")},
        {"location": Location(23.4, 104.6, "兴街镇")},
        {"start": "p5YW06KGX"},
    ],
)
def test_whatever_was_sent_is_taken_again_as_it_was(house: House, sent: dict[str, Any]) -> None:
    consent(house)
    message = Incoming("webchat", "li", "m1", **sent)

    async def go() -> None:
        await house.lanes.lay_aside(message, ValueError())

    asyncio.run(go())
    came_again: list[Incoming] = []

    def take_it(incoming: Incoming) -> Taken:
        came_again.append(incoming)
        return Taken(())

    take_again(house.writer, take_it, letters(house)[0].id, house.clock())
    assert came_again == [message]


def test_operators_list_what_is_laid_aside_without_a_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").symlink_to(models_folder(), target_is_directory=True)
    house = build_house(tmp_path, Choking(), pause_seconds=0)
    take(house, told("li", "毒", "m1"))
    house.writer.close()
    monkeypatch.setenv("HEJIE_DATA", str(tmp_path))

    assert main(["dead"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["error"], shown["words_kept"]) == ("ArithmeticError", False)

    assert main(["dead", "--again", "99"]) == 1
    assert capsys.readouterr().err.endswith("no message 99 is laid aside\n")
