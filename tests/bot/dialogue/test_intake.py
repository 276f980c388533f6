"""From the first word to the case number."""

import pytest

from bot.dialogue.effects import CallPerson, GiveConsent, KeepWaiting, RegisterCase
from bot.dialogue.events import CaseOpened, NothingWaiting, SlotsFound
from bot.dialogue.state import Dialogue, Stage
from bot.dialogue.step import step
from domain.facts import FactKind, FactValue
from tests.bot.dialogue.people import (
    CATALOGUE,
    LOAN,
    VIEW,
    Person,
    agreed,
    answers_all,
    lender,
    newcomer,
    reader,
)


def test_nothing_is_kept_before_the_person_agrees_and_the_story_is_not_told_twice():
    person = newcomer().says(LOAN, "loan")

    assert person.templates == ["notice"]
    assert person.state == Dialogue(offered=person.state.offered)

    person.says("同意")

    assert person.templates == ["consent_thanks", "type_taken", "ask_fact"]
    assert person.did(GiveConsent)
    assert person.known("principal") == [2300000, 2300000]


def test_who_agrees_without_a_story_is_asked_for_it():
    person = newcomer().says("你好", intent="greet").says("好的")

    assert person.templates == ["consent_thanks", "tell_story"]


def test_a_greeting_does_not_push_out_the_story_that_waits():
    person = newcomer().says(LOAN, "loan").says("在吗", intent="greet").says("同意")

    assert person.asks == "lent_on"


def test_who_refuses_may_change_his_mind():
    person = newcomer().says("不同意")

    assert person.templates == ["no_consent"]
    assert person.says("那好，同意").templates == ["notice"]
    assert person.says("同意").templates == ["consent_thanks", "tell_story"]


@pytest.mark.parametrize(
    ("text", "how", "answered"),
    [
        ("要收费吗", {"intent": "service_question", "topic": "fee"}, "about_fee"),
        ("你是真人吗", {"intent": "service_question", "topic": "robot"}, "about_robot"),
        ("有人喊我转账到安全账户", {"intent": "crime_fraud"}, "crime_fraud"),
        ("转人工", {}, "person_called"),
        ("我不想跟机器讲", {"intent": "human_agent"}, "person_called"),
    ],
)
def test_a_question_before_consent_is_answered_and_not_kept(text, how, answered):
    person = newcomer().says(text, **how)

    assert person.templates == [answered, "notice"]
    assert not person.did(KeepWaiting)
    assert person.state.stage is Stage.NOTICE


def test_a_button_before_consent_leads_to_the_notice_but_a_person_can_be_called():
    assert newcomer().taps("type:loan").templates == ["notice"]
    assert newcomer().taps("do:person").did(CallPerson)


def test_a_story_that_tells_much_is_asked_only_what_it_lacks():
    person = lender()

    assert person.asks == "lent_on"
    assert set(person.state.known) == {"principal", "loan_side", "proof", "respondent", "place"}


def test_everything_is_asked_one_by_one_read_back_and_registered():
    person = reader()

    assert person.templates == ["read_back"]
    rows = {label: value for label, _, value in person.said[0].data["rows"]}
    assert rows["希望怎么解决"].value == "还钱"

    person.says("都对了")

    assert person.templates == ["case_opened", "ask_kind"]
    (case,) = person.did(RegisterCase)
    assert case.facts["principal"].value == [2300000, 2300000]
    assert case.story == LOAN


@pytest.mark.parametrize("dispute_type", sorted(CATALOGUE.sheets))
def test_no_type_asks_more_than_nine_questions(dispute_type):
    person = agreed().says("有一件事要说", dispute_type)

    asked = []
    while person.asks is not None:
        asked.append(person.asks)
        has_person = "do:person" in person.choices
        assert has_person == (len(asked) > 8)
        person.says("不晓得")

    assert len(asked) == len(set(asked)) <= 9
    assert person.templates == ["read_back"]


def test_an_unsure_type_is_offered_with_none_of_these_among_the_choices():
    person = agreed().says("他不给钱", "loan", "contract", "labour_wage", "traffic")

    assert person.choices == ("type:loan", "type:contract", "type:labour_wage", "type:none")
    assert person.says("第一个").asks == "principal"


def test_what_was_rejected_is_not_offered_again_and_at_last_it_goes_on_without_a_type():
    person = agreed().says("他不给钱", "loan", "contract").says("都不是")
    assert person.templates == ["tell_more"]

    person.says("就是不给钱", "loan", "contract", "labour_wage")
    assert person.choices == ("type:labour_wage", "type:none")

    person.says("都不是")
    assert person.templates == ["tell_person"]
    assert person.choices == ("type:other_civil", "do:person")

    person.says("反正就是不给", "loan", "contract")
    assert person.templates == ["tell_person"]

    person.taps("type:other_civil")
    assert person.asks == "happened_on"


def test_a_type_that_was_sure_and_rejected_is_not_taken_again():
    person = lender().says("类型不对").says("还是那件事", "loan", "contract", sure=True)

    assert person.choices == ("type:contract", "type:none")


def test_who_does_not_know_the_type_gets_the_likeliest():
    person = agreed().says("他不给钱", "loan", "contract").says("不晓得")

    assert person.templates == ["type_taken", "ask_fact"]
    assert person.state.dispute_type == "loan"


def test_yes_to_one_type_takes_it_and_yes_to_several_asks_again():
    several = agreed().says("他不给钱", "loan", "contract").says("对")
    only = agreed().says("他不给钱", "loan", sure=False).says("对的")

    assert several.templates == ["type_choices"]
    assert only.asks == "principal"


def test_a_type_can_be_told_in_other_words():
    person = agreed().says("他不给钱", "loan", "contract").says("就是借钱不还的事", "loan")

    assert person.state.dispute_type == "loan"
    assert person.state.story == "他不给钱\n就是借钱不还的事"


def test_a_question_in_between_leads_back_to_the_type():
    person = agreed().says("他不给钱", "loan", "contract").asks_between("要收费吗")

    assert person.templates == ["about_fee", "type_choices"]


def test_words_that_are_not_understood_are_asked_for_again_and_then_a_person_is_offered():
    person = agreed()
    seen = [person.says("呜啦啦", ours=False).templates[0] for _ in range(4)]

    assert seen == ["tell_story", "tell_more", "tell_person", "tell_person"]
    assert person.choices == ("do:person",)


def test_facts_told_before_the_type_was_clear_are_kept():
    person = agreed().says("我借给表哥两万三", "loan", "contract").says("借钱不还", "loan")

    assert person.known("principal") == [2300000, 2300000]


def test_yesterday_in_a_story_stays_that_day_when_the_type_is_chosen_days_later():
    person = agreed().says("昨天借给他两万三", "loan", "contract").comes_back_after(days=5)

    person.taps("type:loan")

    assert person.known("lent_on") == "2026-11-22"


def test_another_type_keeps_the_facts_that_both_ask_for():
    person = answers_all(lender(), unknown=("wish",)).says("类型不对")
    assert person.templates == ["tell_more"]

    person.says("是他赊我的苞谷钱", "contract")

    assert person.known("respondent") == "表哥"
    assert person.known("prior") is not None
    assert person.asks == "contract_matter"
    assert "wish" in person.state.unknown

    answers_all(person).taps("back:right")

    (case,) = person.did(RegisterCase)
    assert "loan_side" not in case.facts
    assert "loan_side" in person.state.known


def test_a_choice_that_the_other_type_does_not_have_is_asked_again():
    foreign = FactValue(FactKind.CHOICE, "by_drum", "打鼓说的")
    state = Dialogue(Stage.TELLING, known={"contract_form": foreign})

    person = Person(state).says("地租出去了，现在说不清", "land_contract")
    asked = [person.asks]
    while person.asks:
        asked.append(person.says("不晓得").asks)

    assert "contract_form" in asked


def test_more_of_the_story_at_the_read_back_is_added_and_read_back_again():
    person = reader().says("还有，他说利息按月息一分算，这个也要讲清楚", "loan")

    assert person.templates == ["read_back"]
    assert "月息一分" in person.said[0].data["story"]
    assert person.known("interest") == "yes"


@pytest.mark.parametrize("text", ["不对", "有个地方错了", "要改一项", "嗯?"])
def test_who_is_not_content_with_the_read_back_is_asked_what_to_change(text):
    person = reader().says(text)

    assert person.templates == ["which_change"]
    assert "change:principal" in person.choices
    assert person.taps("change:principal").asks == "principal"
    assert person.says("三万").templates == ["read_back"]


def test_a_question_at_the_read_back_is_answered_and_all_is_read_again():
    assert reader().asks_between("要收费吗").templates == ["about_fee", "read_back"]


def test_what_mediation_may_not_take_is_said_with_body_and_deadline():
    person = agreed().says("这块宅基地到底是谁的说不清", "house_site")

    assert person.templates == ["type_taken", "not_for_mediation"]
    said = person.said[-1]
    assert said.data["closed"].body == "乡镇或者县级人民政府"
    assert said.data["deadline"] is not None
    assert said.choices == ("do:lawyer", "do:person", "do:restart")
    assert person.asks is None


def test_a_matter_closed_by_mistake_is_opened_again_by_its_correction():
    person = answers_all(lender(), unknown=("wish",)).taps("fact:prior:court")
    assert person.templates == ["not_for_mediation"]

    person.says("点错了，之前找过的是村里调解过")

    assert person.known("prior") == "village"
    assert person.templates == ["corrected", "read_back"]


def test_a_matter_closed_by_mistake_is_opened_again_by_undoing():
    person = lender().taps("fact:prior:court").says("上一步")

    assert person.asks == "prior"
    assert person.known("principal") == [2300000, 2300000]


def test_another_story_after_a_referral_begins_afresh():
    person = agreed().says("这块宅基地到底是谁的说不清", "house_site").says(LOAN, "loan")

    assert person.state.story == LOAN
    assert person.known("plot_quarrel") is None


def test_a_court_date_that_no_rule_knows_still_refers():
    person = lender().taps("fact:prior:arbitration")

    assert person.said[-1].data["deadline"] is None


def test_starting_again_forgets_what_was_not_registered():
    person = lender().says("重新开始")

    assert person.templates == ["restarted", "tell_story"]
    assert not person.state.known


def test_a_story_is_kept_up_to_its_limit():
    person = agreed().says("他不给钱" * 600, "loan", "contract")

    assert len(person.state.story) == 1500


def test_a_matter_whose_type_is_gone_is_asked_for_anew():
    """A state may have been kept while the catalogue was another."""
    for stage in (Stage.ASKING, Stage.READING_BACK, Stage.CHOOSING_SLOT):
        state = Dialogue(stage, asked="gone")
        person = Person(state).says("一句比较长的闲话，没有什么意思", "loan", sure=False)
        assert person.said

    assert Person(Dialogue(Stage.READING_BACK)).taps("back:right").templates == ["tell_story"]
    assert Person(Dialogue(Stage.READING_BACK)).sends_picture().templates[-1] == "tell_story"
    assert Person(Dialogue(Stage.READING_BACK)).taps("back:change").choices == ("do:retype",)


def test_found_times_and_an_opened_case_are_heard_in_any_stage():
    for event in (CaseOpened(7), SlotsFound(()), NothingWaiting()):
        assert step(Dialogue(Stage.TELLING), event, VIEW)[1]


def test_an_event_that_nobody_knows_is_a_bug():
    with pytest.raises(AssertionError):
        step(Dialogue(Stage.TELLING), FactValue, VIEW)


@pytest.mark.parametrize("intent", ["book", "greet", "proxy_speaker"])
def test_a_story_beside_a_greeting_or_a_wish_is_heard_as_a_story(intent):
    story = LOAN + "，我下周三下午三点有空来调解"
    person = newcomer().says(story, "loan", intent=intent).says("同意")

    assert person.templates == ["consent_thanks", "type_taken", "ask_fact"]
    assert person.state.wish["day"] == "2026-12-02"


def test_a_short_greeting_is_no_story_whatever_it_resembles():
    assert agreed().says("老板你好", "labour_wage", intent="greet").templates == ["tell_story"]
