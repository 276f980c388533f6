"""Questions and remarks in between: answered shortly, then back to what was open, once."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.effects import Say
from bot.dialogue.intake import add_story, ask_again, ask_for_more
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.view import Turn, View
from nlu.interpreter import Understanding

TOPICS = (
    "fee",
    "duration",
    "binding",
    "robot",
    "bring",
    "secrecy",
    "lawyer",
    "remote",
    "place",
    "other_side_absent",
    "process",
    "language",
)
REMARKS = ("thanks_bye", "smalltalk", "abuse", "out_of_scope", "greet", "proxy_speaker")
REFERRED = ("admin_petition", "crime_fraud")
AT_REST = frozenset({Stage.NOTICE, Stage.RESTING, Stage.CONFIRMING})


def service(heard: Understanding) -> Say:
    """Return the answer to a question about the service itself (要收费吗)."""
    topic = heard.topic if heard.topic in TOPICS else "process"
    return Say(f"about_{topic}")


def answer_service(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Answer a question about the service itself, and lead back."""
    return _back(state, service(heard), view)


def answer_law(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Give the dated rules for the matter asked about, as information and not as advice."""
    name = heard.dispute_type or state.dispute_type
    sheet = view.catalogue.sheet(name) if name else None
    deadlines = [view.catalogue.deadlines[each] for each in sheet.deadlines] if sheet else []
    data = {"label": sheet.label if sheet else "", "deadlines": deadlines, "now": view.now}
    if state.is_mid_intake or state.is_respondent or state.stage in AT_REST:
        return _back(state, Say("law_answer", data), view)
    state = replace(add_story(state, heard.text, view), proposed=(name,) if name else ())
    choices = (f"type:{name}",) if name else ()
    return state, (Say("law_answer", data), Say("want_mediation", {}, (*choices, "do:lawyer")))


def remark(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Answer a greeting, thanks, small talk, abuse or something that is not for us."""
    return greet(state, view) if heard.intent == "greet" else _back(state, Say(heard.intent), view)


def greet(state: Dialogue, view: View) -> Turn:
    """Answer a greeting: who comes back finds what was open, who is new is asked for the story."""
    again = ask_again(state, view)
    if again:
        return state, (Say("welcome_back"), *again)
    return (state, (Say("greet"),)) if state.case_number else ask_for_more(replace(state, retold=0))


def refer_matter(state: Dialogue, heard: Understanding, view: View) -> Turn:
    """Say where a complaint about an office, or a crime, belongs; no case is made of it."""
    return _back(state, Say(heard.intent, {}, ("do:lawyer", "do:person")), view)


def _back(state: Dialogue, said: Say, view: View) -> Turn:
    return state, (said, *ask_again(state, view))
