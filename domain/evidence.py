"""What people send to show how it was: photos, papers, voice notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FILES_LIMIT = 20  # of one matter
BYTES_LIMIT = 100 * 1024 * 1024  # of one matter


@dataclass(frozen=True, slots=True)
class Evidence:
    """One kept file, as a row; the file itself is sealed and stands outside the database.

    `message_id` is the message of the conversation's channel that it came with. `case_number` is
    None until there is a case. `kind` is photo, file or voice; `size` is in bytes, unsealed.
    """

    id: str
    conversation_id: str
    message_id: str
    at: datetime
    kind: str
    media: str
    size: int
    case_number: int | None = None
