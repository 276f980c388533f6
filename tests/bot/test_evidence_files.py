"""A file that was sent: what is left of it, what is refused, and how it lies sealed on the disk."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from bot.evidence import apart
from bot.evidence.apart import inspect_apart
from bot.evidence.exhibit import LIMIT, NotTaken
from bot.evidence.inspecting import inspect
from storage.evidence import EvidenceFiles
from storage.sealing import Keyring, NotOurs
from tests.bot import files
from tests.conftest import KEYRING

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
    "a PDF that shows one page 5,000 times": files.many_pages_pdf,
    "ten megabytes and a byte": b"\xff\xd8\xff" + bytes(LIMIT - 2),
}
BROKEN = {
    "half a photo": files.photo()[:900],
    "a comment that unpacks to 1.2 gigabytes": files.text_bomb_png,
    "a PDF that is a zip": b"%PDF-1.4\n" + files.zipped(),
    "a PDF whose objects unpack to 400 megabytes": files.flate_bomb_pdf,
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
def test_what_is_no_photo_paper_or_sound_is_refused_at_once(
    data: bytes | Callable[[], bytes], why: str
) -> None:
    data = data() if callable(data) else data  # bombs are made only where they are thrown
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

    assert time.monotonic() - began < 30  # of the 60 that it would have taken


# the sealed files


@pytest.fixture
def kept(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(tmp_path / "evidence", KEYRING, b"k" * 32)


def test_a_file_is_sealed_on_the_disk_and_comes_back_whole(
    kept: EvidenceFiles, tmp_path: Path
) -> None:
    id_ = kept.put("telegram", "m1", files.CANARY)

    (path,) = files.on_disk(tmp_path)
    assert files.CANARY not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert kept.read(id_) == files.CANARY


def test_the_same_message_taken_again_writes_the_same_file_and_another_does_not(
    kept: EvidenceFiles, tmp_path: Path
) -> None:
    first = kept.put("telegram", "m1", b"photo")

    assert kept.put("telegram", "m1", b"photo") == first
    assert len(files.on_disk(tmp_path)) == 1
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
    place = {path.name: path for path in files.on_disk(tmp_path)}
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
