"""People who talk to the pure dialogue: the real catalogue and readers, understandings by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.dialogue.effects import (
    Book,
    Effect,
    EndCase,
    EraseInfo,
    FindReaders,
    FindSlots,
    GiveBack,
    KeepPlace,
    KeepWaiting,
    LookUpStatus,
    OfferInfo,
    RecallPlace,
    RecallWaiting,
    RegisterCase,
    Say,
    TakeAnswer,
    TakeInvitation,
)
from bot.dialogue.events import (
    AnswerTaken,
    Attached,
    CaseEnded,
    CaseOpened,
    Chose,
    Event,
    InfoErased,
    InfoReady,
    InvitationRefused,
    InvitationTaken,
    NothingWaiting,
    PlaceRecalled,
    ReadersFound,
    SessionBooked,
    SessionGivenBack,
    SlotsFound,
    Started,
    StatusFound,
    Told,
)
from bot.dialogue.marks import chosen_in, marked, offered
from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from bot.dialogue.step import step
from bot.dialogue.view import View
from bot.messages import Attachment
from domain.calendar import LOCAL
from domain.catalogue import load_catalogue
from domain.services.matching import Slot
from domain.services.privacy import Erased, Reading
from domain.session import SessionBooking, SessionKind
from nlu.interpreter import DISPUTE, Ranked, Understanding
from nlu.readers.facts import read_facts

NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)  # a Monday
CATALOGUE = load_catalogue()
VIEW = View(CATALOGUE, NOW)
FIRST_NUMBER = 2026000015
GOOD_CODE = "K7M4X2W9"


def understood(
    text: str,
    *types: str,
    intent: str | None = None,
    flags: Iterable[str] = (),
    doubtful: Iterable[str] = (),
    sure: bool | None = None,
    topic: str | None = None,
    confidence: float = 0.95,
    ours: bool = True,
    now: datetime = NOW,
) -> Understanding:
    """Return what a message means; types are ranked as given, one alone is sure."""
    intent = intent or DISPUTE
    speaks_of_matter = intent in {DISPUTE, "legal_question"} and types
    return Understanding(
        text,
        intent,
        confidence,
        types[0] if speaks_of_matter else None,
        confidence,
        tuple(Ranked(name, confidence / (place + 1)) for place, name in enumerate(types)),
        frozenset(flags) | frozenset(doubtful),
        read_facts(text, now),
        "by hand",
        doubtful=frozenset(doubtful),
        is_sure=len(types) == 1 if sure is None else sure,
        is_ours=ours,
        topic=topic,
        reasons=(text[:3],) if types else (),
    )


class Person:
    """A person in a conversation. Effects are answered with plain data, as `bot/effects.py` does.

    `said` holds what the last message was answered with, `done` all other effects of the talk.
    """

    def __init__(self, state: Dialogue | None = None, view: View = VIEW) -> None:
        self.state = state or Dialogue()
        self.view = view
        self.said: list[Say] = []
        self.done: list[Effect] = []
        self.free = 3
        self.booking: SessionBooking | None = None
        self.number = FIRST_NUMBER
        self._waiting: Told | None = None
        self._told: Told | None = None
        self._place: Mapping[str, str | None] | None = None

    @property
    def templates(self) -> list[str]:
        return [each.template for each in self.said]

    @property
    def asks(self) -> str | None:
        """The fact that the last words ask for, if they ask for one."""
        names = [each.asks["name"] for each in self.said if each.asks]
        assert len(names) <= 1, "one question a turn"
        return names[0] if names else None

    @property
    def choices(self) -> tuple[str, ...]:
        return self.said[-1].choices if self.said else ()

    def did(self, kind: type) -> list[Effect]:
        return [each for each in self.done if isinstance(each, kind)]

    def known(self, name: str) -> object:
        fact = self.state.known.get(name)
        return fact.value if fact else None

    def says(self, text: str, *types: str, **how: object) -> Person:
        """Write something; an offered label or number is taken as a tap, as in `bot/turns.py`."""
        chosen = chosen_in(self.state.offered, text)
        if chosen is not None and self.state.stage is not Stage.HELD:
            return self.taps(chosen)
        told = Told(understood(text, *types, now=self.view.now, **how))  # type: ignore[arg-type]
        return self.takes(told)

    def asks_between(self, text: str, topic: str = "fee") -> Person:
        return self.says(text, intent="service_question", topic=topic)

    def taps(self, id_: str) -> Person:
        return self.takes(Chose(id_))

    def sends_picture(self) -> Person:
        return self.sends(Attachment("photo", evidence_id="e1"))

    def sends(self, attachment: Attachment) -> Person:
        return self.takes(Attached(attachment))

    def comes_back_after(self, **time: int) -> Person:
        self.view = replace(self.view, now=self.view.now + timedelta(**time))
        self.state = from_data(to_data(self.state))
        return self

    def takes(self, event: Event) -> Person:
        self._told = event if isinstance(event, Told) else None
        self.said, events = [], deque([event])
        for _ in range(12):
            if not events:
                break
            self.state, effects = step(self.state, events.popleft(), self.view)
            for effect in effects:
                if isinstance(effect, Say):
                    self.said.append(effect)
                    continue
                self.done.append(effect)
                answer = self._answer(effect)
                if answer is not None:
                    events.append(answer)
        else:
            raise AssertionError("a turn does not come to an end")
        shown = next((each for each in reversed(self.said) if each.choices), None)
        if shown is not None:
            choices = [{"id": id_, "label": _label(id_)} for id_ in shown.choices]
            self.state = replace(self.state, offered=offered(marked(choices, shown.marks)))
        return self

    def _answer(self, effect: Effect) -> Event | None:
        match effect:
            case KeepWaiting():
                self._waiting = self._told or self._waiting
            case RecallWaiting():
                waiting, self._waiting = self._waiting, None
                return waiting or NothingWaiting()
            case KeepPlace(place):
                self._place = place
            case RecallPlace():
                return PlaceRecalled(self._place) if self._place else None
        return self._do(effect)

    def _do(self, effect: Effect) -> Event | None:
        match effect:
            case RegisterCase():
                self.number += 1
                return CaseOpened(self.number - 1)
            case EndCase(number, other_side):
                return CaseEnded(number, other_side)
            case TakeAnswer(_, answer):
                return AnswerTaken(f"answer_{answer}")
            case TakeInvitation(code) if code == GOOD_CODE:
                return InvitationTaken(FIRST_NUMBER, "loan", "李四", "13800000000")
            case TakeInvitation():
                return InvitationRefused("not_known")
        return self._inform(effect) or self._meet(effect)

    def _inform(self, effect: Effect) -> Event | None:
        match effect:
            case OfferInfo(numbers):
                return InfoReady("A" * 22, "webchat", 3, len(numbers), 1)
            case FindReaders():
                return ReadersFound((Reading(self.view.now, "人民调解员", "李四"),))
            case EraseInfo(numbers):
                return InfoErased(Erased(numbers))
        return None

    def _meet(self, effect: Effect) -> Event | None:
        match effect:
            case FindSlots(wish):
                return SlotsFound(tuple(_slots(wish.kind, self.free, self.view.now)))
            case Book(number, slot):
                _, mediator, kind, starts = slot.split(":", 3)
                self.booking = SessionBooking(
                    1,
                    number,
                    mediator,
                    SessionKind(kind),
                    datetime.fromisoformat(starts),
                    60,
                    "村委会",
                )
                return SessionBooked(self.booking, "李四", "13800000000")
            case GiveBack():
                self.booking = None
                return SessionGivenBack()
            case LookUpStatus(number, purpose):
                booked = self.booking
                stage = "session_booked" if booked else "applied"
                who = booked.mediator_id if booked else None
                return StatusFound(purpose, number, stage, "loan", booked, who, "李四", "138")
        return None


def _slots(kind: SessionKind, count: int, now: datetime) -> Iterable[Slot]:
    for number in range(count):
        day = now + timedelta(days=number + 1)
        yield Slot(f"m{number}", kind, day.replace(hour=15, minute=0), 60, "村委会")


LABELS = {"type:none": "都不是", "back:right": "都对", "back:change": "要改一项"} | {
    "kind:phone": "打电话",
    "kind:video": "视频",
    "consent:yes": "同意",
    "consent:no": "不同意",
}


def _label(id_: str) -> str:
    verb, _, rest = id_.partition(":")
    if verb == "type" and rest != "none":
        return CATALOGUE.sheet(rest).short
    return LABELS.get(id_, id_)


def newcomer() -> Person:
    """A person who has said nothing yet."""
    return Person()


def agreed() -> Person:
    """A person who has agreed to the notice."""
    return Person(Dialogue(Stage.TELLING))


LOAN = "我表哥在会泽县跟我借了两万三，打了借条，到现在不还"


def lender() -> Person:
    """A person in the middle of the intake of a loan."""
    return agreed().says(LOAN, "loan")


def answers_all(person: Person, unknown: Sequence[str] = ()) -> Person:
    """Answer whatever is asked until everything is read back."""
    replies = {
        "lent_on": "前年",
        "last_asked": "上个月",
        "respondent": "表哥",
        "place": "会泽县",
    } | {
        "wish": "还钱",
        "name": "王师傅",
        "phone": "13800001234",
        "principal": "两万三",
    }
    for _ in range(20):
        fact = person.asks
        if fact is None:
            return person
        choices = [each for each in person.choices if each.startswith(f"fact:{fact}:")]
        if fact in unknown or (fact not in replies and len(choices) < 2):
            person.says("不晓得")
        elif fact in replies:
            person.says(replies[fact])
        else:
            person.taps(choices[0])
    raise AssertionError("the questions do not end")


def reader() -> Person:
    """A person to whom everything was read back."""
    return answers_all(lender())


def applicant() -> Person:
    """A person whose case is open and who is asked how to meet."""
    return reader().taps("back:right")


def choosing_time() -> Person:
    """A person who is offered times by telephone."""
    return applicant().taps("kind:phone")


def booked() -> Person:
    """A person with a case and a session."""
    person = choosing_time()
    return answers_all(person.taps(person.choices[0]))


def invited() -> Person:
    """A person who came with a good code, agreed to the notice, and is asked for the own view."""
    return newcomer().takes(Started(f"i{GOOD_CODE}")).taps("consent:yes")


def endangered() -> Person:
    """A person under a safety hold, in the middle of an intake."""
    return lender().says("他拿刀堵在门口", "loan", flags=("now",))


EVERY_STAGE = {
    Stage.NOTICE: newcomer,
    Stage.TELLING: agreed,
    Stage.PROPOSING: lambda: agreed().says("他不给钱", "loan", "contract", "labour_wage"),
    Stage.ASKING: lender,
    Stage.READING_BACK: reader,
    Stage.CHOOSING_KIND: applicant,
    Stage.CHOOSING_SLOT: choosing_time,
    Stage.CONFIRMING: lambda: booked().says("取消预约"),
    Stage.RESTING: booked,
    Stage.HELD: endangered,
}
