"""From the outbox to a messenger: in order, checked again, a reminder never doubled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol, TypeVar

from bot.keeper import Keeper
from domain.calendar import outside_quiet_hours
from domain.conversation import Conversation, DueWord, OutboxState, OutWord, Task, TaskKind
from domain.ports import UnitOfWork
from domain.session import BookingStatus

AT_ONCE = 50  # words on their way together
IDLE_SECONDS = 0.5  # how long words that another process queued may lie unseen
PAUSE_SECONDS = 2.0  # before the database is asked again after it did not answer
GRACE_SECONDS = 5.0  # for words on their way when the process is asked to stop
SETTLE_TRIES = 30
RETRY = timedelta(seconds=10)
FRESH = timedelta(minutes=1)  # a claim older than this may have been given to somebody else
A_PERSON_A_SECOND, A_PERSON_AT_ONCE = 1.0, 5.0  # words to one person
WORKING_DAY = timedelta(days=1)
NEWS_OF_THE_END = frozenset({"other_side_refused", "remedies", "told_ended"})
RESENT = "（重发）"

T = TypeVar("T")
Settling = Callable[[UnitOfWork], None]
log = logging.getLogger(__name__)


@dataclass
class NotSent(Exception):
    """The messenger surely has not taken the word; it may be tried again after `retry_after`."""

    retry_after: timedelta = RETRY


class MaybeSent(Exception):
    """The messenger may have taken the word: it never said (a time-out after the request left)."""


class Gone(Exception):
    """The person cannot be written to (blocked the bot, deleted the account)."""


class NotTaken(Exception):
    """The messenger will never take this word, whoever it is for; others may go."""


class Peer(Protocol):
    """A messenger that words are sent through."""

    async def send(self, to: str, text: str, choices: Sequence[Mapping[str, str]]) -> None:
        """Send one message, or raise NotSent, MaybeSent, NotTaken or Gone."""
        ...


class Pace:
    """How many words may start now: so many a second, and `at_once` after a rest."""

    def __init__(self, per_second: float, at_once: float | None = None) -> None:
        self._per_second = per_second
        self._at_once = at_once or per_second
        self._room = self._at_once
        self._looked_at = monotonic()

    def room(self) -> int:
        """Return how many words may start."""
        now = monotonic()
        grown = self._room + (now - self._looked_at) * self._per_second
        self._room, self._looked_at = min(grown, self._at_once), now
        return int(self._room)

    @property
    def is_rested(self) -> bool:
        """Whether it has as much room as it can have."""
        return self.room() >= int(self._at_once)

    def took(self, count: int) -> None:
        """Count words that started."""
        self._room -= count


class Delivery:
    """Sends the words of one channel, one at a time to each person, many persons at once.

    A word is claimed (SENDING, committed) before it is sent, and settled after:

    - taken: SENT;
    - surely not taken: QUEUED again, and that person's later words wait behind it;
    - unknown, because the messenger never said or because this process died on the way: UNKNOWN.
      A reply then goes once more, marked （重发）, before that person's later words; if that is
      lost too it stays UNKNOWN. A word that nobody asked for never goes again: where there is a
      case a helper is asked to phone;
    - refused for what it is: DEAD, and a person is called;
    - the person cannot be written to: DEAD, like every other word that nobody asked for. Where
      there is a case a helper is asked to phone, and plans turn into phone calls until the person
      writes again.

    The outbox holds to this (see `claim`): no crash and no second process sends more. A word that
    nobody asked for is looked at again just before it goes: DEAD where it no longer holds, QUEUED
    again where quiet hours have begun.

    At most `per_second` words start in a second, and to one person one after the first few
    (`A_PERSON_AT_ONCE`): the words of a turn come together, a flood does not.
    """

    def __init__(
        self,
        keeper: Keeper,
        channel: str,
        peer: Peer,
        clock: Callable[[], datetime],
        per_second: float = 30,
    ) -> None:
        self._keeper = keeper
        self._channel = channel
        self._peer = peer
        self._clock = clock
        self._pace = Pace(per_second)
        self._paces: dict[str, Pace] = {}  # of each conversation that was written to lately
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._on_their_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for queued words at once."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is on its way then is still settled."""
        work = asyncio.create_task(self._work())
        try:
            await asyncio.shield(work)
        finally:
            self._is_stopping = True
            self.wake()
            await asyncio.wait([work], timeout=GRACE_SECONDS)
            if self._on_their_way:
                await asyncio.wait(self._on_their_way, timeout=GRACE_SECONDS)

    async def _work(self) -> None:
        """Deliver until stopping; the database being away only delays."""
        while not self._is_stopping:
            try:
                wait = 0 if await self.start_due() else IDLE_SECONDS
            except Exception:
                log.exception("delivery on %s paused", self._channel)
                wait = PAUSE_SECONDS
            if wait:
                await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return
        self._woken.clear()

    async def start_due(self) -> int:
        """Claim what is due and put it on its way; return how many words that were."""
        room = min(AT_ONCE - len(self._on_their_way), self._pace.room())
        if room <= 0:
            return 0
        now = self._clock()
        due = await self._do(lambda work: self._claim(work, now, room))
        self._pace.took(len(due))
        for each in due:
            rest = Pace(A_PERSON_A_SECOND, A_PERSON_AT_ONCE)
            self._paces.setdefault(each.word.conversation_id, rest).took(1)
            task = asyncio.create_task(self._deliver(each, now))
            self._on_their_way.add(task)
            task.add_done_callback(self._arrived)
        return len(due)

    def _claim(self, work: UnitOfWork, now: datetime, room: int) -> Sequence[DueWord]:
        for word in work.outbox.lapse(self._channel, now):
            _doubt(work, word, now)
        return work.outbox.claim(self._channel, now, room, self._resting())

    def _resting(self) -> list[str]:
        """Return the conversations that may not be written to just now; forget who has rested."""
        self._paces = {id_: pace for id_, pace in self._paces.items() if not pace.is_rested}
        return [id_ for id_, pace in self._paces.items() if pace.room() < 1]

    async def deliver_due(self) -> int:
        """Send what is due and wait for it; return how many words that were."""
        count = await self.start_due()
        if self._on_their_way:
            await asyncio.wait(self._on_their_way)
        return count

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self._on_their_way.discard(task)
        self.wake()  # the next word to this person may go

    async def _deliver(self, due: DueWord, claimed_at: datetime) -> None:
        word = due.word
        try:
            if word.unasked and outside_quiet_hours(self._clock()) > self._clock():
                await self._settle(word, _as(word, OutboxState.QUEUED))
            elif word.unasked and not await self._is_still_wanted(word):
                await self._settle(word, self._as_unwanted(word))
            elif self._clock() - claimed_at <= FRESH:
                await self._settle(word, await self._send(due))
        except Exception:  # its lease runs out, and it is settled as one whose sender died
            log.exception("word %s on %s is left to its lease", word.id, self._channel)

    async def _is_still_wanted(self, word: OutWord) -> bool:
        now = self._clock()
        return await self._do(lambda work: is_still_wanted(work, word, now))

    async def _send(self, due: DueWord) -> Settling:
        """Send the word; return what is to be kept of how that went."""
        word = due.word
        text = f"{RESENT}{word.text}" if due.was_sending else word.text
        try:
            await self._peer.send(due.sender, text, word.choices)
        except NotSent as not_sent:
            return _as(word, OutboxState.QUEUED, self._clock() + not_sent.retry_after)
        except Gone:
            now = self._clock()
            return lambda work: give_up(work, word, now)
        except NotTaken:
            now = self._clock()
            return lambda work: _refused(work, word, now)
        except MaybeSent:
            return self._as_unknown(word)
        except Exception:
            log.exception("word %s on %s may have gone", word.id, self._channel)
            return self._as_unknown(word)
        return _as(word, OutboxState.SENT)

    def _as_unwanted(self, word: OutWord) -> Settling:
        """Lay a word down that does not hold any more, or whose reader is out of reach."""
        now = self._clock()

        def settle(work: UnitOfWork) -> None:
            work.outbox.mark(word.id, OutboxState.DEAD)
            conversation = work.conversations.by_id(word.conversation_id)
            if conversation is not None and conversation.unreachable_since is not None:
                ask_to_phone(work, word.conversation_id, word.case_number, now)

        return settle

    def _as_unknown(self, word: OutWord) -> Settling:
        now = self._clock()

        def settle(work: UnitOfWork) -> None:
            work.outbox.mark(word.id, OutboxState.UNKNOWN, now + RETRY)
            _doubt(work, word, now)

        return settle

    async def _settle(self, word: OutWord, settling: Settling) -> None:
        """Keep how it went; what is known by now must not be lost to a short fault."""
        for _ in range(SETTLE_TRIES - 1):
            try:
                return await self._do(settling)
            except Exception:
                log.exception("how word %s on %s went is not kept yet", word.id, self._channel)
                await asyncio.sleep(PAUSE_SECONDS)
        return await self._do(settling)

    async def _do(self, job: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._keeper.submit(job))


def _as(word: OutWord, state: OutboxState, not_before: datetime | None = None) -> Settling:
    return lambda work: work.outbox.mark(word.id, state, not_before)


def give_up(work: UnitOfWork, word: OutWord, now: datetime) -> None:
    """Lay down a word to somebody who cannot be written to, and whatever else waits."""
    work.outbox.mark(word.id, OutboxState.DEAD)
    conversation = work.conversations.by_id(word.conversation_id)
    if conversation is not None:
        lose_touch(work, conversation, word.case_number, now)


def lose_touch(
    work: UnitOfWork, conversation: Conversation, number: int | None, now: datetime
) -> None:
    """Note that the messenger takes no words to this person; a helper is asked to phone."""
    if conversation.unreachable_since is None:
        work.conversations.save(replace(conversation, unreachable_since=now))
    work.outbox.lay_down_unasked(conversation.id)
    ask_to_phone(work, conversation.id, number, now)


def _refused(work: UnitOfWork, word: OutWord, now: datetime) -> None:
    """Lay down a word that the messenger will never take, and call a person."""
    work.outbox.mark(word.id, OutboxState.DEAD)
    task = Task(
        TaskKind.ALERT,
        now,
        now + WORKING_DAY,
        f"word-not-taken:{word.id}",
        word.conversation_id,
        word.case_number,
        {"reason": "word_not_taken"},
    )
    work.tasks.open(task)


def _doubt(work: UnitOfWork, word: OutWord, now: datetime) -> None:
    """Ask a helper to phone about a word that may not have arrived and never goes again."""
    if word.unasked:
        ask_to_phone(work, word.conversation_id, word.case_number, now, "in_doubt")


def ask_to_phone(
    work: UnitOfWork,
    conversation_id: str,
    number: int | None,
    now: datetime,
    reason: str = "not_reached",
) -> None:
    """Ask a helper to phone somebody; once for each reason, however many words wait.

    Of who has neither a case nor agreed to the notice nothing is kept to phone by.
    """
    conversation = work.conversations.by_id(conversation_id)
    has_agreed = conversation is not None and conversation.consented_at is not None
    if number is None and not has_agreed:
        return
    task = Task(
        TaskKind.PHONE,
        now,
        now + WORKING_DAY,
        f"{reason.replace('_', '-')}:{conversation_id}",
        conversation_id,
        number,
        {"reason": reason},
    )
    work.tasks.open(task)


def is_still_wanted(work: UnitOfWork, word: OutWord, now: datetime) -> bool:
    """Whether a word that nobody asked for may still go out.

    Its case is open (or it tells that it is not), nobody is under a safety hold, no person has
    taken the conversation over, its reader is in reach, and the session that it may speak of is
    booked and to come.
    """
    conversation = work.conversations.by_id(word.conversation_id)
    if conversation is None or conversation.is_held or conversation.with_person:
        return False
    if conversation.unreachable_since is not None:
        return False
    if word.case_number is None:
        return True
    case = work.cases.get(word.case_number)
    if word.template in NEWS_OF_THE_END:
        return not case.is_held
    return case.is_open and not case.is_held and _session_stands(work, case.number, word, now)


def _session_stands(work: UnitOfWork, number: int, word: OutWord, now: datetime) -> bool:
    row = next((each for each in work.follow_ups.of_case(number) if each.key == word.key), None)
    if row is None or row.booking_id is None:
        return True
    booking = work.sessions.get(row.booking_id)
    if booking is None or booking.status is not BookingStatus.BOOKED:
        return False
    return booking.starts_at > now
