"""The answer to a callback: which words it takes from the outbox, and whether it was given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.channels.wechat_words import TEXT_BYTES, as_text, size
from bot.delivery import RESENT, is_still_wanted
from bot.messages import Incoming
from bot.served import Served
from domain.conversation import DueWord, OutboxState, OutWord
from domain.ports import UnitOfWork
from storage.outbox import ANSWER_WORDS

PAUSE_SECONDS = 0.1  # before it is looked again whether a word on its way has arrived
ASKED_AGAIN = timedelta(seconds=20)  # by then WeChat has asked again for an answer it did not get
BETWEEN = "\n\n"  # words of one answer

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Words claimed for the answer to a message, and the text that they make."""

    words: Sequence[OutWord]
    text: str


class Answers:
    """Takes words from the outbox into answers, in order.

    A word is SENDING while its answer is written, SENT after, and UNKNOWN where the line was gone:
    if WeChat asks again, the same words are given again, else the outbox sends them, marked.
    """

    def __init__(self, served: Served) -> None:
        self._served = served

    async def claim(
        self, request: Request, conversation_id: str, incoming: Incoming, ends_at: float
    ) -> Answer | None:
        """Claim what can be answered in time; None where nothing can, then the outbox sends it.

        A word that is on its way to this person already is waited for: it must not be overtaken.
        """
        while monotonic() < ends_at and not await request.is_disconnected():
            answer = await self._do(
                lambda work: self._claim(work, conversation_id, incoming.message_id)
            )
            if answer is not None:
                return answer if answer.words else None
            await asyncio.sleep(PAUSE_SECONDS)
        return None

    def _claim(self, work: UnitOfWork, conversation_id: str, message_id: str) -> Answer | None:
        now = self._served.clock()
        due = work.outbox.answering(conversation_id, message_id, now)
        if due is None:
            return None
        wanted = [each for each in due if _is_wanted(work, each, now)]
        texts = _fitting(wanted)
        words = [each.word for each in wanted]
        claimed = work.outbox.claim_answer(words[: len(texts)], message_id, now + ASKED_AGAIN)
        for word in words[len(claimed) :]:
            if word.state is OutboxState.QUEUED:
                work.outbox.mark(word.id, OutboxState.QUEUED)  # it need not wait for an answer
        return Answer(claimed, BETWEEN.join(texts[: len(claimed)]))

    async def settle(self, answer: Answer, was_given: bool) -> None:
        """Keep how it went. If that fails the words count as unknown once their lease ends."""
        not_before = None if was_given else self._served.clock() + ASKED_AGAIN
        state = OutboxState.SENT if was_given else OutboxState.UNKNOWN

        def mark(work: UnitOfWork) -> None:
            for word in answer.words:
                work.outbox.mark(word.id, state, not_before)

        try:
            await self._do(mark)
        except Exception as error:
            log.error("how an answer went is not kept: %s", type(error).__name__)

    async def _do(self, job: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._served.writer.submit(job))


class Given(Response):
    """The answer to a callback; once it is written, or the line was gone, that is told."""

    media_type = "application/xml"

    def __init__(
        self,
        content: bytes | memoryview,
        request: Request,
        settle: Callable[[bool], Awaitable[None]],
    ) -> None:
        super().__init__(content)
        self._request = request
        self._settle = settle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the answer, unless WeChat has dropped the line."""
        was_given = not await self._request.is_disconnected()
        try:
            if was_given:
                await super().__call__(scope, receive, send)
        except Exception:
            was_given = False
            raise
        finally:
            await self._settle(was_given)


def _is_wanted(work: UnitOfWork, due: DueWord, now: datetime) -> bool:
    """Whether a word that nobody asked for may go; where not, it is laid down."""
    if not due.word.unasked or is_still_wanted(work, due.word, now):
        return True
    work.outbox.mark(due.word.id, OutboxState.DEAD)
    return False


def _fitting(due: Sequence[DueWord]) -> list[str]:
    """Return the texts of the first words, as many as one answer holds."""
    offering = [place for place, each in enumerate(due) if each.word.choices]
    texts: list[str] = []
    room = TEXT_BYTES
    for place, each in enumerate(due[:ANSWER_WORDS]):
        is_last = offering[-1:] == [place]
        text = as_text(each.word.text, each.word.choices, is_last)
        text = f"{RESENT}{text}" if each.was_sending else text
        room -= size(text) + size(BETWEEN)
        if room < 0:
            break
        texts.append(text)
    return texts
