"""Photos: decoded and painted anew as JPEG, so that no place, camera or hidden part is left."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from bot.evidence.exhibit import Exhibit, NotTaken

PIXELS = 40_000_000  # that are decoded: 160 MB at the most
LONG_SIDE = 4096  # pixels that are kept; enough to read a page
QUALITY = 88
FORMATS = ("JPEG", "PNG", "WEBP")
WHITE = (255, 255, 255)


def picture(data: bytes) -> Exhibit:
    """Return a photo as a JPEG of its first picture, upright, without anything else."""
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as bomb:
        raise NotTaken("too_large") from bomb
    with opened as image:
        if image.width * image.height > PIXELS:
            raise NotTaken("too_large")
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONG_SIDE, LONG_SIDE))
        clean = Image.new("RGB", upright.size, WHITE)
        with_alpha = upright.convert("RGBA") if upright.has_transparency_data else None
        clean.paste(upright.convert("RGB"), mask=with_alpha)
    made = io.BytesIO()
    clean.save(made, "JPEG", quality=QUALITY)
    return Exhibit("photo", "image/jpeg", made.getvalue())
