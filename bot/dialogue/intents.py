"""What a message is for, where the model is sure enough of it: wishes, questions, remarks."""

from __future__ import annotations

from bot.dialogue import answers, case_words, intake, privacy
from bot.dialogue.state import Dialogue
from bot.dialogue.view import Turn, View
from bot.dialogue.words import is_question
from nlu.interpreter import DISPUTE, LEGAL_QUESTION, SERVICE_QUESTION, Understanding

SURE_OF_INTENT = 0.8  # below this a reply to an open question is taken as its answer
LIKELY_INTENT = 0.35  # enough for a reply that is no answer to the open question
# Words that ask for nothing may well be the answer to a question for words (我帮我奶要回钱).
FREE_WORDS = frozenset(
    {"smalltalk", "out_of_scope", "proxy_speaker", "admin_petition", "followup_answer", "book"}
)


def by_intent(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take the intents that mean the same in every state; None for anything else."""
    if _is_bare_measure(heard):
        return None
    match heard.intent:
        case "human_agent":
            return case_words.call_person(state, view)
        case "privacy_request":
            return privacy.asked_freely(state, heard.text)
        case "case_status":
            return case_words.look_up(state, "status", view)
        case "reschedule" | "change_mediator":
            return case_words.look_up(state, heard.intent, view, heard)
        case "cancel" | "refuse_mediation":
            return case_words.ask_to_end(state, heard, cancel=heard.intent == "cancel")
    return _by_remark(state, heard, view)


def _is_bare_measure(heard: Understanding) -> bool:
    """Whether a reply is a sum or an area and hardly more (三万五).

    The model has no words to go by there, and is sure of one thing or another all the same.
    """
    facts = heard.facts
    told = [each for each in (facts.amount, facts.area) if each is not None]
    return any(2 * (each.end - each.start) > len(heard.text) for each in told)


def _by_remark(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    if heard.intent == SERVICE_QUESTION:
        return answers.answer_service(state, heard, view)
    if heard.intent == LEGAL_QUESTION:
        return answers.answer_law(state, heard, view)
    if heard.intent in answers.REMARKS:
        return answers.remark(state, heard, view)
    if heard.intent in answers.REFERRED:
        return answers.refer_matter(state, heard, view)
    if heard.intent == "book":
        return _book(state, heard, view)
    if heard.intent == "followup_answer" and state.case_numbers:
        return case_words.take_answer(state, heard)
    return None


def _book(state: Dialogue, heard: Understanding, view: View) -> Turn:
    if state.case_number is None:
        state = intake.add_wish(state, heard)
        return case_words.resume(state, view)
    return case_words.look_up(state, "reschedule", view, heard)


def if_sure(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take the intent where the model is sure enough that this is no part of the matter."""
    return _if_at_least(SURE_OF_INTENT, state, heard, view)


def if_likely(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take the intent of a reply that is no answer to the open question."""
    return _if_at_least(LIKELY_INTENT, state, heard, view)


def beside_words(state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    """Take the intent of a reply to a question for words, unless it may well be those words."""
    is_other = heard.intent not in FREE_WORDS and _fits_its_form(heard)
    return if_sure(state, heard, view) if is_other else None


def _if_at_least(needed: float, state: Dialogue, heard: Understanding, view: View) -> Turn | None:
    is_other = heard.intent != DISPUTE and heard.intent_confidence >= needed
    return by_intent(state, heard, view) if is_other else None


def _fits_its_form(heard: Understanding) -> bool:
    """Whether a reply taken for a question of law asks something (退回彩礼 does not)."""
    return heard.intent != LEGAL_QUESTION or is_question(heard.text)
