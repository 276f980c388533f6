"""What a person is told before anything is kept, and that the person agreed to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person is told before anything is kept."""

    text: str

    @property
    def version(self) -> str:
        """The hash of the text: another text is another version."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Consent:
    """That a person agreed to a notice, or took it back (`given` is False)."""

    at: datetime
    notice: str
    given: bool
