"""Signed-in sessions of the console: a signed cookie, idle and absolute limits, form tokens."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from bot.guards import is_same

COOKIE = "hejie_console"
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
KEY_FILE = "console.key"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser at the console. `who` is empty until somebody has signed in."""

    id: str
    who: str
    since: datetime
    seen: datetime

    @property
    def is_signed_in(self) -> bool:
        """Whether a password was given."""
        return bool(self.who)


class Visits:
    """Makes, reads and ends visits. Signing out holds until the absolute limit would end it."""

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        self._serializer = URLSafeSerializer(
            key, salt="console", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._key = key
        self._clock = clock
        self._ended: dict[str, datetime] = {}

    def begin(self, who: str = "") -> Visit:
        """Return a new visit with an id of its own: signing in never keeps the id from before."""
        now = self._clock()
        return Visit(secrets.token_urlsafe(16), who, now, now)

    def read(self, cookie: str | None) -> Visit | None:
        """Return the visit of a cookie; None if it is forged, idle too long, too old or ended."""
        visit = self._decoded(cookie or "")
        if visit is None or visit.id in self._ended:
            return None
        now = self._clock()
        if now - visit.seen > IDLE or now - visit.since > ABSOLUTE:
            return None
        return replace(visit, seen=now)

    def _decoded(self, cookie: str) -> Visit | None:
        try:
            data: Any = self._serializer.loads(cookie)
            since, seen = (datetime.fromisoformat(data[name]) for name in ("since", "seen"))
            return Visit(data["id"], data["who"], since, seen)
        except (BadSignature, KeyError, TypeError, ValueError):
            return None

    def cookie(self, visit: Visit) -> str:
        """Return the signed value for the browser."""
        data = {
            "id": visit.id,
            "who": visit.who,
            "since": visit.since.isoformat(),
            "seen": visit.seen.isoformat(),
        }
        return str(self._serializer.dumps(data))

    def end(self, visit: Visit) -> None:
        """Sign out: the cookie is worthless from now on, wherever a copy of it is."""
        now = self._clock()
        self._ended = {id_: at for id_, at in self._ended.items() if at > now - ABSOLUTE}
        self._ended[visit.id] = now

    def token(self, visit: Visit) -> str:
        """Return the token that each form of this visit carries."""
        return hmac.new(self._key, b"form:" + visit.id.encode(), hashlib.sha256).hexdigest()

    def is_token(self, visit: Visit, given: str) -> bool:
        """Whether a form carries this visit's token."""
        return is_same(given, self.token(visit))


def load_key(folder: Path) -> bytes:
    """Return the signing key of this installation, made at the first call and readable by us alone.

    Two processes that start at once end up with the same key: the first file stays.
    """
    path = folder / KEY_FILE
    fresh = folder / f".{KEY_FILE}.{secrets.token_hex(6)}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise ValueError(
            f"{path} is damaged: delete it, then a new one is made and all sign in anew"
        )
    return key
