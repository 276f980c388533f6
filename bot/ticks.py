"""One tick: due follow-up rows become words in the outbox or tasks for people."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.dialogue.marks import Marks, offered
from bot.dialogue.state import Stage
from bot.keeper import Keeper
from bot.render import Renderer
from bot.words_out import out_word
from domain.conversation import Conversation, OutWord, Task, TaskKind
from domain.errors import Refusal
from domain.follow_up import FollowUp, FollowUpState
from domain.ports import UnitOfWork
from domain.services.follow_up import Called, Outcome, fire

BATCH = 200
BATCHES_A_TICK = 500  # a bound, not a target: what is left comes with the next tick
OVERDUE = timedelta(hours=1)

log = logging.getLogger(__name__)


def tick(keeper: Keeper, renderer: Renderer, now: datetime) -> Iterator[dict[str, Any]]:
    """Fire every row that is due at `now`; yield one record a word sent or person called.

    Rows are claimed in batches with a lease and fired each in a transaction of its own, so that
    one bad row stops no other and a killed process loses none. A row that cannot be fired comes
    again whenever its lease ends; an hour after it was due a person is called.
    """
    for _ in range(BATCHES_A_TICK):
        rows = keeper.submit(lambda work: work.follow_ups.claim(now, BATCH)).result()
        for row in rows:
            yield from _fire_one(keeper, renderer, row, now)
        if len(rows) < BATCH:
            return


def _fire_one(
    keeper: Keeper, renderer: Renderer, row: FollowUp, now: datetime
) -> list[dict[str, Any]]:
    def job(work: UnitOfWork) -> list[dict[str, Any]]:
        return [put_out(work, renderer, outcome, now) for outcome in fire(work, row, now)]

    try:
        return keeper.submit(job).result()
    except Refusal as refusal:  # somebody was faster, say; the row comes again after its lease
        log.warning("follow-up %s did not fire: %s", row.id, type(refusal).__name__)
    except Exception:
        log.exception("follow-up %s of case %s did not fire", row.id, row.case_number)
    if now - row.due_at < OVERDUE:
        return []
    return keeper.submit(lambda work: _call_about(work, row, now)).result()


def _call_about(work: UnitOfWork, row: FollowUp, now: datetime) -> list[dict[str, Any]]:
    """Call a person, once, about a row that still does not fire."""
    kept = work.follow_ups.get(row.id)
    details = {"reason": "follow_up_not_fired", "about": str(row.kind), "side": str(row.recipient)}
    task = Task(
        TaskKind.ALERT,
        now,
        now + OVERDUE,
        f"follow-up:{row.id}",
        case_number=row.case_number,
        details=details,
    )
    if kept is None or kept.state is not FollowUpState.CLAIMED or not work.tasks.open(task):
        return []
    return [_called(task, now)]


def put_out(
    work: UnitOfWork, renderer: Renderer, outcome: Outcome, now: datetime
) -> dict[str, Any]:
    """Put a word into the outbox, or report who was called; return it as a record."""
    if isinstance(outcome, Called):
        return _called(outcome.task, now)
    conversation = work.conversations.by_id(outcome.conversation_id)
    if conversation is None:
        raise LookupError(outcome.conversation_id)
    is_open = outcome.question is not None and _rests(conversation)
    marks = Marks.NUMBERS if is_open else Marks.NONE
    word = out_word(renderer, conversation, outcome, now, marks)
    work.outbox.add([word])
    if outcome.question is not None:
        work.conversations.save(asked(conversation, word, outcome.question))
    return {
        "at": now.isoformat(),
        "to": conversation.sender,
        "channel": conversation.channel,
        "word": outcome.template,
        "case": outcome.data.get("number"),
        "text": word.text,
    }


def _called(task: Task, now: datetime) -> dict[str, Any]:
    about = {"at": now.isoformat(), "called": task.kind.value, "case": task.case_number}
    return about | dict(task.details)


def asked(conversation: Conversation, word: OutWord, question: int) -> Conversation:
    """Return the conversation knowing that it was asked; at rest the choices can be typed too."""
    state = {**conversation.state, "follow_up": question}
    if _rests(conversation):
        state["offered"] = offered(word.choices)
    return replace(conversation, state=state)


def _rests(conversation: Conversation) -> bool:
    return conversation.state.get("stage") == Stage.RESTING
