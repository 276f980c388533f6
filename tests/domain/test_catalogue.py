"""The sheets of the dispute types: what they hold, and what a story tells of them."""

import re
import time
from collections.abc import Iterator

import pytest

from bot.dialogue.facts import facts_told
from domain.catalogue import Catalogue, DisputeSheet, Fact, MediationKind, load_catalogue
from domain.facts import FactKind
from nlu.readers.facts import Facts

OFFICIAL_OF = {
    "marriage": {"婚姻家庭"},
    "elder_support": {"婚姻家庭"},
    "child_custody": {"婚姻家庭"},
    "inheritance": {"婚姻家庭"},
    "bride_price": {"婚姻家庭"},
    "neighbour": {"邻里"},
    "house_site": {"房屋宅基地"},
    "forest_land": {"山林土地"},
    "land_contract": {"山林土地"},
    "water_use": {"山林土地", "邻里"},
    "expropriation": {"征地拆迁"},
    "loan": {"合同"},
    "contract": {"合同", "生产经营"},
    "labour_wage": {"劳动争议"},
    "work_injury": {"劳动争议", "损害赔偿"},
    "injury_tort": {"损害赔偿"},
    "traffic": {"道路交通事故"},
    "medical": {"医疗"},
    "consumer": {"消费"},
    "tourism": {"消费", "其他"},
    "property_mgmt": {"物业"},
    "environment": {"环境污染"},
    "village_collective": {"其他"},
    "school_minor": {"损害赔偿", "其他"},
    "other_civil": {"其他"},
}
CHECKED_NUMBERS = {"110", "119", "120", "122", "12345", "12348", "12338", "12355", "12356"}
MOST_QUESTIONS = 9
LONGEST_BUTTON = 64  # bytes of data that a Telegram button can carry


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def all_facts(catalogue: Catalogue) -> Iterator[tuple[DisputeSheet, Fact]]:
    for sheet in catalogue.sheets.values():
        for fact in sheet.facts:
            yield sheet, fact


def asked_before_the_read_back(sheet: DisputeSheet) -> list[str]:
    return [fact.name for fact in sheet.facts if not fact.optional and not fact.at_booking]


def shown_words(catalogue: Catalogue) -> Iterator[str]:
    """Everything of sheets and deadlines that a citizen can read; cues are never shown as such."""
    for sheet, fact in all_facts(catalogue):
        yield from (fact.label, fact.question, fact.why, sheet.trap, *sheet.evidence)
        yield from (choice.label for choice in fact.choices)
    for sheet in catalogue.sheets.values():
        yield from (sheet.label, sheet.short)
        yield from (word for body in sheet.bodies for word in (body.name, body.task, body.phone))
        for rule in sheet.not_for_mediation:
            yield from (rule.reason, rule.body, rule.advice)
    yield from (rule.shown_zh for rule in catalogue.deadlines.values())


# What the sheets hold


def test_every_dispute_type_has_a_sheet_with_its_official_category(catalogue: Catalogue) -> None:
    assert {name: set(sheet.official) for name, sheet in catalogue.sheets.items()} == OFFICIAL_OF


def test_who_is_told_nothing_asks_at_most_nine_questions(catalogue: Catalogue) -> None:
    too_many = {
        name: asked
        for name, sheet in catalogue.sheets.items()
        if len(asked := asked_before_the_read_back(sheet)) > MOST_QUESTIONS
    }

    assert too_many == {}
    assert len(asked_before_the_read_back(catalogue.sheet("other_civil"))) <= 6


def test_a_sheet_asks_for_its_own_facts_before_the_common_ones(catalogue: Catalogue) -> None:
    for sheet in catalogue.sheets.values():
        names = [fact.name for fact in sheet.facts]
        assert names[-6:] == ["respondent", "place", "prior", "wish", "name", "phone"]


def test_name_and_phone_are_asked_only_once_a_time_is_chosen(catalogue: Catalogue) -> None:
    for sheet in catalogue.sheets.values():
        assert [fact.name for fact in sheet.facts if fact.at_booking] == ["name", "phone"]


def test_every_question_is_one_short_question_with_a_reason(catalogue: Catalogue) -> None:
    for _, fact in all_facts(catalogue):
        assert fact.question.endswith("？")
        assert fact.question.count("？") == 1
        assert len(fact.question) <= 24
        assert fact.why.endswith("。")
        assert fact.why.count("。") == 1


def test_a_citizen_chooses_between_two_and_five_short_answers(catalogue: Catalogue) -> None:
    for _, fact in all_facts(catalogue):
        if fact.kind not in (FactKind.CHOICE, FactKind.YES_NO):
            continue
        most = 7 if fact.name == "prior" else 5
        assert 2 <= len(fact.choices) <= most
        assert all(len(choice.label) <= 9 for choice in fact.choices)


def test_a_question_for_a_number_says_what_a_number_alone_means(catalogue: Catalogue) -> None:
    asks_number = re.compile("几|多大|多久|有孩子|利息")
    chosen = [fact for _, fact in all_facts(catalogue) if fact.choices]

    assert {fact.name for fact in chosen if asks_number.search(fact.question)} == {
        fact.name for fact in chosen if fact.bare_number is not None
    }


def test_every_answer_fits_on_a_button(catalogue: Catalogue) -> None:
    ids = [f"fact:{f.name}:{c.id}" for _, f in all_facts(catalogue) for c in f.choices]

    assert max(len(id_.encode()) for id_ in ids) <= LONGEST_BUTTON


def test_every_sheet_takes_one_main_sum_and_one_main_day(catalogue: Catalogue) -> None:
    for sheet in catalogue.sheets.values():
        main = [fact.kind for fact in sheet.facts if fact.primary]
        assert main.count(FactKind.AMOUNT) == 1
        assert main.count(FactKind.DATE) == 1


def test_only_checked_telephone_numbers_are_shown(catalogue: Catalogue) -> None:
    shown = {n for words in shown_words(catalogue) for n in re.findall(r"(?<!\d)1\d{2,4}", words)}

    assert shown <= CHECKED_NUMBERS


def test_no_number_that_nobody_checked_is_shown(catalogue: Catalogue) -> None:
    for words in shown_words(catalogue):
        for unchecked in (
            "四十五个工作日",
            "45个工作日",
            "三年以上的投诉",
            "一个月内",
            "尸检四十八",
        ):
            assert unchecked not in words
    assert "六十" not in catalogue.deadlines["DL-12a"].shown_zh


def test_the_womens_line_never_stands_without_another_way(catalogue: Catalogue) -> None:
    for sheet in catalogue.sheets.values():
        if any(body.phone == "12338" for body in sheet.bodies):
            assert len(sheet.bodies) > 1


@pytest.mark.parametrize(
    ("dispute_type", "lead"),
    [
        ("medical", MediationKind.TRADE),
        ("traffic", MediationKind.TRADE),
        ("expropriation", MediationKind.ADMINISTRATIVE),
        ("environment", MediationKind.ADMINISTRATIVE),
        ("elder_support", MediationKind.PEOPLE),
    ],
)
def test_a_specialised_body_leads_where_the_law_has_one(
    catalogue: Catalogue, dispute_type: str, lead: MediationKind
) -> None:
    assert catalogue.sheet(dispute_type).lead is lead


@pytest.mark.parametrize(
    ("dispute_type", "fact", "answer", "deadline"),
    [
        ("loan", "prior", "court", "DL-08c"),
        ("labour_wage", "prior", "arbitration", None),
        ("forest_land", "hill_quarrel", "owner", "DL-07"),
        ("house_site", "plot_quarrel", "owner", "DL-07"),
        ("expropriation", "taking_matter", "taking", "DL-09"),
        ("expropriation", "taking_matter", "sum", "DL-09"),
        ("marriage", "marriage_matter", "divorce", "DL-03"),
        ("marriage", "marriage_matter", "status", "DL-02"),
        ("injury_tort", "harm_degree", "crime", None),
        ("medical", "health_office", "yes", "DL-01"),
    ],
)
def test_what_is_not_for_mediation_is_sent_on_with_its_deadline(
    catalogue: Catalogue, dispute_type: str, fact: str, answer: str, deadline: str | None
) -> None:
    rules = [
        rule
        for rule in catalogue.sheet(dispute_type).not_for_mediation
        if rule.fact == fact and answer in rule.answers
    ]

    assert [rule.deadline for rule in rules] == [deadline]
    assert rules[0].reason.count("。") == 1
    assert rules[0].body


@pytest.mark.parametrize(
    ("dispute_type", "fact", "answer"),
    [
        ("expropriation", "taking_matter", "family"),
        ("forest_land", "hill_quarrel", "over"),
        ("house_site", "plot_quarrel", "over"),
        ("marriage", "marriage_matter", "money"),
        ("injury_tort", "harm_degree", "heavy"),
        ("work_injury", "recognition", "none"),
    ],
)
def test_what_mediation_may_take_is_not_sent_on(
    catalogue: Catalogue, dispute_type: str, fact: str, answer: str
) -> None:
    rules = catalogue.sheet(dispute_type).not_for_mediation

    assert not any(rule.fact == fact and answer in rule.answers for rule in rules)


def test_loading_takes_no_time_that_a_citizen_would_notice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    started = time.perf_counter()

    sheets = load_catalogue().sheets

    with capsys.disabled():
        print(f"\n{len(sheets)} sheets in {(time.perf_counter() - started) * 1000:.0f} ms")
    assert len(sheets) == 25


# What a story tells by its own words


@pytest.mark.parametrize(
    ("dispute_type", "story", "told"),
    [
        ("loan", "我堂哥跟我借钱，没打借条，都是微信转的", {"respondent": "堂哥", "proof": "none"}),
        ("loan", "帮同事做的担保，他跑了", {"respondent": "同事", "loan_side": "guarantor"}),
        ("loan", "我欠他的还不上，天天来催", {"loan_side": "borrower"}),
        (
            "labour_wage",
            "包工头差我们工钱，没签合同，活路做完就不见人",
            {
                "respondent": "包工头",
                "labour_matter": "wages",
                "labour_contract": "no",
                "employer_kind": "contractor",
                "still_working": "no",
            },
        ),
        ("labour_wage", "和公司签了合同，月月拖工资", {"labour_contract": "yes"}),
        ("neighbour", "楼上漏水，天花板发霉了", {"respondent": "楼上", "damage": "yes"}),
        ("neighbour", "隔壁半夜唱歌，还没找他说过", {"nuisance": "noise", "talked": "no"}),
        (
            "elder_support",
            "三个儿子都不出钱，老妈没得饭吃",
            {"fed": "no", "children_number": "three"},
        ),
        (
            "elder_support",
            "老爹瘫在床上，大哥不闻不问",
            {"elder_health": "bed", "respondent": "大哥"},
        ),
        ("child_custody", "前夫不给抚养费，孩子跟我", {"respondent": "前夫", "raised_by": "me"}),
        ("inheritance", "没留遗嘱，兄弟三个争老房子", {"will": "none", "heirs_number": "three"}),
        ("bride_price", "没有登记结婚，彩礼要退", {"registered": "no"}),
        ("bride_price", "领了证没同居", {"registered": "yes", "lived_together": "never"}),
        ("marriage", "不有领证，只办了酒", {"registered": "no"}),
        ("house_site", "隔壁砌墙占用我家宅基地", {"plot_quarrel": "over", "respondent": "隔壁"}),
        ("forest_land", "那片山到底是谁的说不清", {"hill_quarrel": "owner", "land_kind": "forest"}),
        (
            "land_contract",
            "老板不给租金，合同写得清楚",
            {"land_matter": "rent", "respondent": "老板"},
        ),
        ("water_use", "上面那家把沟堵起来，我家秧苗要干死", {"crop_dry": "yes"}),
        ("expropriation", "地征了，钱着大哥吃独食", {"taking_matter": "family"}),
        ("contract", "房东不退押金", {"contract_matter": "rent", "respondent": "房东"}),
        ("work_injury", "在砖厂干活，老板没给我买工伤保险", {"insured": "no"}),
        ("injury_tort", "鉴定为轻伤二级", {"harm_degree": "crime"}),
        ("injury_tort", "伤情不构成轻伤", {"harm_degree": "light"}),
        ("traffic", "小车司机全责，他没有保险", {"finding": "theirs", "insurance": "none"}),
        ("medical", "县医院开刀以后感染", {"respondent": "县医院", "harm": "worse"}),
        ("consumer", "网店卖假货，没给发票", {"goods_kind": "online", "receipt": "no"}),
        ("tourism", "导游逼我们买玉，没签合同", {"respondent": "导游", "tour_contract": "no"}),
        ("property_mgmt", "物业把我家停水了", {"pm_matter": "cut", "respondent": "物业"}),
        ("environment", "化工厂还在排，鱼死完了", {"going_on": "yes", "harm_to": "animals"}),
        ("village_collective", "我是出嫁女，小组不给分红", {"member_reason": "married_out"}),
        ("school_minor", "幼儿园孩子摔骨折，还没跟老师说", {"told_school": "no"}),
        ("other_civil", "邻居造谣，我有录音", {"proof_kept": "yes", "respondent": "邻居"}),
        ("loan", "村委会调解过一次，他还是不还", {"prior": "village"}),
        ("loan", "法院已经立案了", {"prior": "court"}),
        ("labour_wage", "已经申请仲裁", {"prior": "arbitration"}),
        ("injury_tort", "报过警，派出所来看过", {"prior": "police"}),
    ],
)
def test_what_a_story_tells_is_not_asked_again(
    catalogue: Catalogue, dispute_type: str, story: str, told: dict[str, str]
) -> None:
    found = facts_told(catalogue.sheet(dispute_type), story, Facts())

    assert {name: found[name].value for name in told if name in found} == told


@pytest.mark.parametrize(
    ("dispute_type", "story", "silent"),
    [
        ("loan", "我可以起诉他吗", "prior"),
        ("loan", "要不要去法院", "prior"),
        ("labour_wage", "公司不给开离职证明", "still_working"),
        ("forest_land", "请问林权证怎么办", "hill_quarrel"),
        ("marriage", "我想离婚", "marriage_matter"),
        ("expropriation", "家里分钱，大哥没给我", "signed"),
        ("child_custody", "我今年33岁", "child_age"),
        ("child_custody", "想让老幺跟我姓", "raised_by"),
        ("village_collective", "小组长说我不是组里的人", "prior"),
        ("house_site", "我要求他停工", "work_now"),
        ("traffic", "我家的羊着车轧死了", "hurt"),
        ("environment", "养鳄鱼的塘子很臭", "harm_to"),
    ],
)
def test_ordinary_words_tell_nothing(
    catalogue: Catalogue, dispute_type: str, story: str, silent: str
) -> None:
    assert silent not in facts_told(catalogue.sheet(dispute_type), story, Facts())


def test_a_mei_before_what_says_yes_says_no(catalogue: Catalogue) -> None:
    wrong = [
        (sheet.type, fact.name, cue)
        for sheet, fact in all_facts(catalogue)
        if fact.kind is FactKind.YES_NO
        for cue in fact.choices[0].cues
        if not cue.startswith(("没", "不", "未"))
        and facts_told(sheet, "没" + cue, Facts())[fact.name].value != "no"
    ]

    assert wrong == []


def test_a_type_or_a_fact_that_is_not_there_is_not_made_up(catalogue: Catalogue) -> None:
    with pytest.raises(KeyError):
        catalogue.sheet("weather")
    with pytest.raises(KeyError):
        catalogue.sheet("loan").fact("weather")
