"""One message in, replies out, one transaction between: where deciding meets doing."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.channels import CHANNELS
from bot.dead_letters import Failed, lay_aside
from bot.dialogue.effects import Say
from bot.dialogue.events import Attached, Chose, Event, Refused, Started, Told, ToldPrivate
from bot.dialogue.marks import Marks, Offered, chosen_in, marked, offered
from bot.dialogue.privacy import is_right
from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from bot.dialogue.step import step
from bot.dialogue.view import View
from bot.dialogue.words import is_consent
from bot.effects import Carrying
from bot.keeper import Keeper
from bot.messages import TEXT_LIMIT, Incoming, Reply, Taken
from bot.places import coded_place, place_at
from bot.prepared import Prepared, heard_message, without_words
from bot.render import Renderer
from bot.upload_links import UploadLinks
from bot.waiting import WaitingRoom
from bot.words_out import out_word
from domain.catalogue import Catalogue
from domain.conversation import Conversation, Lease, OutWord
from domain.errors import AlreadyHeard, ConversationMovedOn, Refusal, TalkMovedAway
from domain.invitation import START, code_in
from domain.ports import UnitOfWork
from domain.privacy import Notice
from nlu.interpreter import Heard, Interpreter

EVENTS_A_TURN = 12  # a turn that goes on longer is a bug, not a conversation
TRIES = 3
STORIES = frozenset({Stage.NOTICE, Stage.TELLING, Stage.PROPOSING, Stage.RESTING})


class Turns:
    """Takes messages, one turn at a time per conversation; the caller keeps that order."""

    def __init__(
        self,
        keeper: Keeper,
        interpreter: Interpreter,
        catalogue: Catalogue,
        renderer: Renderer,
        clock: Callable[[], datetime],
        links: UploadLinks | None = None,
    ) -> None:
        self._keeper = keeper
        self._interpreter = interpreter
        self._catalogue = catalogue
        self._renderer = renderer
        self.clock = clock
        self._links = links
        self._waiting_room = WaitingRoom()
        self._notice = Notice(renderer.reply("notice", {}))

    def take(self, incoming: Incoming) -> Taken:
        """Take one message and wait until it is committed."""
        for _ in range(TRIES - 1):
            try:
                return self.finish(self._prepared(incoming))
            except ConversationMovedOn:  # another process kept a turn of this conversation first
                continue
        return self.finish(self._prepared(incoming))

    def _prepared(self, incoming: Incoming) -> Prepared:
        return self.read_again(self.prepare([incoming]))[0]

    def finish(self, prepared: Prepared) -> Taken:
        """Commit a prepared turn; what a refusal means is said by `after_refusal`."""
        try:
            taken = self._keeper.submit(lambda work: self.commit(work, prepared)).result()
        except Refusal as refusal:
            again = after_refusal(prepared, refusal)
            if isinstance(again, Taken):
                return again
            taken = self._keeper.submit(lambda work: self.commit(work, again)).result()
        self.settle(taken)
        return taken

    def lay_aside(
        self, work: UnitOfWork, incoming: Incoming, error: Exception, lease: Lease | None = None
    ) -> Taken:
        """Leave a message that cannot be taken to a person, inside `work`."""
        return lay_aside(work, self._renderer, Failed(incoming, error, self.clock(), lease))

    def settle(self, taken: Taken) -> None:
        """Forget what was held in memory for a turn that is committed now."""
        if taken.has_recalled:
            self._waiting_room.drop(taken.conversation_id)

    def prepare(self, messages: Sequence[Incoming]) -> list[Prepared]:
        """Recall each conversation and read each text: everything before the transaction.

        At most one message of a conversation may be in `messages`. They are read at once; those
        that are unsure are for `read_again`, which nobody else should have to wait for.
        """
        now = self.clock()
        known = self._keeper.read(
            lambda work: work.conversations.get_all([(m.channel, m.sender) for m in messages])
        )
        conversations = [
            found or Conversation(secrets.token_hex(8), message.channel, message.sender, {}, now)
            for found, message in zip(known, messages, strict=True)
        ]
        states = [from_data(conversation.state) for conversation in conversations]
        events = self._events(messages, states, conversations, now)
        return [
            Prepared(message, conversation, found is None, state, event, now)
            for message, conversation, found, state, event in zip(
                messages, conversations, known, states, events, strict=True
            )
        ]

    def read_again(self, stories: Sequence[Prepared]) -> list[Prepared]:
        """Have the second stage read those that are unsure: some 30 ms each."""
        unsure = [
            (
                place,
                story.event,
                Heard(story.event.heard.text, story.now, asked=_is_asked(story.state)),
            )
            for place, story in enumerate(stories)
            if isinstance(story.event, Told) and story.event.heard.is_unsure
        ]
        better = list(stories)
        again = self._interpreter.read([heard for _, _, heard in unsure])
        for (place, event, _), understood in zip(unsure, again, strict=True):
            better[place] = replace(stories[place], event=replace(event, heard=understood))
        return better

    def _events(
        self,
        messages: Sequence[Incoming],
        states: Sequence[Dialogue],
        conversations: Sequence[Conversation],
        now: datetime,
    ) -> list[Event]:
        events: list[Event | None] = [
            _plain_event(message, state) for message, state in zip(messages, states, strict=True)
        ]
        unread = [place for place, event in enumerate(events) if event is None]
        if unread:
            heard = [
                Heard(
                    self._text(messages[place], states[place], conversations[place], now),
                    now,
                    asked=_is_asked(states[place]),
                    at_once=True,
                )
                for place in unread
            ]
            for place, understanding in zip(unread, self._interpreter.read(heard), strict=True):
                events[place] = Told(understanding, messages[place].attachment)
        return [event for event in events if event is not None]

    def _text(
        self, message: Incoming, state: Dialogue, conversation: Conversation, now: datetime
    ) -> str:
        """Return what is to be read: before consent together with the messages that wait."""
        text = message.words[:TEXT_LIMIT]
        if state.stage is not Stage.NOTICE or is_consent(text) is not None or is_right(text):
            return text
        waiting = self._waiting_room.look(conversation.id, now)
        return "\n".join([*(each.message.text or "" for each in waiting), text])[-TEXT_LIMIT:]

    def commit(self, work: UnitOfWork, prepared: Prepared, lease: Lease | None = None) -> Taken:
        """Do everything of one turn inside `work`: inbox, steps and effects, state, outbox.

        `lease` keeps other processes from this conversation; without one it is free after.
        """
        told = prepared.event if isinstance(prepared.event, Told) else None
        message = heard_message(prepared, told)
        carrying = Carrying(
            work,
            prepared.conversation,
            message,
            told,
            prepared.now,
            self._waiting_room,
            self._notice,
        )
        kept_before = self._may_keep(prepared)
        if prepared.is_new:
            work.conversations.add(prepared.conversation)
        work.inbox.add(message if kept_before else without_words(message))
        state, says = self._converse(carrying, prepared)
        if len(prepared.incoming.words) > TEXT_LIMIT:
            says.insert(0, Say("too_long", {"limit": TEXT_LIMIT}))
        words = [
            self._word(carrying.conversation, say, prepared.now, marks)
            for say, marks in zip(says, _marks(says, state), strict=True)
        ]
        state = replace(state, offered=_offered(words, state))
        kept = _kept(carrying.conversation, state, prepared.now, lease)
        work.conversations.save(kept)
        ids = work.outbox.add(words)
        self._tell_others(work, carrying)
        return Taken(
            tuple(
                Reply(
                    prepared.incoming.sender,
                    w.text,
                    w.choices,
                    w.asks,
                    w.case_number,
                    id_,
                    w.template,
                )
                for w, id_ in zip(words, ids, strict=True)
            ),
            prepared.conversation.id,
            has_recalled=carrying.has_recalled,
            may_move=kept.may_move,
        )

    def _tell_others(self, work: UnitOfWork, carrying: Carrying) -> None:
        """Put the words for the other side into the outbox, after this conversation is kept."""
        for word in carrying.words:
            other = work.conversations.by_id(word.conversation_id)
            if other is not None:
                work.outbox.add([out_word(self._renderer, other, word, carrying.now)])

    def _may_keep(self, prepared: Prepared) -> bool:
        """Whether words may be kept: the person agreed, under a hold also to an older notice."""
        is_ours = prepared.state.stage is Stage.HELD
        is_agreed = prepared.conversation.consented_at is not None
        return is_agreed and (is_ours or not self._has_new_notice(prepared.conversation))

    def _has_new_notice(self, conversation: Conversation) -> bool:
        is_agreed = conversation.consented_at is not None
        return is_agreed and conversation.consented_to != self._notice.version

    def _converse(self, carrying: Carrying, prepared: Prepared) -> tuple[Dialogue, list[Say]]:
        view = View(
            self._catalogue,
            carrying.now,
            self._has_new_notice(carrying.conversation),
            self._upload_url(prepared),
        )
        events, state = deque([prepared.event]), prepared.state
        if prepared.incoming.is_shortened:
            events.appendleft(ToldPrivate())
        says: list[Say] = []
        for _ in range(EVENTS_A_TURN):
            if not events:
                return state, says
            state, effects = step(state, events.popleft(), view)
            for effect in effects:
                if isinstance(effect, Say):
                    says.append(effect)
                    continue
                answer = carrying.carry_out(effect)
                if answer is not None:
                    events.append(answer)
        raise RuntimeError("a turn does not come to an end")

    def _upload_url(self, prepared: Prepared) -> str:
        """Return a one-time link where the message held what may not come by its channel."""
        incoming = prepared.incoming
        if self._links is None or not CHANNELS[incoming.channel].is_abroad:
            return ""
        if not incoming.is_shortened and incoming.attachment is None:
            return ""
        id_ = prepared.conversation.id
        return self._links.url(id_, incoming.message_id, prepared.now)

    def _word(self, conversation: Conversation, say: Say, now: datetime, marks: Marks) -> OutWord:
        way = CHANNELS[conversation.channel]
        return OutWord(
            conversation.id,
            say.template,
            self._renderer.reply(say.template, say.data),
            now,
            marked([self._renderer.choice(id_) for id_ in say.choices], marks),
            say.asks,
            conversation.case_number,
            state=way.kept_state,
            not_before=way.waits_until(now),
        )


def _kept(
    conversation: Conversation, state: Dialogue, now: datetime, lease: Lease | None
) -> Conversation:
    return replace(
        conversation,
        state=to_data(state),
        case_number=state.case_number,
        is_held=state.stage is Stage.HELD,
        dispute_type=state.dispute_type,
        updated_at=now,
        lease_holder=lease.holder if lease else None,
        lease_until=lease.until if lease else None,
        unreachable_since=None,  # who writes can be written to
    )


def after_refusal(prepared: Prepared, refusal: Refusal) -> Prepared | Taken:
    """Return the turn to be taken once more, or what it led to if it was taken before.

    The refused turn is rolled back; the refusal is the next one's event. A conversation that
    moved on has to be prepared anew: that refusal is raised again.
    """
    match refusal:
        case AlreadyHeard():
            return Taken((), prepared.conversation.id, is_repeat=True)
        case ConversationMovedOn() | TalkMovedAway():
            raise refusal
    return replace(prepared, event=Refused(refusal))


def _plain_event(message: Incoming, state: Dialogue) -> Event | None:
    """Return the event of a message that needs no understanding; None for free text."""
    sent = _sent_event(message)
    if sent is not None:
        return sent
    if message.choice is not None:
        return Chose(message.choice)
    if state.stage is Stage.HELD:
        return None  # a typed 1 may mean that somebody cannot speak: it is read, never mapped
    code = code_in(message.words)
    if code is not None:
        return Started(START + code)
    chosen = chosen_in(state.offered, message.words)
    return Chose(chosen) if chosen is not None else None


def _sent_event(message: Incoming) -> Event | None:
    """Return the event of what was sent in place of words; None for words, also spoken ones."""
    if message.attachment is not None and not message.attachment.words:
        return Attached(message.attachment)
    if message.location is not None:
        return place_at(message.location)
    return Started(message.start, coded_place(message.start)) if message.start else None


def _is_asked(state: Dialogue) -> bool:
    """Tell whether what somebody writes now answers a question of ours."""
    return state.stage not in STORIES


def _marks(says: Sequence[Say], state: Dialogue) -> list[Marks]:
    """Return how the choices of each word are marked: the last that offers any, none when held."""
    last = max((place for place, say in enumerate(says) if say.choices), default=None)
    if state.stage is Stage.HELD:
        last = None
    return [say.marks if place == last else Marks.NONE for place, say in enumerate(says)]


def _offered(words: Sequence[OutWord], state: Dialogue) -> tuple[Offered, ...]:
    """Return the choices under the last word that has any; the older ones where none has."""
    for word in reversed(words):
        if word.choices:
            return offered(word.choices)
    return state.offered
