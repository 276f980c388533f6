"""Carries out each dialogue effect through a domain service, inside the turn's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot import own_info
from bot.dialogue.effects import (
    AllowContact,
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
    TakeInvitation,
)
from bot.dialogue.events import (
    AnswerTaken,
    CaseEnded,
    CaseOpened,
    Event,
    InvitationRefused,
    InvitationTaken,
    NothingWaiting,
    PlaceRecalled,
    SessionBooked,
    SessionGivenBack,
    SlotsFound,
    StatusFound,
    Told,
)
from bot.messages import Attachment
from bot.waiting import Waiting, WaitingRoom
from domain.case import Role
from domain.conversation import Conversation, HeardMessage, Task
from domain.evidence import Evidence
from domain.ports import UnitOfWork
from domain.privacy import Notice
from domain.services import booking, follow_up, intake, two_sides
from domain.services.booking import BookSession
from domain.services.follow_up import Word
from domain.services.matching import SlotWish
from domain.session import SessionBooking, SessionKind


@dataclass
class Carrying:
    """What the effects of one turn work on; `conversation` changes as they are carried out.

    `words` are for the other side. An effect on a case is refused with `NotASide` unless this
    conversation speaks for one of its sides.
    """

    work: UnitOfWork
    conversation: Conversation
    message: HeardMessage
    told: Told | None
    now: datetime
    waiting_room: WaitingRoom
    notice: Notice
    has_recalled: bool = False
    words: list[Word] = field(default_factory=list)

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
                if number is not None and self._speaks_in(number):
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
            case ChangeCase(number, facts, words):
                side = self._side(number)
                intake.change_case(self.work, number, side, facts, words, self.now)
            case FindSlots() | Book() | GiveBack():
                return self._meet(effect)
            case EndCase(number, other_side):
                return self._end(number, other_side)
            case LookUpStatus(number, purpose):
                return self._look_up(number, purpose)
            case TakeAnswer(number, answer, row):
                said = follow_up.Answer(self.conversation.id, number, answer, row)
                return AnswerTaken(follow_up.take_answer(self.work, said, self.now))
        return self._between_sides(effect)

    def _between_sides(self, effect: Effect) -> Event | None:
        match effect:
            case TakeInvitation(code):
                return self._come_in(code)
            case AllowContact(number, allowed) if self._side(number) is Role.APPLICANT:
                two_sides.allow_contact(self.work, number, allowed, self.now)
        return None

    def _side(self, number: int) -> Role:
        """Return the side of the case that this conversation speaks for, or refuse."""
        return two_sides.side_of(self.work.cases.get(number), self.conversation.id)

    def _speaks_in(self, number: int) -> bool:
        return self.work.cases.get(number).side_of(self.conversation.id) is not None

    def _come_in(self, code: str) -> Event:
        found = two_sides.take_invitation(self.work, code, self.conversation.id, self.now)
        if isinstance(found, two_sides.NotInvited):
            return InvitationRefused(found.why)
        self.conversation = replace(
            self.conversation, case_number=found.number, dispute_type=found.dispute_type
        )
        return InvitationTaken(found.number, found.dispute_type, found.mediator, found.phone)

    def _meet(self, effect: FindSlots | Book | GiveBack) -> Event:
        match effect:
            case FindSlots(wish):
                wish = self._near_case(wish)
                return SlotsFound(tuple(booking.offer_slots(self.work, wish, self.now)))
            case GiveBack(number):
                side = self._side(number)
                given = booking.give_back_session(self.work, number, self.now)
                self.words += two_sides.tell_called_off(self.work, number, side, given)
                return SessionGivenBack()
        return self._book(effect)

    def _near_case(self, wish: SlotWish) -> SlotWish:
        """Return the wish at the place of the case, where this side has told of no place."""
        number = self.conversation.case_number
        if wish.county or number is None:
            return wish
        case = self.work.cases.get(number)
        return replace(wish, county=case.county, township=case.township)

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
        side = self._side(effect.number)
        if effect.name or effect.phone:
            intake.complete_party(self.work, effect.number, side, effect.name, effect.phone)
        wish = BookSession(
            effect.number, mediator_id, SessionKind(kind), datetime.fromisoformat(starts_at)
        )
        act = booking.reschedule_session if effect.moving else booking.book_session
        booked = act(self.work, wish, self.now)
        self._tell_booked(side, booked, effect.moving)
        mediator = self.work.roster.get(mediator_id)
        return SessionBooked(booked, mediator.name, mediator.phone)

    def _tell_booked(self, side: Role, booked: SessionBooking, moved: bool) -> None:
        number = booked.case_number
        self.words += two_sides.tell_booked(self.work, number, side, booked, moved)

    def _end(self, number: int, other_side: bool) -> Event:
        side = self._side(number)
        _, words = two_sides.end_case(self.work, number, side, other_side, self.now)
        self.words += words
        self.conversation = replace(self.conversation, case_number=None)
        return CaseEnded(number, other_side)

    def _look_up(self, number: int, purpose: str) -> Event:
        case = self.work.cases.get(number)
        side = two_sides.side_of(case, self.conversation.id)
        coming = self.work.sessions.coming(number, self.now)
        mediator = self.work.roster.get(coming.mediator_id) if coming else None
        return StatusFound(
            purpose,
            number,
            two_sides.stage_shown(self.work, case, side),
            case.dispute_type,
            coming,
            coming.mediator_id if coming else None,
            mediator.name if mediator else "",
            mediator.phone if mediator else "",
        )
