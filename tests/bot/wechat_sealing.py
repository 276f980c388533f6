"""How WeChat signs and seals what it brings to our account, and opens what we answer."""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.settings import WeChatAccount

ACCOUNT = WeChatAccount(
    "wx0123456789abcdef",
    "0123456789abcdef0123456789abcdef",
    "HejieTestToken",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)
GH = "gh_0123456789ab"  # the account's own name in messages


class Objection(Exception):
    """Something that WeChat would not take; it fails the test."""


def elements(xml: str) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314  # our own answer


def xml_of(message: Mapping[str, Any]) -> str:
    fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in message.items())
    return f"<xml>{fields}</xml>"


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  # WeChat's own choice


def _cipher() -> Cipher[modes.CBC]:
    key = base64.b64decode(f"{ACCOUNT.aes_key}=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def sealed_by_wechat(text: str, app_id: str = ACCOUNT.app_id) -> str:
    """Seal as WeChat describes it, apart from the library that opens it."""
    content = text.encode()
    plain = secrets.token_bytes(16) + struct.pack(">I", len(content)) + content + app_id.encode()
    padding = 32 - len(plain) % 32
    sealing = _cipher().encryptor()
    return base64.b64encode(
        sealing.update(plain + bytes([padding]) * padding) + sealing.finalize()
    ).decode()


def unsealed(sealed: str) -> str:
    opening = _cipher().decryptor()
    plain = opening.update(base64.b64decode(sealed)) + opening.finalize()
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    if plain[20 + length :].decode() != ACCOUNT.app_id:
        raise Objection("the answer is of another account")
    return plain[20 : 20 + length].decode()
