"""What WeChat sends and is answered: signed and sealed XML, opened with suspicion.

https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Message_encryption_and_decryption_instructions.html
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.parsers import expat

from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.utils import WeChatSigner

from bot.settings import WeChatAccount

BODY_LIMIT = 65_536  # bytes
FIELDS_LIMIT = 60
DEPTH_LIMIT = 4
REPLAY_WINDOW = timedelta(minutes=5)  # a callback older, or further ahead, is not WeChat's own
_NUMBER, _NONCE = re.compile(r"[0-9]{1,12}"), re.compile(r"[\x21-\x7e]{1,128}")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ECHO = re.compile(r"[A-Za-z0-9+/=_-]{1,512}")

Query = Mapping[str, str]


@dataclass
class CallbackRefused(Exception):
    """A callback that is not WeChat's, or cannot be read: an HTTP status and one word."""

    status: int
    word: str


FORGED = (403, "forged")
STALE = (403, "stale")
BROKEN = (400, "broken")


class _Crypto(PrpCrypto):  # type: ignore[misc]  # the library has no types
    """The library's cipher, its filler from the system's source of randomness."""

    def get_random_string(self) -> str:
        """Return the sixteen characters that make each message differ."""
        return secrets.token_hex(8)


class Envelope:
    """Opens and seals what goes between WeChat's server and ours, in safe mode only.

    The signature covers token, time, nonce and the sealed text, and is compared in constant time
    before anything is deciphered or parsed. A copy that comes again within the replay window is
    held by the inbox, which knows its message id; older ones are refused here.
    """

    def __init__(self, account: WeChatAccount, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._clock = clock
        self._crypto = _Crypto(base64.b64decode(f"{account.aes_key}="))

    def echo(self, query: Query) -> str:
        """Return what WeChat wants to see again when the address is set up. Else it refuses."""
        echo = query.get("echostr", "")
        if not _ECHO.fullmatch(echo):
            raise CallbackRefused(*BROKEN)
        self._check(query, "signature")
        return echo

    def open(self, query: Query, body: bytes) -> Mapping[str, str]:
        """Return the fields of a message, or refuse with `CallbackRefused`."""
        sealed = fields_of(body).get("Encrypt", "")
        if not sealed:
            raise CallbackRefused(*BROKEN)
        self._check(query, "msg_signature", sealed)
        try:
            opened = self._crypto.decrypt(sealed, self._account.app_id)
        except (ValueError, IndexError, struct.error, InvalidAppIdException):
            raise CallbackRefused(*BROKEN) from None
        return fields_of(opened.encode())

    def seal(self, xml: str) -> str:
        """Return a reply as WeChat takes it."""
        at, nonce = str(int(self._clock().timestamp())), secrets.token_hex(8)
        sealed = self._crypto.encrypt(xml, self._account.app_id).decode()
        signature = self._signature(at, nonce, sealed)
        return (
            f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{at}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        )

    def _check(self, query: Query, name: str, *signed: str) -> None:
        at, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not (_NUMBER.fullmatch(at) and _NONCE.fullmatch(nonce)):
            raise CallbackRefused(*BROKEN)
        expected = self._signature(at, nonce, *signed)
        if not hmac.compare_digest(query.get(name, "").encode(), expected.encode()):
            raise CallbackRefused(*FORGED)
        if abs(int(at) - self._clock().timestamp()) > REPLAY_WINDOW.total_seconds():
            raise CallbackRefused(*STALE)

    def _signature(self, *signed: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._account.token, *signed)
        return str(signer.signature)


def fields_of(xml: bytes) -> Mapping[str, str]:
    """Return the texts directly under the root, by name; deeper ones are left out.

    A document type, and with it every entity, is refused before it is read; so is what is deeper
    or has more fields than WeChat ever sends. Refuses with `CallbackRefused`.
    """
    reader = _Fields()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise CallbackRefused(*BROKEN) from None
    return {name: "".join(parts) for name, parts in reader.fields.items()}


class _Fields:
    """Gathers the fields while the parser reads."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}
        self._path: list[str] = []

    def refuse(self, *_: object) -> None:
        raise CallbackRefused(*BROKEN)

    def start(self, name: str, _: object) -> None:
        self._path.append(name)
        if len(self._path) > DEPTH_LIMIT or len(self.fields) > FIELDS_LIMIT:
            self.refuse()
        if len(self._path) == 2:
            self.fields[name] = []

    def end(self, _: str) -> None:
        self._path.pop()

    def text(self, words: str) -> None:
        if len(self._path) == 2:
            self.fields[self._path[1]].append(words)


def reply_xml(to: str, account: str, text: str, at: datetime) -> str:
    """Return a text reply from the account to a person, before it is sealed."""
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName>"
        f"<FromUserName>{_cdata(account)}</FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime>"
        f"<MsgType>{_cdata('text')}</MsgType><Content>{_cdata(text)}</Content></xml>"
    )


def _cdata(text: str) -> str:
    safe = _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")  # nobody's words end it
    return f"<![CDATA[{safe}]]>"
