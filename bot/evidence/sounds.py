"""Voice notes: Opus in Ogg, AMR, MP3 and M4A. Only frames that are sound are copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.evidence.exhibit import Exhibit, NotTaken

AMR, AMR_WIDE = b"#!AMR\n", b"#!AMR-WB\n"
NO_SUCH = -1
AMR_BYTES = (12, 13, 15, 17, 19, 20, 26, 31, 5, *[NO_SUCH] * 6, 0)  # by frame type, after its head
AMR_WIDE_BYTES = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, *[NO_SUCH] * 4, 0, 0)
MP3_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MP3_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
LEAST_FRAMES = 3  # in a row: fewer happen by chance
OGG_HEAD = 27  # bytes before a page's table of segments
OPUS_TAGS = b"OpusTags" + b"\0" * 8  # no maker, no comments
HOLDING = frozenset({b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf"})
BLANKED = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip", b"XMP_"})
BOXES = 20_000
DEPTH = 6


def maker_of(data: bytes) -> Callable[[bytes], Exhibit] | None:
    """Return what makes a sound file of this kind anew; None for anything else."""
    if data.startswith(b"OggS"):
        return opus
    if data.startswith((AMR, AMR_WIDE)):
        return amr
    if data[4:8] == b"ftyp":
        return m4a
    is_mp3 = data.startswith(b"ID3") or (data[:1] == b"\xff" and mp3_frame(data, 0) > 0)
    return mp3 if is_mp3 else None


def amr(data: bytes) -> Exhibit:
    """Return the whole frames of a voice note of a phone or of WeChat."""
    head, sizes = (AMR, AMR_BYTES) if data.startswith(AMR) else (AMR_WIDE, AMR_WIDE_BYTES)
    at = len(head)
    while at < len(data):
        size = sizes[data[at] >> 3 & 15]
        if size == NO_SUCH or data[at] & 0x83 or at + 1 + size > len(data):
            break
        at += 1 + size
    if at == len(head):
        raise NotTaken("broken")
    return Exhibit("voice", "audio/amr" if head == AMR else "audio/amr-wb", data[:at])


def mp3(data: bytes) -> Exhibit:
    """Return the frames of an MP3, without the tags before and after them."""
    at = 0
    while data[at : at + 3] == b"ID3":
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size
    first, frames = at, 0
    while (size_of_frame := mp3_frame(data, at)) > 0 and at + size_of_frame <= len(data):
        at += size_of_frame
        frames += 1
    if frames < LEAST_FRAMES:
        raise NotTaken("broken" if first else "not_taken")
    return Exhibit("voice", "audio/mpeg", data[first:at])


def mp3_frame(data: bytes, at: int) -> int:
    """Return the bytes of the frame that begins here; 0 where none does."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # sync, layer III
        return 0
    version, rate, hertz = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in {0, 15} or hertz == 3:
        return 0
    kbits = MP3_KBITS[3 if version == 3 else 2][rate]
    samples = 144 if version == 3 else 72
    return samples * kbits * 1000 // MP3_HERTZ[version][hertz] + (head[2] >> 1 & 1)


def opus(data: bytes) -> Exhibit:
    """Return the first stream of an Ogg file, if it is Opus, with empty tags."""
    pages = list(_pages(data))
    if pages and not _packet(pages[0]).startswith(b"OpusHead"):
        raise NotTaken("not_taken")
    if len(pages) < 3:
        raise NotTaken("broken")
    head, tags, *sound = pages
    if not _packet(tags).startswith(b"OpusTags") or tags[OGG_HEAD + tags[26] - 1] == 255:
        raise NotTaken("broken")
    serial = head[14:18]
    kept = [page for page in sound if page[14:18] == serial]
    return Exhibit("voice", "audio/ogg", b"".join([head, _without_tags(tags), *kept]))


def _pages(data: bytes) -> Iterator[bytes]:
    """Yield the pages of an Ogg file up to the first byte that belongs to none."""
    at = 0
    while data[at : at + 5] == b"OggS\0" and at + OGG_HEAD <= len(data):
        table = data[at + OGG_HEAD : at + OGG_HEAD + data[at + 26]]
        end = at + OGG_HEAD + data[at + 26] + sum(table)
        if end > len(data) or not table:
            return
        yield data[at:end]
        at = end


def _packet(page: bytes) -> bytes:
    return page[OGG_HEAD + page[26] :]


def _without_tags(page: bytes) -> bytes:
    plain = page[:22] + bytes(4) + bytes([1, len(OPUS_TAGS)]) + OPUS_TAGS
    return plain[:22] + _ogg_sum(plain).to_bytes(4, "little") + plain[26:]


def _ogg_sum(page: bytes) -> int:
    """Return the check sum of an Ogg page whose own sum is zero (CRC-32 of 0x04c11db7)."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ 0x04C11DB7 if total & 0x80000000 else total << 1) & 0xFFFFFFFF
    return total


def m4a(data: bytes) -> Exhibit:
    """Return a sound file of a phone; what is no sound in it is blanked, in its place."""
    made = bytearray(data)
    handlers: set[bytes] = set()
    waiting, seen = [(0, len(data), 0)], 0
    while waiting:
        at, end, depth = waiting.pop()
        while at < end:
            name, body, following = _box(data, at, end)
            seen += 1
            if seen > BOXES or depth > DEPTH:
                raise NotTaken("broken")
            if name in BLANKED:
                made[at + 4 : at + 8] = b"free"
                made[body:following] = bytes(following - body)
            elif name in HOLDING:
                waiting.append((body, following, depth + 1))
            elif name == b"hdlr" and depth:
                handlers.add(data[body + 8 : body + 12])
            at = following
    if handlers != {b"soun"}:
        raise NotTaken("not_taken")  # a video, or a picture in the same kind of box
    return Exhibit("voice", "audio/mp4", bytes(made))


def _box(data: bytes, at: int, end: int) -> tuple[bytes, int, int]:
    """Return the name of the box that begins here, where its body begins, and where it ends."""
    size, name, body = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
    if size == 1:
        size, body = int.from_bytes(data[at + 8 : at + 16]), at + 16
    elif size == 0:
        size = end - at
    if at + size > end or at + size < body:
        raise NotTaken("broken")
    return name, body, at + size
