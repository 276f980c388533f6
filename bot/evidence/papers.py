"""PDF: its pages alone are copied; scripts, forms, attached files and authors stay behind."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    PdfObject,
    StreamObject,
)

from bot.evidence.exhibit import Exhibit, NotTaken

PAGES = 60
OF_A_PAGE = frozenset(
    {"/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/Contents", "/UserUnit"}
)
# What may act, point elsewhere, hold a file or tell who made it, wherever in a page it stands.
NOT_KEPT = frozenset(
    {"/AA", "/AcroForm", "/AF", "/Alternates", "/Annots", "/EF", "/EmbeddedFile"}
    | {"/JS", "/JavaScript", "/LastModified", "/Launch", "/Metadata", "/Names", "/OPI", "/Ref"}
    | {"/OpenAction", "/Outlines", "/PieceInfo", "/PZ", "/RichMedia", "/Thumb", "/URI", "/XFA"}
)
JPEG_NAMED = frozenset({0xE0, 0xEE})  # JFIF and Adobe: how the colours are meant


def paper(data: bytes) -> Exhibit:
    """Return a PDF written anew with its pages alone. One that needs a password is not taken."""
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise NotTaken("not_taken")
    if len(reader.pages) > PAGES:
        raise NotTaken("too_large")
    writer = PdfWriter()
    for page in reader.pages:
        for name in [name for name in page if name not in OF_A_PAGE]:
            del page[name]
        writer.add_page(page)
    if not writer.pages:
        raise NotTaken("broken")
    for kept in writer._objects:
        _strip(kept)
    writer.metadata = None
    writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
    made = io.BytesIO()
    writer.write(made)
    return Exhibit("file", "application/pdf", made.getvalue())


def _strip(first: PdfObject | None) -> None:
    """Take what is not kept out of an object and of all that it holds itself."""
    waiting: list[Any] = [first]
    while waiting:  # no recursion: a hostile file nests deeper than Python does
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            for name in [name for name in each if name in NOT_KEPT]:
                del each[name]
            if isinstance(each, StreamObject) and each.get("/Filter") in _JPEG:
                each._data = without_tags(each._data)
            waiting += [each.raw_get(name) for name in each]
        elif isinstance(each, ArrayObject):
            waiting += list.__iter__(each)


_JPEG = (NameObject("/DCTDecode"), ArrayObject([NameObject("/DCTDecode")]))


def without_tags(jpeg: bytes) -> bytes:
    """Return a JPEG without its comments and tags (EXIF, position); its picture is not touched."""
    if not jpeg.startswith(b"\xff\xd8"):
        return jpeg
    parts, at = [jpeg[:2]], 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        is_tag = 0xE0 <= jpeg[at + 1] <= 0xEF or jpeg[at + 1] == 0xFE
        if not is_tag or jpeg[at + 1] in JPEG_NAMED:
            parts.append(jpeg[at:end])
        at = end
    return b"".join([*parts, jpeg[at:]])
