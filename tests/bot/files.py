"""Files as people send them, and as those send them who mean harm; all made here."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

CANARY = b"KUNMING13987654321CANARY"


def photo(form: str = "JPEG", size: tuple[int, int] = (640, 480), **how: object) -> bytes:
    """A photo with a position, a camera and a comment in it."""
    image = Image.radial_gradient("L").resize(size).convert("RGB")
    tags = Image.Exif()
    tags[0x010E] = CANARY.decode()  # what is seen
    tags[0x0112] = 6  # lies on its side
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (25.0, 2.0, 3.0)
    made = io.BytesIO()
    more = {"comment": CANARY} if form == "JPEG" else {}
    image.save(made, form, exif=tags, **more, **how)
    return made.getvalue()


def clear_png() -> bytes:
    """A picture whose hidden colour lies under nothing."""
    image = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    made = io.BytesIO()
    image.save(made, "PNG")
    return made.getvalue()


def paper(pages: int = 2) -> bytes:
    """A PDF with an author, a script, a form, an attached file, a link and a photo with tags."""
    writer = PdfWriter()
    for _ in range(pages):
        page = writer.add_blank_page(200, 200)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/XObject"): DictionaryObject({NameObject("/A"): _image(writer)})}
        )
        page[NameObject("/PieceInfo")] = _told()
        page[NameObject("/AA")] = _script()
        page[NameObject("/Mark")] = TextStringObject(CANARY.decode())
        page[NameObject("/Annots")] = ArrayObject([writer._add_object(_link())])
        drawn = DecodedStreamObject()
        drawn.set_data(b"q 200 0 0 200 0 0 cm /A Do Q")
        page[NameObject("/Contents")] = writer._add_object(drawn)
    writer.add_metadata({"/Author": CANARY.decode()})
    writer.root_object[NameObject("/OpenAction")] = _script()[NameObject("/O")]
    writer.add_attachment("secret.txt", CANARY)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _image(writer: PdfWriter) -> object:
    stream = DecodedStreamObject()
    stream.set_data(photo(size=(64, 64)))
    stream.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(64),
            NameObject("/Height"): NumberObject(64),
            NameObject("/ColorSpace"): NameObject("/DeviceRGB"),
            NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Filter"): NameObject("/DCTDecode"),
            NameObject("/Metadata"): writer._add_object(_told()),
        }
    )
    return writer._add_object(stream)


def _told() -> DecodedStreamObject:
    stream = DecodedStreamObject()
    stream.set_data(b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>")
    return stream


def _script() -> DictionaryObject:
    code = TextStringObject(f"this.submitForm('{CANARY.decode()}')")
    return DictionaryObject(
        {
            NameObject("/O"): DictionaryObject(
                {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): code}
            )
        }
    )


def _link() -> DictionaryObject:
    box = ArrayObject([FloatObject(each) for each in (0, 0, 200, 200)])
    leads = {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(CANARY)}
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Link"),
            NameObject("/Rect"): box,
            NameObject("/A"): DictionaryObject(leads),
        }
    )


def locked_paper() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("geheim", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


# sounds


def opus(tags: bytes = CANARY) -> bytes:
    head = b"OpusHead" + bytes([1, 1]) + struct.pack("<HIhB", 312, 48000, 0, 0)
    vendor = struct.pack("<I", len(tags)) + tags + struct.pack("<I", 0)
    sound = b"\xfc\xff\xfe" * 20
    packets = ((2, head), (0, b"OpusTags" + vendor), (0, sound), (4, sound))
    return b"".join(
        _ogg_page(kind, number, packet) for number, (kind, packet) in enumerate(packets)
    )


def _ogg_page(kind: int, number: int, packet: bytes) -> bytes:
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, 960 * number, 77, number, 0, len(lacing))
    page = head + lacing + packet
    return page[:22] + struct.pack("<I", ogg_sum(page)) + page[26:]


def ogg_sum(page: bytes) -> int:
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = ((total << 1) ^ (0x04C11DB7 if total >> 31 else 0)) & 0xFFFFFFFF
    return total


def amr(frames: int = 5) -> bytes:
    return b"#!AMR\n" + (b"\x3c" + b"\x11" * 31) * frames


def mp3(frames: int = 6) -> bytes:
    frame = b"\xff\xfb\x90\xc4" + bytes(413)  # MPEG 1 layer III, 128 kbit/s, 44.1 kHz
    name = b"TIT2" + struct.pack(">IH", len(CANARY) + 1, 0) + b"\0" + CANARY
    before = b"ID3\x03\0\0" + bytes([0, 0, 0, len(name)]) + name
    return before + frame * frames + b"TAG" + CANARY.ljust(125, b"\0")


def m4a(handler: bytes = b"soun", brand: bytes = b"M4A ") -> bytes:
    media = box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(12) + b"\0"))
    told = box(b"udta", box(b"meta", bytes(4) + box(b"ilst", CANARY)))
    parts = (
        box(b"ftyp", brand + bytes(4) + brand),
        box(b"moov", box(b"mvhd", bytes(100)), box(b"trak", media), told),
        box(b"mdat", b"\x21\x10\x04" * 50),
        box(b"uuid", CANARY),
    )
    return b"".join(parts)


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


# harm


def zipped(name: str = "a.txt", data: bytes = b"x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A picture of a few kilobytes that says it is huge, and is: black compresses well."""
    chunk = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    packer = zlib.compressobj(1)
    row = bytes(width + 1)
    rows = b"".join(packer.compress(row) for _ in range(min(height, 200))) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def text_bomb_png(megabytes: int = 60) -> bytes:
    """A picture with a comment that unpacks to many megabytes, many times over."""
    packed = zlib.compress(bytes(megabytes * 1024 * 1024), 9)
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    bombs = b"".join(_chunk(b"zTXt", b"c\0\0" + packed) for _ in range(20))
    body = _chunk(b"IDAT", zlib.compress(b"\0\0")) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + bombs + body


def _chunk(name: bytes, data: bytes) -> bytes:
    total = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", total)


def nested_pdf(depth: int = 60_000) -> bytes:
    """A PDF whose one page holds lists in lists in lists."""
    body = b"[" * depth + b"]" * depth
    return _pdf(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << /X " + body + b" >> >>"
    )


def looping_pdf() -> bytes:
    """A PDF whose tree of pages is its own child."""
    return _pdf(b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 9 /Parent 2 0 R >>")


def many_pages_pdf(count: int = 5_000) -> bytes:
    """A PDF that shows one page over and over."""
    kids = b"4 0 R " * count
    third = b"<< /Type /Pages /Parent 2 0 R /Count %d /Kids [%b] >>" % (count, kids)
    return _pdf(third, b"<< /Type /Page /Parent 3 0 R /MediaBox [0 0 9 9] >>")


def flate_bomb_pdf(megabytes: int = 400) -> bytes:
    """A PDF whose list of objects unpacks to hundreds of megabytes."""
    packer = zlib.compressobj(1)
    some = bytes(1024 * 1024)
    packed = b"".join(packer.compress(some) for _ in range(megabytes)) + packer.flush()
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>" % len(packed)
    third = head + b"\nstream\n" + packed + b"\nendstream"
    data = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    at = len(data)
    data += b"3 0 obj\n" + third + b"\nendobj\n"
    xref = len(data)
    rows = struct.pack(">BIB", 0, 0, 0) + struct.pack(">BIB", 1, 9, 0)
    rows += struct.pack(">BIB", 2, 3, 0) + struct.pack(">BIB", 1, at, 0)
    rows += struct.pack(">BIB", 1, xref, 0)
    about = b"<< /Type /XRef /Size 5 /W [1 4 1] /Root 1 0 R /Length %d >>" % len(rows)
    data += b"4 0 obj\n" + about + b"\nstream\n" + rows + b"\nendstream\nendobj\n"
    return data + b"startxref\n%d\n%%%%EOF" % xref


def _pdf(third: bytes, fourth: bytes = b"null") -> bytes:
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        third,
        fourth,
    )
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    xref = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n" + table
    return data + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % xref


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
