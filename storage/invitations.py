"""Keeps invitations by the digests of their codes, and counts the wrong codes that were tried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from domain.invitation import Invitation
from storage.engine import keyring_of
from storage.tables import invitation, wrong_code

ABOUT = "invitation "  # keeps a code's digest apart from that of a phone number
FIELDS = tuple(column for column in invitation.c if column.name != "digest")
ADD = insert(invitation)
OF_CODE = select(*FIELDS).where(invitation.c.digest.in_(bindparam("digests", expanding=True)))
UNTAKEN = update(invitation).where(invitation.c.taken_at.is_(None))
TAKE = UNTAKEN.where(invitation.c.id == bindparam("known_id"))
END = UNTAKEN.where(
    invitation.c.case_number == bindparam("number"), invitation.c.expires_at > bindparam("at")
).values(expires_at=bindparam("at"))
NOTE_WRONG = insert(wrong_code)
WRONG = select(func.count()).select_from(wrong_code).where(wrong_code.c.at > bindparam("since"))
WRONG_OF_ONE = WRONG.where(wrong_code.c.conversation_id == bindparam("conversation_id"))


class SqlInvitations:
    """`domain.ports.Invitations` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, invitation: Invitation, code: str) -> None:
        row = {
            "case_number": invitation.case_number,
            "issued_at": invitation.issued_at,
            "expires_at": invitation.expires_at,
            "issued_by": invitation.issued_by,
            "digest": self._digests(code)[0],
        }
        self._connection.execute(ADD, row)

    def of_code(self, code: str) -> Invitation | None:
        row = self._connection.execute(OF_CODE, {"digests": self._digests(code)}).one_or_none()
        return Invitation(*row) if row else None

    def take(self, invitation: Invitation, conversation_id: str, at: datetime) -> bool:
        taken = {"known_id": invitation.id, "taken_at": at, "taken_by": conversation_id}
        return self._connection.execute(TAKE, taken).rowcount == 1

    def end_of_case(self, number: int, at: datetime) -> None:
        self._connection.execute(END, {"number": number, "at": at})

    def note_wrong(self, conversation_id: str, at: datetime) -> None:
        self._connection.execute(NOTE_WRONG, {"conversation_id": conversation_id, "at": at})

    def wrong_since(self, since: datetime, conversation_id: str | None = None) -> int:
        if conversation_id is None:
            return self._connection.execute(WRONG, {"since": since}).scalar_one()
        wanted = {"since": since, "conversation_id": conversation_id}
        return self._connection.execute(WRONG_OF_ONE, wanted).scalar_one()

    def _digests(self, code: str) -> list[bytes]:
        return list(keyring_of(self._connection.dialect).digests(ABOUT + code))
