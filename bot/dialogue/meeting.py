"""How and when to meet: the kind of session, the free times, moving and giving back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.dialogue.effects import CallPerson, FindSlots, Say
from bot.dialogue.events import SessionBooked, SlotsFound, StatusFound
from bot.dialogue.intake import ask_again, finish_booking
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from domain.calendar import LOCAL
from domain.conversation import TaskKind
from domain.services.matching import Slot, SlotWish
from domain.session import OFFERED, SessionKind
from nlu.readers.facts import Facts
from nlu.readers.wishes import DayPart, SessionWish

WORKING_DAY_MINUTES = 24 * 60
PARTS = {
    DayPart.MORNING: (6, 12),
    DayPart.NOON: (11, 14),
    DayPart.AFTERNOON: (12, 18),
    DayPart.EVENING: (18, 22),
}


def ask_kind(state: Dialogue, number: int) -> Turn:
    """Give the case number, then ask how the person would like to meet."""
    state = replace(
        state, stage=Stage.CHOOSING_KIND, case_number=number, asked=None, slot=None, moving=False
    )
    return state, (
        Say("case_opened", {"number": number}),
        Say("ask_kind", {}, (*(f"kind:{kind}" for kind in OFFERED), "do:no_session")),
    )


def ask_kind_again(state: Dialogue) -> Turn:
    """Ask how to meet for a case that has no session."""
    state = replace(state, stage=Stage.CHOOSING_KIND, asked=None, slot=None)
    return state, (Say("ask_kind", {}, (*(f"kind:{k}" for k in OFFERED), "do:no_session")),)


def choose_kind(state: Dialogue, kind: str, view: View, facts: Facts | None = None) -> Turn:
    """Look for times of this kind, near a wish where one was told."""
    if kind not in {each.value for each in OFFERED} or state.case_number is None:
        return state, ask_again(state, view)
    wish = wish_data(facts.wishes) if facts is not None else {}
    state = replace(
        state, stage=Stage.CHOOSING_SLOT, session_kind=kind, wish=wish or dict(state.wish)
    )
    return state, (FindSlots(slot_wish(state)),)


def kind_in(text: str) -> str | None:
    """Return the kind of session that free words name."""
    words = {
        SessionKind.PHONE: ("电话", "打给我"),
        SessionKind.VIDEO: ("视频", "微信视频"),
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
    return next((k.value for k, cues in words.items() if any(c in text for c in cues)), None)


def wish_data(wishes: tuple[SessionWish, ...]) -> dict[str, Any]:
    """Return the first wished time as data: day, not_before, from_hour, until_hour."""
    if not wishes:
        return {}
    wish = wishes[0]
    data: dict[str, Any] = {}
    if wish.first is not None:
        key = "day" if wish.first == wish.last else "first"
        data[key] = wish.first.isoformat()
    if wish.clock is not None:
        data["from_hour"], data["until_hour"] = wish.clock.hour, wish.clock.hour + 2
    elif wish.part is not None:
        data["from_hour"], data["until_hour"] = PARTS[wish.part]
    return data


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
    return state.rest(), (
        Say("nobody_free", {"number": state.case_number}),
        CallPerson(TaskKind.NO_SLOT, WORKING_DAY_MINUTES, "no_slot", state.case_number),
    )


def choose_slot(state: Dialogue, slot: str, view: View) -> Turn:
    """Remember the chosen time and finish the booking."""
    if state.case_number is None:
        return state, ask_again(state, view)
    kind = slot.split(":", 2)[1]
    return finish_booking(replace(state, slot=slot, session_kind=kind), view)


def say_booked(state: Dialogue, booked: SessionBooked) -> Turn:
    """Say when, where and with whom; nothing is open any more."""
    data = {"booking": booked.booking, "mediator": booked.mediator, "phone": booked.phone}
    template = "session_moved" if state.moving else "session_booked"
    return state.rest(), (Say(template, data), Say("what_to_bring", {"type": state.dispute_type}))


def take_wish(state: Dialogue, facts: Facts) -> Turn | None:
    """Look again near a time that the person wrote instead of choosing; None where none is told."""
    wish = wish_data(facts.wishes)
    if not wish:
        return None
    state = replace(state, wish=wish)
    return state, (FindSlots(slot_wish(state)),)


def move(state: Dialogue, status: StatusFound, facts_wish: Mapping[str, Any]) -> Turn:
    """Start to move the coming session, or to book where there is none."""
    if status.booking is None:
        return ask_kind_again(state)
    state = replace(
        state,
        stage=Stage.CHOOSING_SLOT,
        moving=True,
        session_kind=status.booking.kind.value,
        wish=dict(facts_wish),
    )
    return state, (FindSlots(slot_wish(state)),)


def change_mediator(state: Dialogue, status: StatusFound) -> Turn:
    """Look for somebody else (人民调解法 19, 23): the person need not say why."""
    refused = (status.mediator_id,) if status.mediator_id else ()
    state = replace(state, not_mediators=(*state.not_mediators, *refused))
    turn = move(state, status, {})
    return turn[0], (Say("mediator_refused"), *turn[1])
