"""The types of columns: how a moment, words, flags and what is sealed are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Text, TypeDecorator
from sqlalchemy.exc import DontWrapMixin

from domain.calendar import LOCAL
from storage.engine import keyring_of, to_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class NaiveMoment(TypeError, DontWrapMixin):
    """A datetime without a time zone was to be kept."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970 UTC, given back in Asia/Shanghai.

    By hand: `to_timestamp(at / 1e6)` in PostgreSQL, `datetime(at / 1e6, 'unixepoch')` in SQLite.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: object) -> int | None:
        """Return the microseconds, or refuse a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveMoment(f"{value!r} has no time zone")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, _dialect: object) -> datetime | None:
        """Return the moment in local time."""
        return None if value is None else (EPOCH + value * MICROSECOND).astimezone(LOCAL)


class Words(TypeDecorator[str]):
    """Text that people or channels wrote. NUL and half characters, which PostgreSQL refuses, go."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: object) -> str | None:
        """Return the text without what no database takes."""
        if value is None:
            return None
        return value.replace("\0", "").encode("utf-8", "replace").decode()


class Sealed(TypeDecorator[Any]):
    """What people wrote or told, kept as bytes that only the keyring of the engine opens.

    `about` is the column as table.column: a value that is moved elsewhere does not open.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about

    def _seal(self, plain: bytes, dialect: object) -> bytes:
        return keyring_of(dialect).seal(plain, self.about)

    def _open(self, sealed: bytes, dialect: object) -> bytes:
        return keyring_of(dialect).open(bytes(sealed), self.about)


class SealedText(Sealed):
    """Sealed words. Half characters (lone surrogates) become `?`, NUL goes."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> bytes | None:
        """Return the text, sealed."""
        if value is None:
            return None
        return self._seal(value.replace("\0", "").encode("utf-8", "replace"), dialect)

    def process_result_value(self, value: bytes | None, dialect: object) -> str | None:
        """Return the text, opened."""
        return None if value is None else self._open(value, dialect).decode()


class SealedJson(Sealed):
    """Sealed data in the form of JSON."""

    cache_ok = True

    def process_bind_param(self, value: object, dialect: object) -> bytes | None:
        """Return the data, sealed."""
        return None if value is None else self._seal(to_json(value).encode(), dialect)

    def process_result_value(self, value: bytes | None, dialect: object) -> Any:
        """Return the data, opened."""
        return None if value is None else json.loads(self._open(value, dialect))


class FlagSet(TypeDecorator[tuple[str, ...]]):
    """Sorted flags, kept as `,dv,now,` so that LIKE finds each; the empty set is the empty text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, _dialect: object) -> str:
        """Return the flags between commas."""
        flags = sorted(value or ())
        return f",{','.join(flags)}," if flags else ""

    def process_result_value(self, value: str | None, _dialect: object) -> tuple[str, ...]:
        """Return the flags, sorted."""
        return tuple(value.strip(",").split(",")) if value else ()
