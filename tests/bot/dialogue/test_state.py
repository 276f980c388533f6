"""Laws of the dialogue: whatever people do, nothing is lost and nothing is asked twice."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialogue.effects import Say
from bot.dialogue.events import (
    AnswerTaken,
    Attached,
    CaseEnded,
    CaseOpened,
    Chose,
    Located,
    NothingWaiting,
    Refused,
    SessionBooked,
    SessionGivenBack,
    SlotsFound,
    Started,
    StatusFound,
    Told,
)
from bot.dialogue.facts import is_told
from bot.dialogue.safety import LOCKING
from bot.dialogue.state import Dialogue, Stage, from_data, to_data
from bot.dialogue.step import step
from bot.messages import Attachment
from domain.errors import (
    CaseMovedOn,
    MediationLocked,
    NoSuchBooking,
    NothingAsked,
    SlotNotOffered,
    SlotTaken,
)
from domain.facts import FactKind, FactValue
from nlu.interpreter import DISPUTE
from nlu.labelled import INTENTS
from tests.bot.dialogue.people import (
    EVERY_STAGE,
    NOW,
    VIEW,
    Person,
    booked,
    endangered,
    lender,
    reader,
    understood,
)

TEXTS = [
    "不晓得",
    "没有",
    "两万三",
    "前年",
    "上个月十五号",
    "会泽县",
    "老板",
    "表哥",
    "1",
    "2",
    "第一个",
    "都不是",
    "对",
    "不对",
    "好的",
    "同意",
    "嗯",
    "是我借给他的",
    "金额不对，是三千",
    "不对，是派出所",
    "说错了",
    "上一步",
    "类型不对",
    "继续",
    "以后再说吧",
    "在吗",
    "要收费吗",
    "为什么",
    "查进度",
    "改时间",
    "换个调解员",
    "取消预约",
    "不调了",
    "撤回申请",
    "转人工",
    "对方不愿意",
    "下周三下午三点",
    "打电话",
    "都可以",
    "13800001234",
    "王师傅",
    "还没给",
    "随便",
    "我表哥在会泽县跟我借了两万三，打了借条，前年的事",
]
HEARD_INTENTS = [*[DISPUTE] * 4, *INTENTS]  # a dispute four times as often as each
TYPES = [("loan",), ("labour_wage",), ("loan", "contract"), ("house_site", "neighbour", "loan"), ()]
BUTTONS = [
    "consent:yes",
    "consent:no",
    "type:loan",
    "type:none",
    "type:neighbour",
    "fact:prior:village",
    "fact:prior:unknown",
    "fact:loan_side:lender",
    "fact:proof:none",
    "fact:name:unknown",
    "back:right",
    "back:change",
    "change:place",
    "kind:phone",
    "kind:visit",
    "slot:m0:phone:2026-11-24T15:00+08:00",
    "answer:0:kept",
    "answer:7:not_kept",
    "do:person",
    "do:lawyer",
    "do:safe",
    "do:status",
    "do:reschedule",
    "do:change_mediator",
    "do:cancel",
    "do:stop",
    "do:give_back",
    "do:withdraw",
    "do:other_side_refuses",
    "do:continue",
    "do:retype",
    "do:restart",
    "do:new",
    "do:book",
    "do:other_kind",
    "do:no_session",
    "do:add",
    "do:new_story",
    "place:yes",
    "place:no",
    "contact:yes",
    "contact:no",
    "do:decline",
    "do:retell",
    "own:skip",
    "nonsense",
]
XICHOU = {"prefecture": "文山壮族苗族自治州", "county": "西畴县", "township": None, "village": None}
SENT = [
    Attached(Attachment("photo", evidence_id="e1")),
    Attached(Attachment("voice", evidence_id="e2")),
    Attached(Attachment("file", refused="not_taken")),
    Located(XICHOU),
    Located(None, is_outside=True),
    Located(None),
    Started("iUNKNOWN"),
    Started("pplace", XICHOU),
]
# What may take a fact away: undoing, correcting, starting anew, ending; and 不晓得, which corrects.
TAKES_AWAY = (
    "undone",
    "corrected",
    "restarted",
    "new_matter",
    "stopped",
    "remedies",
    "left_open",
    "consent_revoked",
)

told = st.builds(
    lambda text, intent, types, confidence: Told(
        understood(text, *types, intent=intent, confidence=confidence, topic="fee")
    ),
    st.sampled_from(TEXTS),
    st.sampled_from(HEARD_INTENTS),
    st.sampled_from(TYPES),
    st.sampled_from((0.3, 0.6, 0.95)),
)
chosen = st.sampled_from(BUTTONS).map(Chose)
offered = st.integers(0, 9)  # one of the choices shown last
messages = st.one_of(told, told, chosen, offered, st.sampled_from(SENT))
stages = st.sampled_from(list(EVERY_STAGE))
STATES = {stage: make().state for stage, make in EVERY_STAGE.items()}

slow = settings(max_examples=60, deadline=None)


def take(person, message):
    """Take a message; a number stands for one of the choices that are offered."""
    if not isinstance(message, int):
        return person.takes(message)
    choices = person.state.offered
    return person.taps(choices[message % len(choices)][0]) if choices else person.sends_picture()


@slow
@given(st.lists(messages, min_size=30, max_size=30))
def test_whatever_thirty_messages_say_no_question_is_asked_whose_answer_is_there(thirty):
    person = Person(Dialogue(Stage.TELLING))
    for message in thirty:
        before = person.state
        take(person, message)

        assert person.said, "every message is answered"
        fact = person.asks
        if fact is not None and fact != before.asked and not reopened(message, person):
            sheet = VIEW.sheet_of(person.state)
            assert not is_told(sheet.fact(fact), person.state.known)
            assert fact not in person.state.unknown
        assert from_data(to_data(person.state)) == person.state


def reopened(message, person):
    """Whether a fact is asked again because the person wants to change it."""
    return isinstance(message, int) or str(getattr(message, "id", "")).startswith("change:")


@slow
@given(stages, st.lists(messages, min_size=1, max_size=8))
def test_no_known_fact_is_lost_but_by_who_takes_it_back(stage, some):
    person = Person(STATES[stage])
    for message in some:
        before = person.state
        take(person, message)
        kept = (*person.state.parked, person.state)
        is_kept = any(before.known.items() <= each.known.items() for each in kept)

        assert is_kept or is_taken_back(before, message, person)


def is_taken_back(before, message, person):
    """Whether the person took something back: by a word, a button or another answer."""
    if {*person.templates} & {*TAKES_AWAY} or before.asked in before.known:
        return True
    if before.near and not person.state.near:  # another place was confirmed
        return True
    id_ = getattr(message, "id", "") or (
        before.offered[message % len(before.offered)][0]
        if isinstance(message, int) and before.offered
        else ""
    )
    is_new_story = before.stage is Stage.TELLING and before.dispute_type is not None
    return id_.startswith(("fact:", "change:", "do:erase_now")) or is_new_story


ANY_EVENT = st.one_of(
    told,
    chosen,
    st.sampled_from(
        [
            *SENT,
            NothingWaiting(),
            CaseOpened(8),
            SlotsFound(()),
            SessionGivenBack(),
            CaseEnded(8, True),
            AnswerTaken("answer_kept"),
            SessionBooked(booked().booking, "李四", "138"),
            StatusFound("status", 8, "applied", "loan", None, None, "", ""),
            StatusFound("reschedule", 8, "applied", "loan", None, None, "", ""),
            StatusFound("change_mediator", 8, "applied", "loan", booked().booking, "m1", "", ""),
            *map(
                Refused,
                (
                    SlotTaken("m1", NOW),
                    SlotNotOffered("m1", NOW),
                    MediationLocked(8),
                    NothingAsked("c"),
                    NoSuchBooking(8),
                    CaseMovedOn(8),
                ),
            ),
        ]
    ),
)


@slow
@given(stages, st.lists(ANY_EVENT, max_size=12))
def test_no_event_in_no_state_is_too_much(stage, events):
    state = STATES[stage]
    for event in events:
        state, effects = step(state, event, VIEW)
        assert effects
        assert from_data(to_data(state)) == state


@slow
@given(stages, st.lists(messages, max_size=6), st.sampled_from(LOCKING), st.sampled_from(TEXTS))
def test_danger_after_anything_leads_to_help_and_to_nothing_else(stage, some, flag, text):
    person = Person(STATES[stage])
    for message in some:
        take(person, message)

    person.takes(Told(understood(text, "loan", flags=(flag,))))

    assert person.templates[0].startswith("help_")
    assert person.state.stage is Stage.HELD
    assert not [say for say in person.said if say.asks]


FORM = {"ask_fact", "type_choices", "read_back", "ask_kind", "slots_offered", "choose_above"} | {
    "tell_story",
    "tell_more",
    "tell_person",
    "which_change",
    "more_or_new",
    "welcome_back",
}


@slow
@given(st.booleans(), st.lists(st.one_of(messages, ANY_EVENT), min_size=1, max_size=10))
def test_under_a_hold_nothing_of_the_form_is_said(has_case, some):
    start = booked().says("出事了", flags=("dv",)) if has_case else endangered()
    person = Person(start.state)
    for message in some:
        take(person, message)

        assert person.state.stage is Stage.HELD
        assert not {*person.templates} & FORM


@slow
@given(st.lists(messages, min_size=1, max_size=10))
def test_what_was_open_is_asked_once_in_one_answer(some):
    person = lender()
    for message in some:
        take(person, message)
        questions = [
            s for s in person.said if s.asks or s.template in {"type_choices", "read_back"}
        ]

        assert len(questions) <= 1


def test_a_new_state_is_data_of_two_words():
    assert to_data(Dialogue()) == {"format": 1, "stage": "notice"}
    assert from_data({}) == Dialogue()


def test_every_stage_survives_to_data_and_back():
    for state in STATES.values():
        assert from_data(to_data(state)) == state


def test_matters_side_by_side_survive_to_data_and_back():
    state = booked().says("重新开始").says("水沟堵到我家", "neighbour").state

    assert state.parked
    assert from_data(to_data(state)) == state


def test_fields_of_another_format_are_left_out():
    assert from_data({"format": 0, "stage": "telling", "mood": "good"}) == Dialogue(Stage.TELLING)


def test_a_learnt_fact_is_no_longer_unknown_and_a_forgotten_one_is_neither():
    value = FactValue(FactKind.TEXT, "表哥", "表哥")
    state = Dialogue(unknown=("respondent", "place")).learn({"respondent": value})

    assert state.unknown == ("place",)
    assert state.forget("respondent").forget("place") == Dialogue()


def test_a_case_at_rest_forgets_what_was_open_and_keeps_what_was_told():
    state = reader().taps("back:right").state.rest()

    assert state.stage is Stage.RESTING
    assert (state.asked, state.slot, state.trail, state.offered) == (None, None, (), ())
    assert state.known


@pytest.mark.parametrize("stage", [Stage.TELLING, Stage.RESTING])
def test_who_has_no_other_matter_turns_to_an_empty_one(stage):
    after = replace(Dialogue(stage), flags=("mass",)).turn_to_next()

    assert after == Dialogue(Stage.TELLING, flags=("mass",))


def test_words_are_the_only_effect_of_a_question_again():
    _, effects = step(lender().state, SENT[2], VIEW)

    assert all(isinstance(each, Say) for each in effects)
