"""Carries out each dialogue effect through a domain service, inside the turn's transaction."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from bot import own_info
from bot.dialogue.effects import (
    Book,
    CallPerson,
    ChangeCase,
    Effect,
    EndCase,
    FindSlots,
    ForgetWaiting,
    GiveBack,
    Hold,
    KeepEvidence,
    KeepPlace,
    KeepWaiting,
    LookUpStatus,
    RecallPlace,
    RecallWaiting,
    RegisterCase,
    TakeAnswer,
)
from bot.dialogue.events import (
    AnswerTaken,
    CaseEnded,
    CaseOpened,
    Event,
    NothingWaiting,
    PlaceRecalled,
    SessionBooked,
    SessionGivenBack,
    SlotsFound,
    StatusFound,
    Told,
)
from bot.messages import Attachment
from domain.case import Stage
from domain.conversation import Conversation, HeardMessage, Task
from domain.evidence import Evidence
from domain.ports import UnitOfWork
from domain.privacy import Notice
from domain.services import booking, follow_up, intake
from domain.services.booking import BookSession
from domain.session import SessionKind

WAITING_LIMIT = 2000
WAITING_SPAN = timedelta(minutes=30)
MESSAGES_WAITING = 8  # of one conversation; villagers send three short ones for one story


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message held in memory: what was understood of it, and its row in the inbox."""

    told: Told
    message: HeardMessage
    at: datetime


class WaitingRoom:
    """What may not be stored yet. In memory alone, bounded in number and in time."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[Waiting, ...]] = OrderedDict()
        self._places: OrderedDict[str, tuple[Mapping[str, str | None], datetime]] = OrderedDict()
        self._lock = Lock()

    def hold(self, conversation_id: str, waiting: Waiting) -> None:
        """Keep a message of a conversation beside those that wait already."""
        with self._lock:
            earlier = self._waiting.pop(conversation_id, ())
            self._waiting[conversation_id] = (*earlier, waiting)[-MESSAGES_WAITING:]
            if len(self._waiting) > WAITING_LIMIT:
                self._waiting.popitem(last=False)

    def look(self, conversation_id: str, now: datetime) -> tuple[Waiting, ...]:
        """Return the held messages, without those older than half an hour."""
        with self._lock:
            waiting = self._waiting.get(conversation_id, ())
        return tuple(each for each in waiting if now - each.at <= WAITING_SPAN)

    def hold_place(
        self, conversation_id: str, place: Mapping[str, str | None], now: datetime
    ) -> None:
        """Keep the place that was shared last."""
        with self._lock:
            self._places[conversation_id] = place, now
            self._places.move_to_end(conversation_id)
            if len(self._places) > WAITING_LIMIT:
                self._places.popitem(last=False)

    def place(self, conversation_id: str, now: datetime) -> Mapping[str, str | None] | None:
        """Return the held place, if it is not older than half an hour."""
        with self._lock:
            place, at = self._places.get(conversation_id, (None, now))
        return place if now - at <= WAITING_SPAN else None

    def drop(self, conversation_id: str) -> None:
        """Forget what is held of a conversation."""
        with self._lock:
            self._waiting.pop(conversation_id, None)
            self._places.pop(conversation_id, None)


@dataclass
class Carrying:
    """What the effects of one turn work on; `conversation` changes as they are carried out."""

    work: UnitOfWork
    conversation: Conversation
    message: HeardMessage
    told: Told | None
    now: datetime
    waiting_room: WaitingRoom
    notice: Notice
    has_recalled: bool = False

    def carry_out(self, effect: Effect) -> Event | None:
        """Do what the effect says and return its answer, if it has one. May raise a Refusal."""
        match effect:
            case _ if isinstance(effect, own_info.EFFECTS):
                return self._see_to_info(effect)
            case KeepWaiting() | ForgetWaiting() | KeepPlace():
                self._wait(effect)
            case RecallWaiting() | RecallPlace():
                return self._recall(effect)
            case Hold(flags, number):
                self.conversation = replace(self.conversation, is_held=True)
                if number is not None:
                    booking.hold_case(self.work, number, frozenset(flags), self.now)
            case CallPerson():
                self._call(effect)
            case KeepEvidence(attachment, number):
                self._keep(attachment, number)
            case _:
                return self._serve(effect)
        return None

    def _see_to_info(self, effect: Effect) -> Event | None:
        self.conversation, answer = own_info.carry_out(
            self.work, self.conversation, effect, self.notice, self.now
        )
        return answer

    def _wait(self, effect: KeepWaiting | ForgetWaiting | KeepPlace) -> None:
        if isinstance(effect, ForgetWaiting):
            self.waiting_room.drop(self.conversation.id)
        elif isinstance(effect, KeepPlace):
            self.waiting_room.hold_place(self.conversation.id, effect.place, self.now)
        elif self.told is not None:
            held = Waiting(self.told, self.message, self.now)
            self.waiting_room.hold(self.conversation.id, held)

    def _recall(self, effect: RecallWaiting | RecallPlace) -> Event | None:
        if isinstance(effect, RecallPlace):
            place = self.waiting_room.place(self.conversation.id, self.now)
            self.has_recalled = self.has_recalled or place is not None
            return PlaceRecalled(place) if place is not None else None
        waiting = self.waiting_room.look(self.conversation.id, self.now)
        if not waiting:
            return NothingWaiting()
        self.has_recalled = True
        for each in waiting:
            self.work.inbox.complete(each.message)
        return waiting[-1].told  # read together with those before it

    def _keep(self, sent: Attachment, number: int | None) -> None:
        if sent.evidence_id is None:
            raise ValueError("nothing was sent that could be kept")
        message = self.message
        self.work.evidence.add(
            Evidence(
                sent.evidence_id,
                self.conversation.id,
                message.message_id,
                self.now,
                sent.kind,
                sent.media,
                sent.size,
                number,
            )
        )

    def _call(self, effect: CallPerson) -> None:
        about = effect.number or self.conversation.id
        self.work.tasks.open(
            Task(
                effect.kind,
                self.now,
                self.now + timedelta(minutes=effect.minutes),
                f"{effect.kind}:{about}:{effect.reason}:{self.now.date()}",
                conversation_id=self.conversation.id,
                case_number=effect.number,
                details={"reason": effect.reason},
            )
        )

    def _serve(self, effect: Effect) -> Event | None:
        match effect:
            case RegisterCase():
                return self._register(effect)
            case ChangeCase():
                intake.change_case(self.work, effect.number, effect.facts, effect.words, self.now)
            case FindSlots() | Book() | GiveBack():
                return self._meet(effect)
            case EndCase(number, other_side):
                return self._end(number, other_side)
            case LookUpStatus(number, purpose):
                return self._look_up(number, purpose)
            case TakeAnswer(number, answer, row):
                said = follow_up.Answer(self.conversation.id, number, answer, row)
                return AnswerTaken(follow_up.take_answer(self.work, said, self.now))
        return None

    def _meet(self, effect: FindSlots | Book | GiveBack) -> Event:
        match effect:
            case FindSlots(wish):
                return SlotsFound(tuple(booking.offer_slots(self.work, wish, self.now)))
            case GiveBack(number):
                booking.give_back_session(self.work, number, self.now)
                return SessionGivenBack()
        return self._book(effect)

    def _register(self, effect: RegisterCase) -> Event:
        wish = intake.OpenCase(
            self.conversation.id,
            effect.dispute_type,
            effect.story,
            effect.facts,
            frozenset(effect.flags),
        )
        case = intake.open_case(self.work, wish, self.now)
        self.work.evidence.put_into_case(self.conversation.id, case.number)
        self.conversation = replace(
            self.conversation, case_number=case.number, dispute_type=case.dispute_type
        )
        return CaseOpened(case.number)

    def _book(self, effect: Book) -> Event:
        _, mediator_id, kind, starts_at = effect.slot.split(":", 3)
        if effect.name or effect.phone:
            intake.complete_applicant(self.work, effect.number, effect.name, effect.phone)
        wish = BookSession(
            effect.number, mediator_id, SessionKind(kind), datetime.fromisoformat(starts_at)
        )
        act = booking.reschedule_session if effect.moving else booking.book_session
        booked = act(self.work, wish, self.now)
        mediator = self.work.roster.get(mediator_id)
        return SessionBooked(booked, mediator.name, mediator.phone)

    def _end(self, number: int, other_side: bool) -> Event:
        stage = Stage.OTHER_SIDE_REFUSED if other_side else Stage.WITHDRAWN
        booking.withdraw_case(self.work, number, self.now, stage, "citizen")
        self.conversation = replace(self.conversation, case_number=None)
        return CaseEnded(number, other_side)

    def _look_up(self, number: int, purpose: str) -> Event:
        case = self.work.cases.get(number)
        coming = self.work.sessions.coming(number, self.now)
        mediator = self.work.roster.get(coming.mediator_id) if coming else None
        return StatusFound(
            purpose,
            number,
            case.stage.value,
            case.dispute_type,
            coming,
            coming.mediator_id if coming else None,
            mediator.name if mediator else "",
            mediator.phone if mediator else "",
        )
