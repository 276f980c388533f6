"""What people send as evidence: from the message to the row, purged, and handed out."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels import web_words
from bot.evidence import desk
from bot.evidence.desk import NotFetched, purge
from bot.evidence.exhibit import LIMIT
from bot.messages import Attachment, Incoming, Location
from domain.errors import TooMuchEvidence
from domain.evidence import BYTES_LIMIT, FILES_LIMIT, Evidence
from storage.evidence import ORPHAN_SECONDS
from tests.bot import files
from tests.bot.console_visits import set_up, sign_in
from tests.bot.loopback import until
from tests.bot.webhouse import House, serving

YANG = "7001"


def say(house: House, number: str, **what: Any) -> list[str]:
    taken = house.turns.take(Incoming("telegram", YANG, number, **what))
    return [reply.template for reply in taken.replies]


def agrees(house: House) -> None:
    say(house, "a1", text="你好")
    say(house, "a2", choice="consent:yes")


def receive(house: House, number: str, data: bytes, kind: str = "photo") -> Attachment:
    async def fetch() -> bytes:
        return data

    return asyncio.run(house.evidence.receive(("telegram", YANG, number), kind, fetch))


def sends(house: House, number: str, data: bytes, kind: str = "photo") -> list[str]:
    return say(house, number, attachment=receive(house, number, data, kind))


def rows(house: House) -> list[Evidence]:
    def look(work: Any) -> list[Evidence]:
        return list(work.evidence.of_conversation(work.conversations.get("telegram", YANG).id))

    return house.writer.read(look)


def tasks(house: House) -> list[tuple[str, str, datetime]]:
    opened = house.writer.read(lambda work: work.tasks.still_open())
    return [(task.kind.value, task.details["reason"], task.due_at) for task in opened]


def test_a_photo_is_kept_sealed_with_its_row_and_nothing_of_it_is_in_the_database(
    house: House, tmp_path: Path
) -> None:
    agrees(house)

    assert sends(house, "m1", files.photo())[0] == "evidence_kept"

    (row,) = rows(house)
    assert (row.kind, row.media, row.message_id) == ("photo", "image/jpeg", "m1")
    picture = house.evidence.files.read(row.id)
    assert len(picture) == row.size
    for path in tmp_path.glob("hejie.db*"):
        assert picture[100:200] not in path.read_bytes()


def test_before_the_notice_is_agreed_to_nothing_is_fetched_or_kept(
    house: House, tmp_path: Path
) -> None:
    say(house, "a1", text="你好")

    async def fetch() -> bytes:
        raise AssertionError("this was not to be fetched")

    sent = asyncio.run(house.evidence.receive(("telegram", YANG, "m1"), "photo", fetch))

    assert sent.refused == "not_agreed"
    assert say(house, "m1", attachment=sent) == ["evidence_refused", "notice"]
    assert files.on_disk(tmp_path / "evidence") == []


def test_what_is_announced_as_too_large_is_not_even_fetched(house: House) -> None:
    agrees(house)

    async def fetch() -> bytes:
        raise AssertionError("this was not to be fetched")

    origin = ("telegram", YANG, "m1")
    sent = asyncio.run(house.evidence.receive(origin, "file", fetch, size=LIMIT + 1))

    assert sent == Attachment("file", refused="too_large")


def test_a_fetch_that_fails_and_a_disk_that_is_full_are_told_in_one_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agrees(house)

    async def fails() -> bytes:
        raise NotFetched

    lost = asyncio.run(house.evidence.receive(("telegram", YANG, "m1"), "photo", fails))

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(house.evidence.files, "put", full)
    assert lost.refused == receive(house, "m2", files.amr()).refused == "lost"
    assert say(house, "m1", attachment=lost)[0] == "evidence_refused"
    assert rows(house) == []


def test_the_content_and_not_the_claim_says_what_it_is(house: House) -> None:
    agrees(house)

    assert receive(house, "m1", files.amr(), kind="photo").kind == "voice"
    assert receive(house, "m2", files.photo(), kind="file").kind == "photo"


def test_a_voice_note_is_called_back_within_a_working_day(house: House) -> None:
    agrees(house)

    assert sends(house, "m1", files.opus(), "voice")[0] == "voice_kept"

    (task,) = tasks(house)
    assert task[:2] == ("phone", "voice_note")
    assert (task[2] - house.clock()).total_seconds() <= 24 * 3600


def test_a_voice_note_with_words_is_read_like_writing_and_kept(house: House) -> None:
    agrees(house)
    sent = receive(house, "m1", files.amr(), "voice")
    spoken = Attachment("voice", sent.evidence_id, words="老板欠我工钱", media=sent.media, size=9)

    assert say(house, "m1", attachment=spoken)[0] == "type_taken"

    assert [row.id for row in rows(house)] == [sent.evidence_id]
    assert tasks(house) == []


def test_under_a_hold_a_photo_is_kept_and_the_duty_person_told(house: House) -> None:
    agrees(house)
    say(house, "m1", text="他正在打我")

    assert sends(house, "m2", files.photo()) == ["evidence_held"]

    assert len(rows(house)) == 1
    assert ("safety", "evidence") in [task[:2] for task in tasks(house)]


def test_a_position_is_kept_only_where_somebody_may_be_in_danger(house: House) -> None:
    def texts() -> list[str | None]:
        def look(work: Any) -> list[str | None]:
            id_ = work.conversations.get("telegram", YANG).id
            return [row.text for row in work.pages.transcript(id_) if hasattr(row, "intent")]

        return house.writer.read(look)

    agrees(house)
    say(house, "m1", location=Location(23.44, 104.67))
    assert texts()[-1] is None
    say(house, "m2", text="他正在打我")
    say(house, "m3", location=Location(23.44, 104.67, "我家"))

    assert texts()[-1] == "位置：23.44000, 104.67000 我家"


def test_what_was_sent_before_the_case_goes_into_it_and_counts_for_it(house: House) -> None:
    agrees(house)
    sends(house, "m1", files.amr(), "voice")

    def register(work: Any) -> None:
        from domain.services import intake

        id_ = work.conversations.get("telegram", YANG).id
        case = intake.open_case(work, intake.OpenCase(id_, "loan", "借钱"), house.clock())
        work.evidence.put_into_case(id_, case.number)

    house.writer.submit(register).result()

    (row,) = rows(house)
    assert row.case_number is not None


def row(house: House, id_: str, size: int = 1) -> Evidence:
    conversation = house.writer.read(lambda work: work.conversations.get("telegram", YANG))
    return Evidence(id_, conversation.id, id_, house.clock(), "photo", "image/jpeg", size)


def test_a_matter_has_so_many_files_and_no_more(house: House, tmp_path: Path) -> None:
    agrees(house)
    for number in range(FILES_LIMIT - 1):
        each = row(house, f"e{number}")
        house.writer.submit(lambda work, each=each: work.evidence.add(each)).result()
    both = [receive(house, f"m{number}", files.amr(number + 1), "voice") for number in (1, 2)]

    said = [say(house, f"m{place}", attachment=sent) for place, sent in enumerate(both)]

    assert [each[0] for each in said] == ["voice_kept", "evidence_refused"]
    assert len(rows(house)) == FILES_LIMIT
    assert receive(house, "m9", files.amr()).refused == "too_many"


def test_a_matter_has_so_many_bytes_and_no_more(house: House) -> None:
    agrees(house)
    house.writer.submit(lambda work: work.evidence.add(row(house, "e1", BYTES_LIMIT - 5))).result()

    with pytest.raises(TooMuchEvidence):
        house.writer.submit(lambda work: work.evidence.add(row(house, "e2", 6))).result()


def test_under_a_hold_one_file_too_many_still_reaches_the_duty_person(house: House) -> None:
    agrees(house)
    say(house, "m1", text="他正在打我")
    sent = receive(house, "m2", files.amr())
    for number in range(FILES_LIMIT):
        each = row(house, f"e{number}")
        house.writer.submit(lambda work, each=each: work.evidence.add(each)).result()

    assert say(house, "m2", attachment=sent) == ["evidence_held"]
    assert ("safety", "evidence") in [task[:2] for task in tasks(house)]


def test_few_files_are_in_memory_at_the_same_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    agrees(house)
    monkeypatch.setattr(desk, "WAITING", 2)

    async def go() -> list[str | None]:
        ready = asyncio.Event()
        begun: list[bool] = []

        async def fetch() -> bytes:
            begun.append(True)
            await ready.wait()
            return b"no file at all"

        takes = [
            asyncio.create_task(
                house.evidence.receive(("telegram", YANG, f"m{number}"), "file", fetch)
            )
            for number in range(4)
        ]
        await until(lambda: (len(begun), sum(each.done() for each in takes)) == (2, 2))
        ready.set()
        return [(await each).refused for each in takes]

    assert sorted(map(str, asyncio.run(go()))) == ["lost", "lost", "not_taken", "not_taken"]


# what belongs to nobody


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for path in files.on_disk(folder):
        os.utime(path, (then, then))


def test_a_file_whose_turn_never_came_is_purged_after_an_hour_and_no_other(
    house: House, tmp_path: Path
) -> None:
    agrees(house)
    sends(house, "m1", files.amr())
    receive(house, "m2", files.amr(2))
    assert purge(house.writer, house.evidence.files) == 0

    age(tmp_path / "evidence", ORPHAN_SECONDS + 5)

    assert purge(house.writer, house.evidence.files) == 1
    assert [path.name for path in files.on_disk(tmp_path / "evidence")] == [rows(house)[0].id]


def test_files_of_an_erased_conversation_go_with_the_next_purge(
    house: House, tmp_path: Path
) -> None:
    agrees(house)
    sends(house, "m1", files.amr())
    id_ = rows(house)[0].conversation_id
    house.writer.submit(lambda work: work.evidence.forget(id_)).result()
    age(tmp_path / "evidence", ORPHAN_SECONDS + 5)

    assert purge(house.writer, house.evidence.files) == 1
    assert files.on_disk(tmp_path / "evidence") == []


# at the console


@pytest.fixture
def served(tmp_path: Path) -> Iterator[House]:
    with serving(tmp_path) as house:
        yield house


@contextmanager
def signed_in(house: House) -> Iterator[httpx.Client]:
    with house.client() as client:
        set_up(client, house.code)
        sign_in(client, who="陈静")
        yield client


def test_the_console_hands_a_file_out_to_be_saved_and_keeps_who_took_it(served: House) -> None:
    agrees(served)
    sends(served, "m1", files.photo())
    (kept_row,) = rows(served)

    with signed_in(served) as client:
        page = client.get(f"/console/conversations/{kept_row.conversation_id}").text
        answer = client.get(f"/console/evidence/{kept_row.id}")

    assert f"/console/evidence/{kept_row.id}" in page
    assert "（照片）" in page
    assert answer.content == served.evidence.files.read(kept_row.id)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    name = f"{kept_row.conversation_id[:8]}-1.jpg"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]
    audit = served.writer.read(lambda work: work.audit.latest(5))
    assert ("陈静", "evidence", kept_row.conversation_id) in [
        (line.who, line.what, line.subject) for line in audit
    ]


def test_no_file_is_handed_out_without_a_session(served: House) -> None:
    agrees(served)
    sends(served, "m1", files.amr())
    (kept_row,) = rows(served)

    with served.client() as stranger:
        answer = stranger.get(f"/console/evidence/{kept_row.id}")

    assert answer.status_code == 303
    assert answer.content == b""


def test_a_file_that_is_not_there_or_not_ours_is_a_plain_404(
    served: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agrees(served)
    sends(served, "m1", files.amr())
    (kept_row,) = rows(served)
    (path,) = files.on_disk(tmp_path / "evidence")
    with signed_in(served) as client:
        unknown = client.get("/console/evidence/" + "0" * 48)
        odd = client.get("/console/evidence/..%2f..%2fkeys")
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
        damaged = client.get(f"/console/evidence/{kept_row.id}")

    assert [each.status_code for each in (unknown, odd, damaged)] == [404, 404, 404]


def test_the_persons_own_page_names_what_was_sent(served: House) -> None:
    agrees(served)
    sends(served, "m1", files.amr(), "voice")

    def look(work: Any) -> list[Any]:
        return list(work.pages.transcript(work.conversations.get("telegram", YANG).id))

    names = {"sent:voice": served.renderer.choice("sent:voice")["label"]}
    shown: Callable[..., Any] = web_words.shown
    assert "（语音）" in [each.text for each in shown(served.writer.read(look), names)]
