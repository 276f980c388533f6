"""How and when to meet: the kind of session, the free times, moving and giving back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.dialogue import contact
from bot.dialogue.effects import CallPerson, FindSlots, Say
from bot.dialogue.events import SessionBooked, SlotsFound, StatusFound
from bot.dialogue.replying import finish_booking
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.times import still_to_come, wish_data
from bot.dialogue.view import Turn, View
from domain.calendar import LOCAL
from domain.conversation import TaskKind
from domain.services.matching import Slot, SlotWish
from domain.session import OFFERED, SessionKind
from nlu.readers.facts import Facts

WORKING_DAY_MINUTES = 24 * 60
KINDS = tuple(kind.value for kind in OFFERED)
KIND_WORDS = {
    SessionKind.PHONE: ("电话", "打给我"),
    SessionKind.VIDEO: ("视频",),
    SessionKind.VISIT: ("上门", "来村", "来家", "到家", "来我家", "下来", "进村"),
    SessionKind.WALK_IN: (
        "调解室",
        "司法所",
        "去你们",
        "克你们",
        "到所",
        "坐班",
        "门诊",
        "过去",
        "见面",
    ),
}
_NOT_WANTED = re.compile(r"(?:不要|不想|不用|不能|不方便|不会|没法|别)(?:打|用|开|搞|弄)?.{2}")
_ANY = re.compile(
    r"(?:都|哪个都|怎么都)(?:可以|行|得|要得)|随便|无所谓|你(?:们)?(?:安排|定|看着办)"
)


def ask_kind(state: Dialogue, number: int) -> Turn:
    """Give the case number, then ask how the person would like to meet.

    From here on the intake is over: its answers are changed in the case, never undone.
    """
    state = replace(state.rest(), wish=state.wish, case_number=number, trail=(), story="")
    state, effects = ask_kind_again(state)
    return state, (Say("case_opened", {"number": number}), *effects)


def ask_kind_again(state: Dialogue) -> Turn:
    """Ask how to meet for a case that has no session."""
    state = replace(state, stage=Stage.CHOOSING_KIND, asked=None, slot=None)
    return state, (Say("ask_kind", {}, (*(f"kind:{kind}" for kind in KINDS), "do:no_session")),)


def choose_kind(state: Dialogue, kind: str, view: View, facts: Facts | None = None) -> Turn:
    """Look for times of this kind, near a wish where one was told."""
    wish = wish_data(facts.wishes) if facts is not None else {}
    state = replace(
        state,
        stage=Stage.CHOOSING_SLOT,
        session_kind=kind,
        asked=None,
        slot=None,
        wish=wish or still_to_come(state.wish, view),
    )
    return state, (FindSlots(slot_wish(state)),)


def kind_in(text: str) -> str | None:
    """Return the kind of session that free words name (不要电话，要见面)."""
    wanted = _NOT_WANTED.sub("", text)
    return next((k.value for k, cues in KIND_WORDS.items() if any(c in wanted for c in cues)), None)


def is_any(text: str) -> bool:
    """Whether the person leaves the choice to us (都可以, 随便)."""
    return len(text) <= 12 and _ANY.search(text) is not None


def slot_wish(state: Dialogue) -> SlotWish:
    """Return what the session should be like, from the case's facts and the told wish."""
    place = state.known["place"].value if "place" in state.known else {}
    wish = state.wish
    return SlotWish(
        dispute_type=state.dispute_type or "other_civil",
        kind=SessionKind(state.session_kind or SessionKind.WALK_IN),
        county=place.get("county") or "",
        township=place.get("township") or "",
        not_mediators=frozenset(state.not_mediators),
        on_day=date.fromisoformat(wish["day"]) if "day" in wish else None,
        on_market_day="market" in wish,
        not_before=_moment(wish, "first"),
        from_hour=wish.get("from_hour", 0),
        until_hour=wish.get("until_hour", 24),
    )


def _moment(wish: Mapping[str, Any], key: str) -> datetime | None:
    return datetime.fromisoformat(wish[key]).replace(tzinfo=LOCAL) if key in wish else None


def search(state: Dialogue) -> tuple[FindSlots, ...]:
    """Return the effect that looks for times again."""
    return (FindSlots(slot_wish(state)),)


def slot_id(slot: Slot) -> str:
    """Return the id under which a slot is offered: it says whom and when by itself."""
    return f"slot:{slot.mediator_id}:{slot.kind}:{slot.starts_at.isoformat(timespec='minutes')}"


def is_slot(id_: str) -> bool:
    """Whether a choice names a time as `slot_id` writes it: anybody can send us anything."""
    parts = id_.split(":", 3)
    if len(parts) < 4 or parts[2] not in KINDS:
        return False
    try:
        return datetime.fromisoformat(parts[3]).tzinfo is not None
    except ValueError:
        return False


def offer(state: Dialogue, found: SlotsFound) -> Turn:
    """Offer the found times; widen a wish that nothing fits; call a person where nobody is free."""
    if found.slots:
        state = replace(state, stage=Stage.CHOOSING_SLOT)
        kind = {"kind": state.session_kind, "wished": bool(state.wish)}
        choices = (*(slot_id(slot) for slot in found.slots), "do:other_kind", "do:no_session")
        return state, (Say("slots_offered", kind, choices),)
    if state.wish:
        state = replace(state, wish={})
        return state, (Say("wish_not_free"), FindSlots(slot_wish(state)))
    remote = SessionKind.PHONE.value
    if state.session_kind != remote:
        state = replace(state, session_kind=remote)
        return state, (Say("nobody_near"), FindSlots(slot_wish(state)))
    call = CallPerson(TaskKind.NO_SLOT, WORKING_DAY_MINUTES, "no_slot", state.case_number)
    state, asked = contact.ask(state.rest())
    return state, (Say("nobody_free", {"number": state.case_number}), call, *asked)


def choose_slot(state: Dialogue, slot: str, view: View) -> Turn:
    """Remember the chosen time and finish the booking."""
    kind = slot.split(":", 3)[2]
    return finish_booking(replace(state, slot=slot, session_kind=kind), view)


def say_booked(state: Dialogue, booked: SessionBooked) -> Turn:
    """Say when, where and with whom; nothing is open any more."""
    data = {"booking": booked.booking, "mediator": booked.mediator, "phone": booked.phone}
    template = "session_moved" if state.moving else "session_booked"
    bring = Say("what_to_bring", {"type": state.dispute_type})
    state, asked = contact.ask(state.rest())
    return state, (Say(template, data), bring, *asked)


def take_wish(state: Dialogue, facts: Facts) -> Turn | None:
    """Look again near a time that the person wrote instead of choosing; None where none is told."""
    wish = wish_data(facts.wishes)
    if not wish:
        return None
    state = replace(state, stage=Stage.CHOOSING_SLOT, wish=wish, asked=None, slot=None)
    return state, (FindSlots(slot_wish(state)),)


def move(state: Dialogue, status: StatusFound) -> Turn:
    """Start to move the coming session, or to book where there is none."""
    if status.booking is None:
        return ask_kind_again(state)
    state = replace(
        state,
        stage=Stage.CHOOSING_SLOT,
        asked=None,
        slot=None,
        moving=True,
        session_kind=_offered_kind(status.booking.kind),
    )
    return state, (FindSlots(slot_wish(state)),)


def _offered_kind(kind: SessionKind) -> str:
    """Return the kind to look for: a home re-check is moved to a visit."""
    return kind.value if kind in OFFERED else SessionKind.VISIT.value


def change_mediator(state: Dialogue, status: StatusFound) -> Turn:
    """Look for somebody else (人民调解法 19, 23): the person need not say why."""
    refused = (status.mediator_id,) if status.mediator_id else ()
    names = tuple(dict.fromkeys((*state.not_mediators, *refused)))
    state, effects = move(replace(state, not_mediators=names, wish={}), status)
    return state, (Say("mediator_refused"), *effects)
