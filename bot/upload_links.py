"""One-time links for sending a file into a conversation, signed by us and good for a day."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.guards import is_same

GOOD_FOR = timedelta(hours=24)
ID_BYTES, TIME_BYTES, NONCE_BYTES, MARK_BYTES = 8, 5, 6, 16
PATH = "/e/"


@dataclass(frozen=True, slots=True)
class UploadLink:
    """What a link says: whose file it takes, until when, and the message that the file is."""

    conversation_id: str
    until: datetime
    nonce: str

    @property
    def message_id(self) -> str:
        """The id of the message that the file comes as; a second one is known by it."""
        return f"upload:{self.nonce}"


class UploadLinks:
    """Makes links and reads them. `base` is the public address of this installation."""

    def __init__(self, base: str, key: bytes) -> None:
        self._base = base.rstrip("/")
        self._key = hmac.digest(key, b"upload link", hashlib.sha256)

    def url(self, conversation_id: str, message_id: str, now: datetime) -> str:
        """Return the link that answers a message; the same message has the same link."""
        until = int((now + GOOD_FOR).timestamp()).to_bytes(TIME_BYTES)
        asked = f"{conversation_id}\0{message_id}".encode("utf-8", "replace")
        nonce = hmac.digest(self._key, b"nonce" + asked, hashlib.sha256)[:NONCE_BYTES]
        said = bytes.fromhex(conversation_id) + until + nonce
        return self._base + PATH + base64.urlsafe_b64encode(said + self._mark(said)).decode()

    def read(self, token: str, now: datetime) -> UploadLink | None:
        """Return what a token says; None where it is not ours, was changed, or is over."""
        try:
            data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        said, mark = data[:-MARK_BYTES], data[-MARK_BYTES:]
        if len(said) != ID_BYTES + TIME_BYTES + NONCE_BYTES:
            return None
        if not is_same(mark.hex(), self._mark(said).hex()):
            return None
        until = int.from_bytes(said[ID_BYTES : ID_BYTES + TIME_BYTES])
        link = UploadLink(
            said[:ID_BYTES].hex(), datetime.fromtimestamp(until, UTC), said[-NONCE_BYTES:].hex()
        )
        return link if now < link.until else None

    def _mark(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)[:MARK_BYTES]
