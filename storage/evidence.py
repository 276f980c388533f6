"""Keeps evidence: a row here, the sealed file in a folder that no page is served from."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from domain.errors import TooMuchEvidence
from domain.evidence import BYTES_LIMIT, FILES_LIMIT, Evidence
from storage.columns import Moment, Words
from storage.sealing import FORM, HEAD
from storage.tables import metadata

ORPHAN_SECONDS = 3600.0  # after which a file that no row speaks of belongs to nobody
AT_ONCE = 500
_ID = re.compile(r"[0-9a-f]{48}")

evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", Text, ForeignKey("conversation.id"), nullable=False),
    Column("message_id", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("case_number", BigInteger, ForeignKey("mediation_case.number")),
    Index(None, "conversation_id"),
    Index(None, "case_number"),
)
ADD = insert(evidence)
BY_ID = select(evidence).where(evidence.c.id == bindparam("known_id"))
OF_CONVERSATION = (
    select(evidence)
    .where(evidence.c.conversation_id == bindparam("conversation_id"))
    .order_by(evidence.c.at, evidence.c.id)
)
USED = select(func.count(), func.coalesce(func.sum(evidence.c.size), 0)).where(
    evidence.c.conversation_id == bindparam("conversation_id"),
    evidence.c.case_number.is_not_distinct_from(bindparam("case_number", type_=BigInteger)),
)
PUT_INTO_CASE = (
    update(evidence)
    .where(evidence.c.conversation_id == bindparam("of"), evidence.c.case_number.is_(None))
    .values(case_number=bindparam("number"))
)
FORGET = delete(evidence).where(evidence.c.conversation_id == bindparam("of"))
KNOWN = select(evidence.c.id).where(evidence.c.id.in_(bindparam("ids", expanding=True)))


class SqlEvidence:
    """`domain.ports.EvidenceRows` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Evidence) -> None:
        if not self.has_room(row.conversation_id, row.case_number, row.size):
            raise TooMuchEvidence(row.conversation_id)
        self._connection.execute(ADD, {each.name: getattr(row, each.name) for each in evidence.c})

    def has_room(self, conversation_id: str, case_number: int | None, size: int = 0) -> bool:
        of = {"conversation_id": conversation_id, "case_number": case_number}
        count, used = self._connection.execute(USED, of).one()
        return bool(count < FILES_LIMIT and used + size <= BYTES_LIMIT)

    def get(self, evidence_id: str) -> Evidence | None:
        row = self._connection.execute(BY_ID, {"known_id": evidence_id}).one_or_none()
        return Evidence(*row) if row is not None else None

    def of_conversation(self, conversation_id: str) -> Sequence[Evidence]:
        rows = self._connection.execute(OF_CONVERSATION, {"conversation_id": conversation_id})
        return [Evidence(*row) for row in rows]

    def put_into_case(self, conversation_id: str, number: int) -> None:
        self._connection.execute(PUT_INTO_CASE, {"of": conversation_id, "number": number})

    def forget(self, conversation_id: str) -> None:
        self._connection.execute(FORGET, {"of": conversation_id})

    def known(self, ids: Collection[str]) -> set[str]:
        return set(self._connection.scalars(KNOWN, {"ids": list(ids)})) if ids else set()


class Sealing(Protocol):
    """What seals files: `storage.sealing.Keyring`."""

    def seal(self, plain: bytes, about: str) -> bytes:
        """Return the bytes sealed."""
        ...

    def open(self, sealed: bytes, about: str) -> bytes:
        """Return what was sealed, or raise."""
        ...


class EvidenceFiles:
    """The sealed files of one installation, each under an id that nobody can guess.

    The id says which message and which content a file is of, so that the same message taken again
    writes the same file; without `key` nobody can tell it.
    """

    def __init__(self, folder: Path, sealing: Sealing, key: bytes) -> None:
        self._folder = folder
        self._sealing = sealing
        self._key = key

    def put(self, channel: str, message_id: str, data: bytes) -> str:
        """Seal the file and write it, durably; return its id."""
        about = f"{channel}\0{message_id}\0".encode("utf-8", "replace")
        name = hmac.digest(self._key, b"evidence\0" + about + data, hashlib.sha256).hex()[:48]
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, self._sealing.seal(data, _about(name)))
        return name

    def read(self, evidence_id: str) -> bytes:
        """Return a file as it was put. FileNotFoundError where there is none."""
        return self._sealing.open(self._path(evidence_id).read_bytes(), _about(evidence_id))

    def seal_anew(self) -> int:
        """Seal every file with the newest key; return how many there are."""
        count = 0
        for path in self._files():
            try:
                plain = self.read(path.name)
            except FileNotFoundError:  # purged meanwhile
                continue
            _write(path, self._sealing.seal(plain, _about(path.name)))
            count += 1
        return count

    def keys_in_use(self) -> set[str]:
        """Return the ids of the keys that the files are sealed with."""
        found = set()
        for path in self._files():
            with path.open("rb") as file:
                found.add(file.read(HEAD)[len(FORM) :].hex())
        return found

    def purge(self, known: Callable[[Collection[str]], Collection[str]]) -> int:
        """Delete the files that no row speaks of and that are older than an hour; return how many.

        A file is written before its row is committed, so a young one may still get its row.
        """
        before, count = time.time() - ORPHAN_SECONDS, 0
        paths = [path for path in self._folder.glob("??/*") if _is_older(path, before)]
        for at in range(0, len(paths), AT_ONCE):
            some = paths[at : at + AT_ONCE]
            kept = known([path.name for path in some])
            for path in some:
                if path.name not in kept and _is_older(path, before):  # written again meanwhile
                    path.unlink(missing_ok=True)
                    count += 1
        return count

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("??/*") if _ID.fullmatch(path.name)]

    def _path(self, evidence_id: str) -> Path:
        if not _ID.fullmatch(evidence_id):
            raise FileNotFoundError(evidence_id)
        return self._folder / evidence_id[:2] / evidence_id


def _about(evidence_id: str) -> str:
    return f"evidence.{evidence_id}"


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, on the disk when this returns."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False
