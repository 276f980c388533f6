"""Keeps what goes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)

from domain.calendar import outside_quiet_hours
from domain.conversation import DueWord, OutboxState, OutWord
from storage.dialects import in_both
from storage.tables import NOT_SENT, conversation, outbox

LEASE = timedelta(minutes=5)  # a word whose sender has not said by then how it went is due again
ANSWER_WORDS = 8  # words that one answer can hold
UNSETTLED = (OutboxState.QUEUED, OutboxState.UNKNOWN)


def is_to_be_sent(word: FromClause) -> ColumnElement[bool]:
    """Return the condition of words that are still to go out, whether due or not.

    An UNKNOWN reply goes once more; an UNKNOWN word that nobody asked for never does. In quiet
    hours such words neither go out nor hold up replies.
    """
    return or_(
        and_(
            word.c.state == OutboxState.QUEUED,
            or_(~word.c.unasked, bindparam("is_day", type_=Boolean)),
        ),
        and_(word.c.state == OutboxState.UNKNOWN, ~word.c.unasked, ~word.c.resent),
    )


def of_channel(word: FromClause) -> ColumnElement[bool]:
    """Return the condition of words that go out by the channel."""
    return word.c.conversation_id.in_(
        select(conversation.c.id).where(conversation.c.channel == bindparam("channel"))
    )


ADD = in_both(
    lambda insert: (
        insert(outbox).on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.id)
    )
)
BY_KEY = select(outbox.c.id).where(outbox.c.key == bindparam("key"))
EARLIER = outbox.alias("earlier")
LAPSE = (
    update(outbox)
    .where(
        text(NOT_SENT),
        outbox.c.state == OutboxState.SENDING,
        or_(  # later than any lease can end: the clock has gone back since
            outbox.c.not_before <= bindparam("now"), outbox.c.not_before > bindparam("latest")
        ),
        of_channel(outbox),
    )
    .values(state=OutboxState.UNKNOWN, not_before=None)
    .returning(outbox)
)
LAY_DOWN = (
    update(outbox)
    .where(
        outbox.c.conversation_id == bindparam("of"),
        outbox.c.unasked,
        outbox.c.state == OutboxState.QUEUED,
    )
    .values(state=OutboxState.DEAD)
)
IS_BEHIND_ANOTHER = (
    select(EARLIER.c.id)
    .where(
        EARLIER.c.conversation_id == outbox.c.conversation_id,
        EARLIER.c.id < outbox.c.id,
        text(f"earlier.{NOT_SENT}"),
        or_(EARLIER.c.state == OutboxState.SENDING, is_to_be_sent(EARLIER)),
    )
    .exists()
)
DUE = (
    select(outbox, conversation.c.sender)
    .join(conversation, conversation.c.id == outbox.c.conversation_id)
    .where(
        conversation.c.channel == bindparam("channel"),
        text(f"outbox.{NOT_SENT}"),
        is_to_be_sent(outbox),
        or_(outbox.c.not_before.is_(None), outbox.c.not_before <= bindparam("now")),
        ~IS_BEHIND_ANOTHER,
        outbox.c.conversation_id.not_in(bindparam("resting", expanding=True)),
    )
    .order_by(outbox.c.unasked, outbox.c.id)  # who waits for an answer comes before who is reminded
    .limit(bindparam("most"))
)
TAKE = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.state.in_(UNSETTLED))
    .values(
        state=OutboxState.SENDING,
        not_before=bindparam("until"),
        resent=or_(outbox.c.resent, outbox.c.state == OutboxState.UNKNOWN),
    )
    .returning(outbox.c.id, outbox.c.resent)
)
ANSWERING = (
    select(outbox)
    .where(
        outbox.c.conversation_id == bindparam("conversation_id"),
        or_(
            and_(text(NOT_SENT), or_(outbox.c.state == OutboxState.SENDING, is_to_be_sent(outbox))),
            and_(
                outbox.c.key.in_(bindparam("keys", expanding=True)),
                outbox.c.state != OutboxState.DEAD,
            ),
        ),
    )
    .order_by(outbox.c.id)
)
CLAIM_ANSWER = (
    update(outbox)
    .where(outbox.c.id == bindparam("known_id"), outbox.c.state.in_(UNSETTLED))
    .values(
        state=OutboxState.SENDING,
        not_before=bindparam("until"),
        resent=or_(outbox.c.resent, outbox.c.state == OutboxState.UNKNOWN),
        key=func.coalesce(outbox.c.key, bindparam("answer_key")),
    )
)
CLAIM_AGAIN = (
    update(outbox)
    .where(outbox.c.id == bindparam("known_id"), outbox.c.state != OutboxState.DEAD)
    .values(state=OutboxState.SENDING, not_before=bindparam("until"))
)
ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("channel"))))
MARK = update(outbox).where(
    outbox.c.id == bindparam("known_id"), outbox.c.state.in_((*UNSETTLED, OutboxState.SENDING))
)
LOCK = (
    select(conversation.c.id)
    .where(conversation.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(conversation.c.id)
    .with_for_update(key_share=True)
)


class SqlOutbox:
    """`domain.ports.Outbox` on one connection.

    The numbers of one conversation's words rise in the order of their commits, so that whoever
    reads on from the last number seen misses none: a turn has changed its conversation's row
    before it adds words, and words that come unasked lock that row.

    A messenger that lets us answer a message at once takes the words of `answering`: all that is
    still to be sent, and before it what was given in answer to this very message already, for who
    asks again has not got that. They are known by the keys that `claim_answer` writes.

    `claim` hands out at most one word a conversation, so that a process that dies leaves in doubt
    only what was on its way. A word whose lease ends unsettled becomes UNKNOWN (`lapse`).
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, words: Sequence[OutWord]) -> Sequence[int]:
        self._wait_for_turns([word.conversation_id for word in words if word.unasked])
        return [self._add(word) for word in words]

    def _wait_for_turns(self, conversation_ids: Sequence[str]) -> None:
        if conversation_ids and self._connection.dialect.name == "postgresql":
            self._connection.execute(LOCK, {"ids": conversation_ids})

    def _add(self, word: OutWord) -> int:
        row = {
            "conversation_id": word.conversation_id,
            "template": word.template,
            "text": word.text,
            "at": word.at,
            "choices": word.choices,
            "asks": word.asks,
            "case_number": word.case_number,
            "key": word.key,
            "unasked": word.unasked,
            "state": word.state,
            "resent": False,
            "not_before": word.not_before,
        }
        added: int | None = self._connection.execute(
            ADD[self._connection.dialect.name], row
        ).scalar_one_or_none()
        if added is None:
            added = self._connection.execute(BY_KEY, {"key": word.key}).scalar_one()
        return added

    def claim(
        self, channel: str, now: datetime, limit: int, resting: Sequence[str] = ()
    ) -> Sequence[DueWord]:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(ONE_AT_A_TIME, {"channel": channel})
        is_day = outside_quiet_hours(now) == now
        wanted = {"channel": channel, "now": now, "is_day": is_day, "most": limit}
        wanted["resting"] = list(resting)
        rows = self._connection.execute(DUE, wanted).all()
        if not rows:
            return []
        take = {"ids": [row.id for row in rows], "until": now + LEASE}
        taken = {row.id: row.resent for row in self._connection.execute(TAKE, take)}
        return [
            DueWord(as_out_word(row), row.sender, was_sending=taken[row.id])
            for row in rows
            if row.id in taken
        ]

    def answering(
        self, conversation_id: str, message_id: str, now: datetime
    ) -> Sequence[DueWord] | None:
        keys = _answer_keys(message_id)
        is_day = outside_quiet_hours(now) == now
        wanted = {"conversation_id": conversation_id, "is_day": is_day, "keys": keys}
        rows = self._connection.execute(ANSWERING, wanted).all()
        if any(row.state == OutboxState.SENDING and row.key not in keys for row in rows):
            return None
        return [
            DueWord(as_out_word(row), "", row.state == OutboxState.UNKNOWN and row.key not in keys)
            for row in rows
        ]

    def claim_answer(
        self, words: Sequence[OutWord], message_id: str, until: datetime
    ) -> Sequence[OutWord]:
        keys = _answer_keys(message_id)
        free = [key for key in keys if key not in {word.key for word in words}]
        claimed: list[OutWord] = []
        for word in words:
            row = {"known_id": word.id, "until": until}
            if word.key in keys:
                done = self._connection.execute(CLAIM_AGAIN, row)
            else:
                done = self._connection.execute(CLAIM_ANSWER, row | {"answer_key": free.pop(0)})
            if done.rowcount != 1:
                break
            claimed.append(word)
        return claimed

    def lay_down_unasked(self, conversation_id: str) -> None:
        self._connection.execute(LAY_DOWN, {"of": conversation_id})

    def lapse(self, channel: str, now: datetime) -> Sequence[OutWord]:
        wanted = {"channel": channel, "now": now, "latest": now + LEASE}
        found = self._connection.execute(LAPSE, wanted)
        return [as_out_word(row) for row in found]

    def mark(self, word_id: int, state: OutboxState, not_before: datetime | None = None) -> None:
        row = {"known_id": word_id, "state": state, "not_before": not_before}
        self._connection.execute(MARK, row)


def _answer_keys(message_id: str) -> list[str]:
    return [f"answer:{message_id}:{place}" for place in range(ANSWER_WORDS)]


def as_out_word(row: Row[Any]) -> OutWord:
    """Return the word of a row of the table `outbox`."""
    return OutWord(
        conversation_id=row.conversation_id,
        template=row.template,
        text=row.text,
        at=row.at,
        choices=tuple(row.choices),
        asks=row.asks,
        case_number=row.case_number,
        key=row.key,
        unasked=row.unasked,
        id=row.id,
        state=OutboxState(row.state),
        not_before=row.not_before,
    )
