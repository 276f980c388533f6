"""From Telegram's updates to our words. Each kind of update has one clear meaning here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telegram import Message, Update

from bot.abroad import without_private
from bot.channels.commands import COMMANDS
from bot.messages import Attachment, Incoming, Location

CHANNEL = "telegram"
WANTED = ["message", "edited_message", "callback_query"]  # all others never reach us
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Words under a photo, or in a file's name, that say that it shows who somebody is.
PAPERS_OF_PEOPLE = re.compile(r"身份证|户口[本簿]|出生证|学生证|护照|居住证|疫苗本")


@dataclass(frozen=True, slots=True)
class FileSent:
    """A file that an update speaks of and that is still at Telegram. `album` groups several."""

    message_id: str
    kind: str
    file_id: str
    size: int | None
    album: str | None = None


Part = Incoming | FileSent


def chat_of(update: Mapping[str, Any]) -> int | None:
    """Return the number of the chat that a raw update belongs to; None where it has none."""
    try:
        holder = update.get("message") or update.get("edited_message")
        holder = holder or update["callback_query"]["message"]
        return int(holder["chat"]["id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def unread(raw: Mapping[str, Any], message_id: str) -> Incoming:
    """Return what is known of an update that cannot be read: at best, who wrote it."""
    chat = chat_of(raw)
    return Incoming(CHANNEL, str(chat) if chat and chat > 0 else "", message_id)  # groups: below 0


def parts(update: Update, sender: str, message_id: str) -> Iterator[Part]:
    """Yield what an update of a private chat says: choice, words, position, files.

    Words under a file follow it. Notes of Telegram itself (a pinned message, say), and what was
    not asked for, are nothing to us.
    """
    message, query = update.message, update.callback_query
    if query is not None and query.data is not None:
        yield Incoming(CHANNEL, sender, message_id, choice=query.data)
    edited = update.edited_message
    if edited is not None and (edited.text or edited.caption):  # a live position edits itself
        yield _refused(sender, message_id, "file", "edited")
    if message is None:
        return
    yield from _said(message, sender, message_id)
    if message.caption and message.forward_origin is None:
        yield _told(sender, f"{message_id}:caption", message.caption)


def _said(message: Message, sender: str, message_id: str) -> Iterator[Part]:
    if message.text is not None:
        yield _written(message, message.text, sender, message_id)
    elif message.location is not None:
        yield Incoming(CHANNEL, sender, message_id, location=_position(message))
    elif message.contact is not None:
        yield _contact(message, sender, message_id)
    elif message.effective_attachment is not None:
        yield _file(message, sender, message_id)


def _written(message: Message, text: str, sender: str, message_id: str) -> Incoming:
    """Return written words. Those of others, forwarded, are not taken for the person's own."""
    if message.forward_origin is not None:
        return _refused(sender, message_id, "file", "forwarded")
    words = text.split(maxsplit=1)
    command = words[0][1:].partition("@")[0] if words and words[0].startswith("/") else ""
    if command == "start" and len(words) > 1:
        code = CODE.match(words[1])
        return Incoming(CHANNEL, sender, message_id, start=code[0] if code else "?")
    return _told(sender, message_id, COMMANDS.get(command, text))


def _told(sender: str, message_id: str, text: str) -> Incoming:
    """Return words without what must not leave the country, which was not asked for here."""
    kept = without_private(text)
    return Incoming(CHANNEL, sender, message_id, text=kept, is_shortened=kept != text)


def _position(message: Message) -> Location:
    place, venue = message.location, message.venue
    label = f"{venue.address} {venue.title}" if venue else None
    return Location(place.latitude, place.longitude, label) if place else Location(0, 0)


def _contact(message: Message, sender: str, message_id: str) -> Incoming:
    """Return the person's own number as if it was written; somebody else's card is not taken."""
    contact = message.contact
    if contact is not None and str(contact.user_id) == sender:
        return Incoming(CHANNEL, sender, message_id, text=contact.phone_number.removeprefix("+86"))
    return _refused(sender, message_id, "file", "not_words")


def _file(message: Message, sender: str, message_id: str) -> Part:
    named = f"{message.caption or ''} {message.document.file_name if message.document else ''}"
    if PAPERS_OF_PEOPLE.search(named):
        return _refused(sender, message_id, "photo" if message.photo else "file", "private")
    album = message.media_group_id
    if message.photo:
        largest = message.photo[-1]
        return FileSent(message_id, "photo", largest.file_id, largest.file_size, album)
    sound = message.voice or message.audio
    if sound is not None:
        return FileSent(message_id, "voice", sound.file_id, sound.file_size, album)
    if message.video or message.video_note or message.animation:
        return _refused(sender, message_id, "video", "not_taken")
    if message.document is not None:
        file = message.document
        return FileSent(message_id, "file", file.file_id, file.file_size, album)
    return _refused(sender, message_id, "file", "not_words")  # a sticker, a poll, dice


def _refused(sender: str, message_id: str, kind: str, why: str) -> Incoming:
    return Incoming(CHANNEL, sender, message_id, attachment=Attachment(kind, refused=why))
