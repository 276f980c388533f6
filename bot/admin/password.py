"""The console's one password: set once with a code from the terminal, kept as an argon2id hash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.guards import is_same

SETTING = "console_password"
SHORTEST = 12  # characters
LONGEST = 200  # so that nobody makes us hash a book

_hasher = PasswordHasher()
T = TypeVar("T")


class PasswordTooWeak(Exception):
    """The text says what to change, in Chinese."""


def check_new(password: str, again: str) -> None:
    """Refuse a new password that is too short, too long, too plain or not the same twice."""
    if password != again:
        raise PasswordTooWeak("两次输入的密码不一样，请重新输入。")
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordTooWeak(f"密码要有{SHORTEST}到{LONGEST}个字，请换一个。")
    if len(set(password)) < 5:
        raise PasswordTooWeak("密码里重复的字太多，请换一个。")


def hashed(password: str) -> str:
    """Return the argon2id hash; takes some 50 ms and 64 MB, so call it in a worker thread."""
    return _hasher.hash(password)


def fits(password: str, hash_: str) -> bool:
    """Whether the password belongs to the hash; as slow as `hashed`."""
    try:
        return _hasher.verify(hash_, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False


class SetUpCode:
    """A one-time code, shown in the terminal and held in memory alone."""

    def __init__(self, make: Callable[[], str] = lambda: secrets.token_urlsafe(9)) -> None:
        self._code: str | None = make()

    @property
    def shown(self) -> str:
        """The code as it is printed; empty once used."""
        return self._code or ""

    def opens(self, given: str) -> bool:
        """Whether this is the code; it stays valid until `use_up`."""
        return self._code is not None and is_same(given.strip(), self._code)

    def use_up(self) -> None:
        """Make the code worthless."""
        self._code = None
