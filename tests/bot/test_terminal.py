from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.terminal import chat, chat_json, incoming, unseen_by
from bot.messages import Incoming, Reply
from domain.conversation import OutboxState, OutWord
from tests.bot.webhouse import House
from tests.trained import models_folder


def talk(house: House, *lines: str, unseen: Iterable[OutWord] = ()) -> str:
    out = io.StringIO()
    chat(taking(house), "yang", [line + "\n" for line in lines], out, unseen)
    return out.getvalue()


def taking(house: House) -> Any:
    def take(incoming: Incoming) -> tuple[Reply, ...]:
        return house.turns.take(incoming).replies

    return take


def exchange(house: House, *lines: object) -> list[list[dict[str, Any]]]:
    """Send lines, those that are no text as JSON; return what was answered to each."""
    out = io.StringIO()
    sent = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    chat_json(taking(house), [line + "\n" for line in sent], out)
    turns: list[list[dict[str, Any]]] = [[]]
    for line in out.getvalue().splitlines():
        if line:
            turns[-1].append(json.loads(line))
        else:
            turns.append([])
    assert turns.pop() == []  # the last turn ends with an empty line too
    return turns


def said(text: str, sender: str = "yang") -> dict[str, str]:
    return {"sender": sender, "text": text}


# JSON lines


def test_each_reply_is_one_line_with_everything_a_script_needs(house: House) -> None:
    notice, consent, story = exchange(
        house, said("你好"), {"sender": "yang", "choose": "consent:yes"}, said("老板欠我工钱")
    )

    fields = ["to", "text", "choices", "asks", "case"]
    assert all(list(reply) == fields for reply in notice + consent + story)
    assert notice[0]["to"] == "yang"
    assert notice[0]["choices"] == [
        {"id": "consent:yes", "label": "同意"},
        {"id": "consent:no", "label": "不同意"},
    ]
    assert notice[0]["asks"] is None
    assert set(story[-1]["asks"]) == {"name", "kind"}
    assert story[-1]["case"] is None


def test_several_people_talk_over_the_same_lines(house: House) -> None:
    turns = exchange(house, said("你好", "yang"), said("你好", "luo"))

    assert [turn[0]["to"] for turn in turns] == ["yang", "luo"]


def test_chinese_is_written_as_it_is_said(house: House) -> None:
    out = io.StringIO()
    chat_json(taking(house), [json.dumps(said("你好"))], out)

    assert "机器助手“和解”" in out.getvalue()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("你好", "not JSON"),
        ('{"sender": "yang", "text": "你', "not JSON"),
        pytest.param("[" * 100_000, "not JSON", id="a hundred thousand brackets"),
        ("[]", "not an object"),
        ("7", "not an object"),
        ('{"text": "你好"}', '"sender"'),
        ('{"sender": "", "text": "你好"}', '"sender"'),
        ('{"sender": 7, "text": "你好"}', '"sender"'),
        ('{"sender": "yang"}', 'either "text" or "choose"'),
        (
            '{"sender": "yang", "text": "你好", "choose": "consent:yes"}',
            'either "text" or "choose"',
        ),
        ('{"sender": "yang", "text": 7}', "as a string"),
        ('{"sender": "yang", "text": ["你好"]}', "as a string"),
        ('{"sender": "yang", "choose": 0}', "as a string"),
        ('{"sender": "yang", "text": false}', "as a string"),
    ],
)
def test_a_bad_line_is_answered_with_one_line_and_nothing_is_lost(
    house: House, line: str, told: str
) -> None:
    before, bad, after = exchange(house, said("你好"), line, said("在吗"))

    assert len(bad) == 1
    assert list(bad[0]) == ["error"]
    assert told in bad[0]["error"]
    assert len(bad[0]["error"]) < 200
    assert before[0]["to"] == after[0]["to"] == "yang"


def test_a_line_that_comes_again_under_its_number_is_taken_once(house: House) -> None:
    first, again = exchange(house, *[{**said("你好"), "message_id": "m1"}] * 2)

    assert len(first) == 1
    assert again == []


def test_half_characters_are_taken_and_never_stop_the_output(house: House) -> None:
    turns = exchange(
        house,
        said("\ud83d 你好", "y\ud83d"),
        {"sender": "y\ud83d", "choose": "consent:yes"},
        said("老板欠我\udc00工钱", "y\ud83d"),
    )

    assert all(turn for turn in turns)
    assert {reply["to"] for turn in turns for reply in turn} == {"y?"}
    assert incoming(json.dumps(said("老板欠我\udc00工钱"))).text == "老板欠我?工钱"


def test_empty_lines_between_are_passed_over(house: House) -> None:
    assert len(exchange(house, said("你好"), "", "   ", said("在吗"))) == 2


def test_the_program_takes_any_bytes_and_answers_line_by_line(tmp_path: Path) -> None:
    models = models_folder()
    (tmp_path / "models").symlink_to(models, target_is_directory=True)
    lines = [json.dumps(said("你好")).encode(), b'{"sender": "yang", "text": "\xff\xfe"}', b"\xff{"]

    done = subprocess.run(
        [sys.executable, "-m", "bot", "chat", "--json", "--now", "2026-11-23T10:00+08:00"],
        input=b"\n".join(lines),
        capture_output=True,
        env={**os.environ, "HEJIE_DATA": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        check=True,
    )

    turns = done.stdout.decode().split("\n\n")
    assert [("error" in turn) for turn in turns] == [False, False, True, False]
    assert turns[3] == ""


# a person


def test_a_person_sees_numbered_choices_and_takes_one_by_its_number(house: House) -> None:
    shown = talk(house, "你好", "1", "老板欠我工钱")

    assert shown.startswith("> 和解：你好，我是本乡镇")
    assert "   1. 同意\n   2. 不同意\n> " in shown
    assert "好，谢谢" in shown
    assert shown.endswith("> \n")


def test_empty_lines_of_a_person_only_show_the_prompt_again(house: House) -> None:
    assert talk(house, "", "  ") == "> > > \n"


def reminder(house: House, text: str = "明天见面", **others: Any) -> OutWord:
    """Put a word that nobody asked for to 杨 into the outbox, as a tick does."""

    def job(work: Any) -> OutWord:
        conversation = work.conversations.get("terminal", "yang")
        word = OutWord(
            conversation.id,
            "session_tomorrow",
            text,
            house.clock(),
            ({"id": "answer:1:kept", "label": "做到了"},),
            unasked=True,
            state=OutboxState.SENT,
        )
        work.outbox.add([replace(word, **others)])
        return word

    return house.writer.submit(job).result()


def unseen(house: House, sender: str = "yang") -> list[str]:
    now = house.clock()
    return [word.text for word in house.writer.read(lambda work: unseen_by(work, sender, now))]


def test_who_has_never_been_here_has_missed_nothing(house: House) -> None:
    assert unseen(house) == []


def test_what_came_while_a_person_was_away_is_shown_at_the_next_start(house: House) -> None:
    talk(house, "你好")
    assert unseen(house) == []
    reminder(house, "明天见面")
    reminder(house, "还有两小时")

    assert unseen(house) == ["明天见面", "还有两小时"]
    words = house.writer.read(lambda work: unseen_by(work, "yang", house.clock()))
    shown = talk(house, "在吗", unseen=words)
    assert shown.startswith("和解：明天见面\n   · 做到了\n和解：还有两小时\n   · 做到了\n> ")
    assert unseen(house) == []


def test_what_holds_no_longer_is_not_shown(house: House) -> None:
    talk(house, "你好")
    reminder(house)

    def hold(work: Any) -> None:
        conversation = work.conversations.get("terminal", "yang")
        work.conversations.save(replace(conversation, is_held=True))

    house.writer.submit(hold).result()
    assert unseen(house) == []


def test_what_came_to_somebody_else_is_not_shown(house: House) -> None:
    talk(house, "你好")
    reminder(house)

    assert unseen(house, "luo") == []
