"""Which characters of a text are already spoken for."""

from collections.abc import Iterable


def covered(length: int, spans: Iterable[tuple[int, int]]) -> bytearray:
    """One flag a character of a text: 1 where one of `spans` holds it."""
    flags = bytearray(length + 1)
    for start, end in spans:
        if 0 <= start < end <= length:
            flags[start:end] = b"\x01" * (end - start)
    return flags
