"""What people send as evidence: inspected by content, stripped, sealed, and bounded."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from pypdf import PdfReader

from bot.channels import web_words
from bot.evidence import apart, desk
from bot.evidence.apart import inspect_apart
from bot.evidence.desk import NotFetched, purge
from bot.evidence.exhibit import LIMIT, NotTaken
from bot.evidence.inspecting import inspect
from bot.messages import Attachment, Incoming, Location
from domain.errors import TooMuchEvidence
from domain.evidence import BYTES_LIMIT, FILES_LIMIT, Evidence
from storage.evidence import ORPHAN_SECONDS, EvidenceFiles
from storage.sealing import Keyring, NotOurs
from tests.bot import files
from tests.bot.console_visits import set_up, sign_in
from tests.bot.webhouse import House, build_house, serving
from tests.conftest import KEYRING

YANG = "7001"


# what is left of a file


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_of_a_photo_the_picture_is_left_upright_and_nothing_else(form: str) -> None:
    exhibit = inspect(files.photo(form))

    made = Image.open(io.BytesIO(exhibit.data))
    assert (exhibit.kind, exhibit.media, made.format) == ("photo", "image/jpeg", "JPEG")
    assert made.size == (480, 640)
    assert not made.getexif()
    assert not {"comment", "exif", "icc_profile"} & made.info.keys()
    assert files.CANARY not in exhibit.data


def test_the_colour_under_what_cannot_be_seen_is_not_kept() -> None:
    made = Image.open(io.BytesIO(inspect(files.clear_png()).data))

    assert made.getpixel((5, 5)) == (255, 255, 255)


def test_a_large_photo_is_kept_smaller() -> None:
    made = Image.open(io.BytesIO(inspect(files.photo(size=(5000, 2500))).data))

    assert made.size == (2048, 4096)


def test_of_a_pdf_the_pages_are_left_and_nothing_that_acts_or_tells() -> None:
    exhibit = inspect(files.paper(pages=2))

    made = PdfReader(io.BytesIO(exhibit.data))
    assert (exhibit.kind, exhibit.media, len(made.pages)) == ("file", "application/pdf", 2)
    assert made.pages[0].images[0].image.size == (64, 64)
    assert not made.metadata
    assert files.CANARY not in exhibit.data
    for word in (b"/JS", b"JavaScript", b"/AA", b"OpenAction", b"EmbeddedFile", b"/URI", b"/Annot"):
        assert word not in exhibit.data, word


@pytest.mark.parametrize(
    ("sound", "media"),
    [
        (files.opus(), "audio/ogg"),
        (files.amr(), "audio/amr"),
        (files.mp3(), "audio/mpeg"),
        (files.m4a(), "audio/mp4"),
        (files.m4a(brand=b"isom"), "audio/mp4"),
    ],
)
def test_of_a_voice_note_the_sound_is_left_without_its_tags(sound: bytes, media: str) -> None:
    exhibit = inspect(sound)

    assert (exhibit.kind, exhibit.media) == ("voice", media)
    assert files.CANARY not in exhibit.data
    assert inspect(exhibit.data).data == exhibit.data, "made anew it stays the same"


def test_the_page_of_empty_tags_carries_its_check_sum() -> None:
    made = inspect(files.opus()).data

    at = made.index(b"OpusTags") - 28
    page = made[at : at + 28 + 16]
    summed = files.ogg_sum(page[:22] + bytes(4) + page[26:])
    assert page[:4] == b"OggS"
    assert int.from_bytes(page[22:26], "little") == summed


@pytest.mark.parametrize("sound", [files.amr(), files.mp3()])
def test_what_hangs_on_a_voice_note_is_cut_off(sound: bytes) -> None:
    assert inspect(sound + files.zipped()).data == inspect(sound).data


# what is refused

NOT_OURS = {
    "a zip that is called a photo": files.zipped(),
    "an office file": files.zipped("word/document.xml", b"<w:document/>"),
    "a program": b"MZ" + bytes(400),
    "a program of Linux": b"\x7fELF" + bytes(400),
    "a drawing with a script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a GIF": b"GIF89a" + bytes(60),
    "a video": files.m4a(b"vide"),
    "a PDF with a password": files.locked_paper(),
    "a PDF after something else": b"GIF89a" + files.paper(1),
    "a BMP": b"BM" + bytes(60),
    "a TIFF": b"II*\0" + bytes(60),
    "nothing": b"",
    "half a frame": b"\xff\xfb",
    "Ogg that is no Opus": files.opus().replace(b"OpusHead", b"\x01vorbis0"),
}
TOO_LARGE = {
    "a picture of 3.6 gigapixels": files.huge_png(60_000, 60_000),
    "a picture of 42 megapixels": files.huge_png(7_000, 6_000),
    "a PDF that shows one page 5,000 times": files.many_pages_pdf(),
    "ten megabytes and a byte": b"\xff\xd8\xff" + bytes(LIMIT - 2),
}
BROKEN = {
    "half a photo": files.photo()[:900],
    "a comment that unpacks to 1.2 gigabytes": files.text_bomb_png(),
    "a PDF that is a zip": b"%PDF-1.4\n" + files.zipped(),
    "a PDF whose objects unpack to 400 megabytes": files.flate_bomb_pdf(),
    "a PDF that is its own page": files.looping_pdf(),
    "an AMR without a frame": b"#!AMR\n\xff\xff",
    "a box larger than its file": files.m4a() + b"\xff\xff\xff\xff" + b"free",
    "tags of Opus without an end": files.opus(b"x" * 255 * 3)[:300],
}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        *(pytest.param(data, "not_taken", id=name) for name, data in NOT_OURS.items()),
        *(pytest.param(data, "too_large", id=name) for name, data in TOO_LARGE.items()),
        *(pytest.param(data, "broken", id=name) for name, data in BROKEN.items()),
    ],
)
def test_what_is_no_photo_paper_or_sound_is_refused_at_once(data: bytes, why: str) -> None:
    began = time.process_time()

    with pytest.raises(NotTaken) as refused:
        inspect(data)

    assert refused.value.why == why
    assert time.process_time() - began < 2


def test_a_photo_with_a_zip_behind_it_is_a_photo_and_no_zip() -> None:
    made = inspect(files.photo() + files.zipped(data=files.CANARY)).data

    assert made == inspect(files.photo()).data
    assert b"PK\x03\x04" not in made


def test_a_pdf_nested_without_end_costs_little_and_leaves_its_page() -> None:
    exhibit = inspect_apart(files.nested_pdf())

    assert len(exhibit.data) < 2_000


# a process of its own


def child(code: str) -> subprocess.CompletedProcess[bytes]:
    start = f"import sys; sys.path.insert(0, sys.argv[1]); from bot.evidence import apart\n{code}"
    return subprocess.run(
        [sys.executable, "-I", "-c", start, str(apart.ROOM)],
        capture_output=True,
        timeout=20,
        check=False,
    )


def test_the_process_that_looks_at_a_file_gets_little_memory_time_and_no_disk(
    tmp_path: Path,
) -> None:
    hungry = child("apart._confine(); bytearray(2 * apart.MEMORY)")
    endless = child("apart.CPU_SECONDS = 1; apart._confine()\nwhile True: pass")
    child(f"apart._confine(); open({str(tmp_path / 'f')!r}, 'w').write('x' * 90_000)")

    assert b"MemoryError" in hungry.stderr
    assert endless.returncode < 0
    assert (tmp_path / "f").stat().st_size == 0


@pytest.mark.parametrize(
    "code", ["import os; os.abort()", "print('x' * 500)", "raise SystemExit(1)", "pass"]
)
def test_a_file_that_breaks_the_process_is_broken(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(apart, "START", code)

    with pytest.raises(NotTaken, match="broken"):
        inspect_apart(files.photo())


def test_a_file_that_stops_the_process_is_broken_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "START", "import time; time.sleep(60)")
    monkeypatch.setattr(apart, "SECONDS", 0.2)
    began = time.monotonic()

    with pytest.raises(NotTaken, match="broken"):
        inspect_apart(files.amr())

    assert time.monotonic() - began < 5


# the sealed files


@pytest.fixture
def kept(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(tmp_path / "evidence", KEYRING, b"k" * 32)


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_sealed_on_the_disk_and_comes_back_whole(
    kept: EvidenceFiles, tmp_path: Path
) -> None:
    id_ = kept.put("telegram", "m1", files.CANARY)

    (path,) = on_disk(tmp_path)
    assert files.CANARY not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert kept.read(id_) == files.CANARY


def test_the_same_message_taken_again_writes_the_same_file_and_another_does_not(
    kept: EvidenceFiles, tmp_path: Path
) -> None:
    first = kept.put("telegram", "m1", b"photo")

    assert kept.put("telegram", "m1", b"photo") == first
    assert len(on_disk(tmp_path)) == 1
    others = (kept.put("telegram", "m1", b"other"), kept.put("webchat", "m1", b"photo"))
    assert len({first, *others}) == 3


def test_an_id_cannot_be_told_without_our_key(kept: EvidenceFiles, tmp_path: Path) -> None:
    other = EvidenceFiles(tmp_path / "other", KEYRING, b"another key of ours 12345678")

    assert kept.put("telegram", "m1", b"photo") != other.put("telegram", "m1", b"photo")


@pytest.mark.parametrize("id_", ["", "../../keys", "a" * 47, "A" * 48, "a" * 48 + "/x", "0" * 48])
def test_an_id_of_another_form_leads_nowhere(kept: EvidenceFiles, id_: str) -> None:
    with pytest.raises(FileNotFoundError):
        kept.read(id_)


def test_an_id_that_is_a_way_out_of_the_folder_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"the keys")
    kept = EvidenceFiles(tmp_path / "a" / "b", KEYRING, b"k")
    (tmp_path / "a" / "b").mkdir(parents=True)

    with pytest.raises(FileNotFoundError):
        kept.read("../keys")


def test_a_file_that_was_changed_or_put_in_anothers_place_does_not_open(
    kept: EvidenceFiles, tmp_path: Path
) -> None:
    first, second = kept.put("telegram", "m1", b"one"), kept.put("telegram", "m2", b"two")
    place = {path.name: path for path in on_disk(tmp_path)}
    place[second].write_bytes(place[first].read_bytes())
    changed = bytearray(place[first].read_bytes())
    changed[-1] ^= 1
    place[first].write_bytes(bytes(changed))

    for id_ in (first, second):
        with pytest.raises(NotOurs):
            kept.read(id_)


def test_a_new_key_seals_the_files_anew_and_the_old_one_is_needed_until_then(
    tmp_path: Path,
) -> None:
    old, new = bytes(range(32)), bytes(range(1, 33))
    folder, both = tmp_path / "evidence", Keyring([old, new])
    id_ = EvidenceFiles(folder, Keyring([old]), b"k").put("telegram", "m1", b"photo")
    rotated = EvidenceFiles(folder, both, b"k")
    assert rotated.keys_in_use() == {both.ids[0]}

    assert rotated.seal_anew() == 1

    assert rotated.keys_in_use() == {both.ids[1]}
    assert EvidenceFiles(folder, Keyring([new]), b"k").read(id_) == b"photo"


# from the message to the row


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = build_house(tmp_path)
    yield house
    house.writer.close()


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
    assert on_disk(tmp_path / "evidence") == []


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

        async def fetch() -> bytes:
            await ready.wait()
            return b"no file at all"

        takes = [
            asyncio.create_task(
                house.evidence.receive(("telegram", YANG, f"m{number}"), "file", fetch)
            )
            for number in range(4)
        ]
        await asyncio.wait(takes, timeout=0.5, return_when=asyncio.ALL_COMPLETED)
        ready.set()
        return [(await each).refused for each in takes]

    assert sorted(map(str, asyncio.run(go()))) == ["lost", "lost", "not_taken", "not_taken"]


# what belongs to nobody


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for path in on_disk(folder):
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
    assert [path.name for path in on_disk(tmp_path / "evidence")] == [rows(house)[0].id]


def test_files_of_an_erased_conversation_go_with_the_next_purge(
    house: House, tmp_path: Path
) -> None:
    agrees(house)
    sends(house, "m1", files.amr())
    id_ = rows(house)[0].conversation_id
    house.writer.submit(lambda work: work.evidence.forget(id_)).result()
    age(tmp_path / "evidence", ORPHAN_SECONDS + 5)

    assert purge(house.writer, house.evidence.files) == 1
    assert on_disk(tmp_path / "evidence") == []


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
    (path,) = on_disk(tmp_path / "evidence")
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
