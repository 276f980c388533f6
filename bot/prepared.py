"""A message before its transaction: all that can be known of it, and what may be kept of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.dialogue.events import Event, Told
from bot.dialogue.state import Dialogue, Stage
from bot.messages import TEXT_LIMIT, Incoming
from domain.conversation import Conversation, HeardMessage
from domain.invitation import code_in
from nlu.interpreter import Understanding


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message with all that can be known of it outside a transaction."""

    incoming: Incoming
    conversation: Conversation
    is_new: bool
    state: Dialogue
    event: Event
    now: datetime

    @property
    def is_unsure(self) -> bool:
        """Whether the second stage should read its text too, a story or an alarming answer."""
        return isinstance(self.event, Told) and self.event.heard.is_unsure

    @property
    def may_hide_danger(self) -> bool:
        """Whether the second stage could find a red flag in it that the first did not raise."""
        return isinstance(self.event, Told) and self.event.heard.may_hide_danger


def heard_message(prepared: Prepared, told: Told | None) -> HeardMessage:
    """Return what is kept of a message of somebody who agreed, with what was understood."""
    incoming = prepared.incoming
    message = HeardMessage(
        incoming.channel,
        incoming.message_id,
        prepared.conversation.id,
        prepared.now,
        _kept_words(prepared)[:TEXT_LIMIT] or None,
        "sent:start" if _brings_code(incoming) else incoming.tapped_or_sent,
    )
    return _with_understanding(message, told.heard) if told is not None else message


def _brings_code(incoming: Incoming) -> bool:
    return incoming.start is not None or code_in(incoming.words) is not None


def _kept_words(prepared: Prepared) -> str:
    """Return what a transcript shows: a position only where somebody may be in danger there."""
    if _brings_code(prepared.incoming):
        return ""  # somebody may still use it: it is kept nowhere
    location = prepared.incoming.location
    if location is None or prepared.state.stage is not Stage.HELD:
        return prepared.incoming.words
    where = f"{location.latitude:.5f}, {location.longitude:.5f}"
    return f"位置：{where} {location.label or ''}".strip()


def _with_understanding(message: HeardMessage, heard: Understanding) -> HeardMessage:
    return replace(
        message,
        intent=heard.intent,
        dispute_type=heard.dispute_type,
        confidence=round(heard.confidence, 4),
        flags=tuple(sorted(heard.flags)),
        model=heard.model,
    )


def without_words(message: HeardMessage) -> HeardMessage:
    """Return what may be kept before consent: that something came, and when."""
    return HeardMessage(
        message.channel, message.message_id, message.conversation_id, message.at, None
    )
