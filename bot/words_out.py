"""A word that nobody asked for (a reminder, news of the other side) as it goes into the outbox."""

from __future__ import annotations

from datetime import datetime

from bot.channels import CHANNELS
from bot.dialogue.marks import Marks, marked
from bot.render import Renderer
from domain.conversation import Conversation, OutWord
from domain.services.follow_up import Word


def out_word(
    renderer: Renderer,
    conversation: Conversation,
    word: Word,
    now: datetime,
    marks: Marks = Marks.NONE,
) -> OutWord:
    """Return the word rendered for its conversation; its key keeps it from going out twice.

    Its choices may have marks only where the conversation is told of them: else a number that is
    written back means something that was offered before.
    """
    return OutWord(
        conversation.id,
        word.template,
        renderer.reply(word.template, word.data),
        now,
        marked([renderer.choice(id_) for id_ in word.choices], marks),
        case_number=word.data["number"],
        key=word.key,
        unasked=True,
        state=CHANNELS[conversation.channel].kept_state,
    )
