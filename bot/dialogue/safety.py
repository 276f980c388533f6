"""Red flags: what is said and locked before anything else (domain.md 2.5, 2.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.dialogue.effects import CallPerson, Effect, Hold, Say
from bot.dialogue.events import Chose, Event, Told
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn
from bot.dialogue.words import command_in
from domain.case import LOCKING_FLAGS
from domain.conversation import TaskKind
from nlu.interpreter import Understanding

LOCKING = LOCKING_FLAGS  # the first card is shown
CALM = ("mass", "hazard")
MINUTES_TO_PERSON = 15


def locking(flags: Iterable[str]) -> tuple[str, ...]:
    """Return the flags that stop the form, most urgent first."""
    flags = set(flags)
    return tuple(flag for flag in LOCKING if flag in flags)


def dangers(state: Dialogue, event: Event) -> tuple[str, ...]:
    """Return the flags that stop the form: heard in a message, or confirmed when we were in doubt.

    Under a hold nothing is lost by a card too many: there a doubt is a danger.
    """
    match event:
        case Chose("do:danger"):
            return locking(("now", *state.doubted))
        case Told(heard) if command_in(heard.text) == "danger":
            return locking(("now", *state.doubted, *heard.flags))
        case Told(heard) if state.stage is Stage.HELD:
            return locking(heard.flags)
        case Told(heard):
            return locking(heard.flags - heard.doubtful)
    return ()


def hold(state: Dialogue, flags: tuple[str, ...]) -> Turn:
    """Help first: the card, a person is called, all mediation is locked, no form.

    Under a hold more of the same is listened to; a new danger, or one this minute, has its card.
    """
    fresh = tuple(flag for flag in flags if flag not in state.flags)
    if state.stage is Stage.HELD and not fresh and "now" not in flags:
        return state, (Say("held_listening", {}, ("do:person",)),)
    cards = _cards(flags)
    effects: list[Effect] = [Say(f"help_{card}") for card in cards[:-1]]
    effects.append(Say(f"help_{cards[-1]}", {}, ("do:safe", "do:person")))
    if state.stage is not Stage.HELD or fresh:
        effects += [Hold(flags, number) for number in state.case_numbers or (None,)]
        effects.append(
            CallPerson(TaskKind.SAFETY, MINUTES_TO_PERSON, ",".join(flags), state.case_number)
        )
        effects.append(Say("person_is_told"))
    held = replace(
        state.rest(),
        stage=Stage.HELD,
        flags=tuple(dict.fromkeys((*state.flags, *flags))),
    )
    return held, tuple(effects)


def _cards(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return whose cards are shown: those of a child, a partner, a life in despair, at most two.

    They hold what `now` would say; of other dangers the first has its card.
    """
    named = tuple(flag for flag in flags if flag in {"self_harm", "child", "dv"})
    return named[:2] or flags[:1]


def doubt(state: Dialogue, heard: Understanding) -> tuple[Dialogue, tuple[Effect, ...]]:
    """Ask once whether somebody is in danger, and tell a person; the form goes on meanwhile.

    Before consent nobody is told yet; the story comes back once it may be kept.
    """
    fresh = tuple(flag for flag in locking(heard.doubtful) if flag not in state.doubted)
    if not fresh:
        return state, ()
    may_tell = state.stage is not Stage.NOTICE
    asked = Say("in_danger", {"is_told": may_tell}, ("do:danger",))
    if not may_tell:
        return state, (asked,)
    told = CallPerson(TaskKind.ALERT, MINUTES_TO_PERSON, ",".join(fresh), state.case_number)
    return replace(state, doubted=(*state.doubted, *fresh)), (asked, told)


def warn(state: Dialogue, flags: Iterable[str]) -> tuple[Dialogue, tuple[Effect, ...]]:
    """Return cards and calls for flags that let the form go on (a crowd, a dangerous place)."""
    fresh = [flag for flag in CALM if flag in set(flags) and flag not in state.flags]
    effects: list[Effect] = []
    for flag in fresh:
        effects.append(Say(f"help_{flag}"))
        effects.append(CallPerson(TaskKind.ALERT, MINUTES_TO_PERSON, flag, state.case_number))
    return replace(state, flags=(*state.flags, *fresh)), tuple(effects)
