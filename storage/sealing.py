"""Seals what is kept: AES-256-GCM, with keys in a file that stands outside the database."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
import time
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
FORM = b"\x01"  # the first byte of every sealed value: a later form may be told from this one
ID_BYTES = 4
NONCE_BYTES = 12
HEAD = len(FORM) + ID_BYTES
TAG_BYTES = 16
DIGEST_BYTES = 16
REREAD_SECONDS = 1.0  # how long a key that another process has made may stay unnoticed
COUNTRY_AND_MOBILE = 13  # digits of 86 and a mobile number
OWNER_ALONE = 0o600


class KeysNotUsable(Exception):
    """The keys cannot be used; the text names the setting and the fix."""


class NotOurs(Exception):
    """A sealed value was changed, cut, put into another column, or sealed by a key not here."""


class _Key:
    """One key, ready for use. Its id follows from it, so that no key can bear a wrong name."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.id = _derived(secret, "key id")[:ID_BYTES]
        self.head = FORM + self.id
        self.cipher = AESGCM(secret)
        self.index_secret = _derived(secret, "blind index")


class Keyring:
    """The keys of an installation: the newest seals, all open.

    A sealed value is form (1 byte), key id (4), nonce (12), AES-256-GCM of the plain bytes with
    its tag (16). `about` names where the value stands, as table.column: moved elsewhere, it does
    not open. The file is read again when it changes, so that a new key needs no restart.
    """

    def __init__(self, secrets: Iterable[bytes] = (), path: Path | None = None) -> None:
        self._lock = Lock()
        self.path = path
        self._take(secrets)
        self._changed_at: int | None = None
        self._looked_at = 0.0
        if path is not None:
            self._read_again()

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the keys, the oldest first."""
        return [key.id.hex() for key in self._keys.values()]

    @property
    def newest_head(self) -> bytes:
        """The bytes that everything begins with that the newest key has sealed."""
        return self._newest().head

    def make(self) -> None:
        """Make the first key, in the file or in memory alone where there is none."""
        if self.path is None:
            self._take([os.urandom(KEY_BYTES)])
            return
        make_keys(self.path)
        self._read_again()

    def seal(self, plain: bytes, about: str) -> bytes:
        """Return the bytes sealed by the newest key. Raises KeysNotUsable where there is none."""
        key = self._newest()
        nonce = os.urandom(NONCE_BYTES)
        return key.head + nonce + key.cipher.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Return what was sealed. Raises NotOurs where it is not as it was sealed."""
        key = self._key_of(sealed)
        begins = HEAD + NONCE_BYTES
        try:
            return key.cipher.decrypt(sealed[HEAD:begins], sealed[begins:], about.encode())
        except InvalidTag:
            raise NotOurs(f"a value of {about} is not as it was sealed") from None

    def digests(self, text: str) -> Sequence[bytes]:
        """Return what the text may stand under in a blind index, that of the newest key first.

        Each begins with the id of its key, so that a rotation can find and renew it.
        """
        self._look_at_the_file()
        return [
            key.id + _derived(key.index_secret, text)[:DIGEST_BYTES]
            for key in reversed(self._keys.values())
        ]

    def _newest(self) -> _Key:
        self._look_at_the_file()
        if self._newest_key is None:
            raise KeysNotUsable("HEJIE_KEYS: there is no key to seal with")
        return self._newest_key

    def _key_of(self, sealed: bytes) -> _Key:
        if len(sealed) < HEAD + NONCE_BYTES + TAG_BYTES or not sealed.startswith(FORM):
            raise NotOurs("a value that should be sealed is not")
        id_ = sealed[len(FORM) : HEAD]
        if id_ not in self._keys:
            self._read_again()
        if id_ not in self._keys:
            raise NotOurs(f"key {id_.hex()} is not in the key file (HEJIE_KEYS)")
        return self._keys[id_]

    def _look_at_the_file(self) -> None:
        now = time.monotonic()
        if self.path is None or now - self._looked_at < REREAD_SECONDS:
            return
        self._looked_at = now
        if _changed_at(self.path) != self._changed_at:
            self._read_again()

    def _read_again(self) -> None:
        """Take the keys of the file; if it cannot be read just now, those we have go on."""
        if self.path is None:
            return
        with self._lock:
            self._looked_at = time.monotonic()
            self._changed_at = _changed_at(self.path)
            if self._changed_at is not None:
                self._take(read_keys(self.path))

    def _take(self, secrets: Iterable[bytes]) -> None:
        keys = {key.id: key for key in map(_Key, secrets)}
        self._keys = keys
        self._newest_key = next(reversed(keys.values())) if keys else None


def folded(phone: str) -> str:
    """Return the digits of a phone number as the blind index knows them, however it was typed.

    >>> folded("138-0000 1234"), folded("+86 １３８００００１２３４")
    ('13800001234', '13800001234')
    """
    digits = "".join(str(unicodedata.digit(sign)) for sign in phone if sign.isdigit())
    return digits[2:] if len(digits) == COUNTRY_AND_MOBILE and digits.startswith("86") else digits


def read_keys(path: Path) -> list[bytes]:
    """Return the keys of a file, the oldest first. Raises KeysNotUsable."""
    if stat.S_IMODE(path.stat().st_mode) & ~OWNER_ALONE:
        raise KeysNotUsable(f"HEJIE_KEYS: others may read {path}; call chmod 600 {path}")
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    secrets = [_decoded(line.strip()) for line in lines]
    if not secrets or any(len(secret) != KEY_BYTES for secret in secrets):
        raise KeysNotUsable(f"HEJIE_KEYS: {path} is damaged; put it back from a safe copy")
    return secrets


def make_keys(path: Path) -> None:
    """Make a file with one new key; if another process was first, its file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = _written_beside(path, [os.urandom(KEY_BYTES)])
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    _sync(path.parent)


def add_key(path: Path) -> None:
    """Put a new key at the end of the file: it seals from now on."""
    _replace(path, [*read_keys(path), os.urandom(KEY_BYTES)])


def keep_only(path: Path, ids: Iterable[str]) -> None:
    """Drop all keys but these from the file."""
    wanted = set(ids)
    _replace(path, [each for each in read_keys(path) if _Key(each).id.hex() in wanted])


def seconds_since_change(path: Path) -> float:
    """Return how long ago the file was changed."""
    return max(0.0, time.time() - path.stat().st_mtime)


def _replace(path: Path, secrets: Sequence[bytes]) -> None:
    _written_beside(path, secrets).replace(path)
    _sync(path.parent)


def _written_beside(path: Path, secrets: Sequence[bytes]) -> Path:
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.unlink(missing_ok=True)
    opened = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ALONE)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write("# Keys of Hejie. Without this file nothing that was kept can be read.\n")
        file.writelines(base64.b64encode(secret).decode() + "\n" for secret in secrets)
        file.flush()
        os.fsync(file.fileno())
    return made


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _derived(secret: bytes, about: str) -> bytes:
    return hmac.digest(secret, about.encode(), hashlib.sha256)
