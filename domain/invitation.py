"""The invitation of the other side: a one-time code that is easy to read aloud and to type."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

# Nothing that looks or sounds like another: no 0 O, 1 I L, 2 Z, 5 S, 8 B, M N, and of C E P T one.
LETTERS = "AFHKMRTWXY"
DIGITS = "23456789"
ALPHABET = LETTERS + DIGITS
LENGTH = 8  # 33 bits; the tries are counted, so that nobody finds one by trying
VALID = timedelta(days=14)
START = "i"  # what an invitation code in a link or a QR code begins with
LONGEST = 40  # characters of a message that may be nothing but a code
_SAID = re.compile(r"(?:我的|这个|我有)?(?:邀请码|邀请|验证码|码)(?:是|为)?")
_BETWEEN = re.compile(r"[\s\-‐-―_·.。,，:：!！]+")
_CODE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that was given out for the respondent of a case; the code itself is kept nowhere."""

    case_number: int
    issued_at: datetime
    expires_at: datetime
    issued_by: str
    id: int = 0
    taken_at: datetime | None = None
    taken_by: str | None = None


def new_code() -> str:
    """Return a fresh code; it has a letter, so that no sum or date looks like one."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if not code.isdigit():
            return code


def shown(code: str) -> str:
    """Return a code as it is printed and read aloud, in two groups.

    >>> shown("K7M4X2W9")
    'K7M4-X2W9'
    """
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def folded_code(text: str) -> str:
    """Return what was typed for a code as it was issued: no gaps, capitals, half width.

    >>> folded_code("ｋ7m4 - x2w9")
    'K7M4X2W9'
    """
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def code_in(text: str) -> str | None:
    """Return the code that a whole message is, with or without a word for it before; else None.

    >>> code_in("邀请码是 k7m4 x2w9"), code_in("欠了 2345 6789"), code_in("明天下午")
    ('K7M4X2W9', None, None)
    """
    if not LENGTH <= len(text) <= LONGEST:
        return None
    code = folded_code(_SAID.sub("", text, count=1))
    return code if _CODE.fullmatch(code) and not code.isdigit() else None
