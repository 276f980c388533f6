"""A person's rights as words that work in every state: see, erase, take back, who has read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.dialogue.effects import (
    CallPerson,
    Effect,
    EraseInfo,
    FindReaders,
    ForgetWaiting,
    KeepWaiting,
    LapseConsent,
    OfferInfo,
    RevokeConsent,
    Say,
)
from bot.dialogue.events import (
    Attached,
    Chose,
    Event,
    InfoErased,
    InfoReady,
    Located,
    ReadersFound,
    Started,
    Told,
)
from bot.dialogue.intake import ask_again, notice
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from bot.dialogue.words import command_in
from domain.conversation import TaskKind

RIGHTS = ("my_info", "readers", "erase", "revoke")
CHOICES = ("do:my_info", "do:readers", "do:erase", "do:revoke")
DAY = 24 * 60  # minutes
SHOWN = 8  # readings in one message
FREELY: Mapping[str, re.Pattern[str]] = {  # in a request that is already known to be one of these
    "readers": re.compile(r"[谁哪].{0,6}(?:看|查|读|翻)"),
    "erase": re.compile(r"删|清除|注销|抹掉"),
    "revoke": re.compile(r"撤回|收回|不.{0,3}同意|取消授权|别.{0,2}[记存]|不要.{0,2}[记存]"),
    "my_info": re.compile(r"看|查|导出|下载|复制|给我|拿|记了"),
}


def taken(state: Dialogue, event: Event, view: View) -> Turn | None:
    """Take a word about these rights, or what it led to; None for everything else."""
    match event:
        case Told(heard):
            right = command_in(heard.text)
            return asked(state, right) if right in RIGHTS else _if_changed(state, event, view)
        case Chose(id_) if id_ in CHOICES:
            return asked(state, id_.removeprefix("do:"))
        case Chose("do:erase_now"):
            return erase(state)
        case Chose() | Attached() | Located() | Started():
            return _if_changed(state, event, view)
        case InfoReady():
            return state, (Say("my_info", {"ready": event}), *_back(state, view))
        case ReadersFound(readings):
            about = {"readings": readings[:SHOWN], "more": len(readings) - SHOWN}
            return state, (Say("readers", about), *_back(state, view))
        case InfoErased(erased):
            return state, (Say("erased", {"erased": erased}),)
    return None


def _back(state: Dialogue, view: View) -> tuple[Effect, ...]:
    return () if state.stage is Stage.HELD else ask_again(state, view)


def is_right(text: str) -> bool:
    """Whether the whole text is one of the words."""
    return command_in(text) in RIGHTS


def asked(state: Dialogue, right: str) -> Turn:
    """Answer one of the words."""
    if _is_empty(state):
        return state, (Say("nothing_kept"), notice(state))
    match right:
        case "my_info":
            return state, (OfferInfo(state.case_numbers),)
        case "readers":
            return state, (FindReaders(),)
        case "erase":
            return _ask_before_erasing(state)
    return revoke(state)


def asked_freely(state: Dialogue, text: str) -> Turn:
    """Answer a request in a person's own words; where it may mean several, offer them."""
    right = next((right for right, words in FREELY.items() if words.search(text)), None)
    if right is not None or _is_empty(state):
        return asked(state, right or "")
    return state, (Say("your_rights", {}, CHOICES),)


def _is_empty(state: Dialogue) -> bool:
    """Whether nothing of this person is kept: not agreed yet, and no case from before."""
    return state.stage is Stage.NOTICE and state.back_to is None and not state.case_numbers


def _if_changed(state: Dialogue, event: Event, view: View) -> Turn | None:
    """Ask anew before anything else where the notice has changed; never under a hold."""
    if not view.has_new_notice or state.stage in {Stage.NOTICE, Stage.HELD}:
        return None
    back_to = state.back_to or Stage.TELLING if state.stage is Stage.CONFIRMING else state.stage
    state = replace(state, stage=Stage.NOTICE, back_to=back_to, confirming=None)
    waits = (KeepWaiting(),) if isinstance(event, Told) else ()
    return state, (LapseConsent(), *waits, Say("notice_changed"), notice(state))


def revoke(state: Dialogue) -> Turn:
    """Stop everything automatic and hand the cases to a person; what is a draft is dropped."""
    calls = [_call("consent_revoked", number) for number in state.case_numbers or (None,)]
    effects: tuple[Effect, ...] = (ForgetWaiting(), RevokeConsent(), *calls)
    say = Say("consent_revoked", {"has_case": bool(state.case_numbers)}, ("do:person",))
    if state.stage is Stage.HELD:
        return state, (*effects, say)
    return _bare(state), (*effects, say)


def _bare(state: Dialogue) -> Dialogue:
    """Return the state before the notice, knowing no more than which cases there are."""
    cases = [
        Dialogue(
            Stage.RESTING,
            case_number=matter.case_number,
            side=matter.side,
            dispute_type=matter.dispute_type,
        )
        for matter in (state, *state.parked)
        if matter.case_number is not None
    ]
    if not cases:
        return Dialogue(flags=state.flags)
    first, *others = cases
    return replace(first, stage=Stage.NOTICE, flags=state.flags, parked=tuple(others))


def _ask_before_erasing(state: Dialogue) -> Turn:
    """Ask once. Under a safety hold a person decides: the record may protect somebody."""
    if state.stage is Stage.HELD:
        return state, (_call("erase_under_hold", state.case_number), Say("erase_held"))
    has_case = bool(state.case_numbers)
    return state, (Say("confirm_erase", {"has_case": has_case}, ("do:erase_now", "do:continue")),)


def erase(state: Dialogue) -> Turn:
    """Erase after the one confirmation; it must just have been asked for."""
    if state.stage is Stage.HELD:
        return _ask_before_erasing(state)
    if not any(each.id == "do:erase_now" for each in state.offered):
        return asked(state, "erase")
    numbers = state.case_numbers
    calls = [_call("erased", number) for number in numbers]
    return Dialogue(), (ForgetWaiting(), *calls, EraseInfo(numbers))


def _call(reason: str, number: int | None) -> CallPerson:
    return CallPerson(TaskKind.PRIVACY, DAY, reason, number)
