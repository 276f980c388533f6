"""WeChat's messages and events in our words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from bot.channels.commands import COMMANDS
from bot.channels.wechat_callback import BROKEN, CallbackRefused
from bot.messages import Attachment, Incoming, Location

CHANNEL = "wechat"
CHOICE_LIMIT = 200  # characters
SCENE = "qrscene_"  # stands before the payload of a code that was scanned to subscribe
LEFT = "unsubscribe"
_OPENID, _ID = re.compile(r"[A-Za-z0-9_-]{1,64}"), re.compile(r"[0-9]{1,24}")
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_START = re.compile(r"[pi][A-Za-z0-9_-]{1,62}")

Fields = Mapping[str, str]


def sender_of(fields: Fields) -> str:
    """Return the openid. Refuses with `CallbackRefused` what is none."""
    return _form(fields.get("FromUserName", ""), _OPENID)


def event_of(fields: Fields) -> str:
    """Return the name of an event in lower case; empty for a message."""
    return fields.get("Event", "").lower() if fields.get("MsgType") == "event" else ""


def moment_of(fields: Fields) -> int:
    """Return the seconds since 1970 at which WeChat made the message."""
    return int(_form(fields.get("CreateTime", ""), _ID)[:12])


def incoming_of(fields: Fields) -> Incoming | None:
    """Return a message or event in our words; None for notes of WeChat itself.

    Messages are known by their MsgId; events have none, and are known by sender, moment and name.
    Refuses with `CallbackRefused` what has not the form of its kind.
    """
    sender, event = sender_of(fields), event_of(fields)
    if event:
        return _of_event(fields, event, sender, f"{sender}:{moment_of(fields)}:{event}")
    id_ = _form(fields.get("MsgId", ""), _ID)
    match fields.get("MsgType", ""):
        case "text":
            return Incoming(CHANNEL, sender, id_, text=fields.get("Content", ""))
        case "location":
            return Incoming(CHANNEL, sender, id_, location=_location(fields))
        case kind:
            return Incoming(CHANNEL, sender, id_, attachment=_attachment(kind, fields))


def _of_event(fields: Fields, event: str, sender: str, id_: str) -> Incoming | None:
    key = fields.get("EventKey", "")
    match event:
        case "subscribe" | "scan":
            scene = key.removeprefix(SCENE)
            if _START.fullmatch(scene):
                return Incoming(CHANNEL, sender, id_, start=scene)
            return Incoming(CHANNEL, sender, id_, text=COMMANDS["start"])
        case "click" if key in COMMANDS:
            return Incoming(CHANNEL, sender, id_, text=COMMANDS[key])
        case "click" if 0 < len(key) <= CHOICE_LIMIT:
            return Incoming(CHANNEL, sender, id_, choice=key)
    return None


def media_of(fields: Fields) -> str | None:
    """Return the id under which a photo, or speech that is not in words, can be fetched."""
    kind = fields.get("MsgType", "")
    if kind == "image" or (kind == "voice" and not fields.get("Recognition", "").strip()):
        media_id = fields.get("MediaId", "")
        return media_id if _MEDIA_ID.fullmatch(media_id) else None
    return None


def _attachment(kind: str, fields: Fields) -> Attachment:
    match kind:
        case "voice":
            words = fields.get("Recognition", "").strip()
            return Attachment("voice", words=words) if words else _refused("voice", "lost")
        case "image":
            return _refused("photo", "lost")
        case "video" | "shortvideo":
            return _refused("video", "not_taken")
    return _refused("file", "not_taken")


def _refused(kind: str, why: str) -> Attachment:
    return Attachment(kind, refused=why)


def _location(fields: Fields) -> Location:
    try:
        latitude, longitude = float(fields["Location_X"]), float(fields["Location_Y"])
    except (KeyError, ValueError):
        raise CallbackRefused(*BROKEN) from None
    if not (math.fabs(latitude) <= 90 and math.fabs(longitude) <= 180):
        raise CallbackRefused(*BROKEN)
    return Location(latitude, longitude, fields.get("Label") or None)


def _form(text: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(text):
        raise CallbackRefused(*BROKEN)
    return text
