"""Work that is done for many at once, in a thread; one for whom it fails, fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


async def answer_together(
    tickets: Sequence[tuple[Q, asyncio.Future[A]]], work: Callable[[Sequence[Q]], Sequence[A]]
) -> None:
    """Give every ticket its answer, or the error that it alone raises. Its caller may be gone."""
    try:
        answers = await asyncio.to_thread(work, [question for question, _ in tickets])
    except Exception as error:
        if len(tickets) > 1:
            for ticket in tickets:
                await answer_together([ticket], work)
        elif not tickets[0][1].done():
            tickets[0][1].set_exception(error)
        return
    for (_, ready), answer in zip(tickets, answers, strict=True):
        if not ready.done():
            ready.set_result(answer)
