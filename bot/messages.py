"""What crosses every channel: a message in, replies out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 4000  # characters; what is longer is cut, and the person is told
KINDS = ("photo", "voice", "video", "file")
SENT = (*(f"sent:{kind}" for kind in KINDS), "sent:place", "sent:start")  # in place of words
NOT_FILES = ("edited", "forwarded", "not_words")  # changed words, others' words, a sticker
REFUSALS = (
    *("too_large", "not_taken", "not_agreed", "not_here", "broken", "too_many", "lost"),
    *("private", *NOT_FILES),
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent that is not text: kept as evidence, or refused with a reason code.

    `kind` is one of KINDS, `refused` one of REFUSALS; `words` is the speech that the messenger
    itself has recognised in a voice note. `media` and `size` (bytes) are those of the kept file;
    `is_more` says that it belongs to an album whose first picture was answered.
    """

    kind: str
    evidence_id: str | None = None
    refused: str | None = None
    words: str | None = None
    media: str = ""
    size: int = 0
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A shared position in degrees; `label` is the name or address that the messenger gives."""

    latitude: float
    longitude: float
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A native update in our words.

    Exactly one of text, choice, attachment, location and start is given. `start` is what a deep
    link or a QR code carries: `p<base64url of a place>` or an invitation code `i<code>`. `sender`
    and `message_id` are the channel's own ids; together with `channel` they are what duplicates
    are known by. `is_shortened` says that the channel took out what may not come by it.
    """

    channel: str
    sender: str
    message_id: str
    text: str | None = None
    choice: str | None = None
    attachment: Attachment | None = None
    location: Location | None = None
    start: str | None = None
    is_shortened: bool = False

    @property
    def words(self) -> str:
        """What was written, or said into a voice note that the messenger recognised."""
        return self.text or (self.attachment.words if self.attachment else None) or ""

    @property
    def tapped_or_sent(self) -> str | None:
        """The choice that was tapped, or what was sent in place of words (`sent:photo`)."""
        if self.attachment is not None:
            return f"sent:{self.attachment.kind}"
        if self.location is not None:
            return "sent:place"
        return self.choice if self.start is None else "sent:start"


def buttons(choices: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return choices as they are tapped: without what marks them in a list."""
    return [{"id": choice["id"], "label": choice["label"]} for choice in choices]


def as_line(choice: Mapping[str, str], is_open: bool = True) -> str:
    """Return a choice as a line, with the mark that is read for it while it is open."""
    mark = choice.get("mark") if is_open else None
    return f"{mark}. {choice['label']}" if mark else f"· {choice['label']}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to a person, with the choices under it.

    A choice is {"id", "label"}, and "mark" (1, A) where it has one for want of buttons.
    """

    to: str
    text: str
    choices: tuple[Mapping[str, str], ...] = ()
    asks: Mapping[str, str] | None = None
    case: int | None = None
    id: int = 0
    template: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON line of `chat --json`."""
        return {
            "to": self.to,
            "text": self.text,
            "choices": buttons(self.choices),
            "asks": dict(self.asks) if self.asks else None,
            "case": self.case,
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """What a turn led to. `is_repeat` marks a message that was taken before."""

    replies: tuple[Reply, ...]
    conversation_id: str = ""
    is_repeat: bool = False
    has_recalled: bool = False
    may_move: bool = False
