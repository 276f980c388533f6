"""The safety panel: what it must hear, what it must not take amiss, and how long it may take."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import LOCAL
from nlu.gold import GoldLine, read_lines
from nlu.interpreter import FLAGS, Heard, Understanding
from nlu.needles import alternatives, needles
from nlu.rasa_interpreter import load
from nlu.safety import DENIED, FAIRLY_SURE, RULES, SafetyFaults, SafetyPanel, load_panel, panel
from tests.trained import models_folder

GOLD = Path(__file__).parent / "gold"
NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)
SILENT = [DENIED] * len(FLAGS)
# What the first stage and the rules reach on messages by other authors, whom nobody here has read,
# less one or two messages.
# The goal is 0.97 found with 0.03 false alarms on look-alikes and 0.01 elsewhere.
LEAST_FOUND = {
    "now": 0.93,
    "dv": 0.91,
    "child": 0.88,
    "self_harm": 0.93,
    "harm_others": 0.90,
    "neglect": 0.92,
    "mass": 0.90,
    "hazard": 0.92,
}
MOST_FALSE_ALARMS = {"safety": 0.055, "disputes": 0.055, "intents": 0.05}  # first stage alone


def by_words(text: str) -> frozenset[str]:
    """Return the flags that words alone raise."""
    return panel().flags(text, SILENT)


def scored(text: str, flag: str, probability: float) -> bool:
    """Tell whether the flag is up when the classifier gives it this probability."""
    return flag in panel().flags(text, [probability if flag == each else 0.0 for each in FLAGS])


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("救命，他们冲进院子了", "now"),
        ("灶房起火了，水浇不下去", "now"),
        ("两兄弟在田埂上打起来了，锄头都抡起了", "now"),
        ("我爹喝了半瓶敌敌畏，嘴皮都乌了", "now"),
        ("老奶晕过去了，怎么摇都叫不醒", "now"),
        ("我躲在厕所里不敢开灯", "now"),
        ("喂 喂 听得到吗 血止不住 我们在村公所旁边", "now"),
        ("我老公昨晚又打了我，离婚他不肯", "dv"),
        ("他一喝酒就打我，孩子在旁边看着", "dv"),
        ("我老工掐我脖子", "dv"),
        ("嗯 那个 家爆 可以报警吗", "dv"),
        ("前夫离了半年还天天跟踪我", "dv"),
        ("他不高兴就把我锁在阳台上过夜", "dv"),
        ("我家那个三天两头打我，我着打怕了", "dv"),
        ("村里十五岁的姑娘被家里逼着定亲", "child"),
        ("后妈不给娃饭吃，还拿火钳打他", "child"),
        ("幼儿园老师拿针扎孩子", "child"),
        ("我才十三岁，爸爸天天打我", "child"),
        ("有人在路边捡到一个女婴", "child"),
        ("老师摸我，还叫我别跟家里说", "child"),
        ("我真的不想活了", "self_harm"),
        ("不想或了，谁也别劝", "self_harm"),
        ("欠这么多，死了算了", "self_harm"),
        ("她把遗书压在枕头底下", "self_harm"),
        ("活起没得意思，农药都买好了", "self_harm"),
        ("再不给工钱我就从塔吊上跳下去", "self_harm"),
        ("他说要砍人", "harm_others"),
        ("他放话要弄死我全家", "harm_others"),
        ("大不了同归与尽", "harm_others"),
        ("再来要账就打断你的腿，老板是这样讲的", "harm_others"),
        ("她扬言要往我家井里下毒", "harm_others"),
        ("我克买汽油烧他家房子", "harm_others"),
        ("老妈瘫在床上没人管，三天没吃饭", "neglect"),
        ("大哥把老爹锁在柴房，屎尿都在里面", "neglect"),
        ("奶奶的降压药断了，儿子不给买药", "neglect"),
        ("我们三十多个工人都没拿到工资", "mass"),
        ("全村人联名要求公开账目", "mass"),
        ("两个寨子为水打起来，来了几十号人", "mass"),
        ("业主们约好明天去售楼部拉横幅", "mass"),
        ("屋里有煤气味", "hazard"),
        ("高压线断了掉在路边", "hazard"),
        ("后山滑坡，泥巴冲到我家墙脚", "hazard"),
        ("电梯突然往下掉了两层", "hazard"),
        ("电动车在楼道里飞线充电，昨天冒烟了", "hazard"),
    ],
)
def test_plain_words_of_danger_raise_their_flag_without_any_score(text: str, flag: str) -> None:
    assert flag in by_words(text)


@pytest.mark.parametrize(
    ("harmless", "flag", "control"),
    [
        ("我没有不想活，就是累", "self_harm", "我不想活了，太累"),
        ("他从来没打过我，就是懒", "dv", "他昨天又打我，还懒"),
        ("气死我了，这个物业", "self_harm", "死了算了，这个物业"),
        ("给多少钱我打死都不卖", "harm_others", "敢卖我就打死他"),
        ("跳楼价买的冰箱是坏的", "self_harm", "他要跳楼，冰箱的钱还不上"),
        ("腊月二十家里杀年猪，请大家来", "harm_others", "腊月二十他要杀人，大家都怕"),
        ("昨晚看新闻有人跳楼，太可怜", "self_harm", "有人跳楼，太可怜"),
        ("电视剧里那个男的说要砍死他哥哥", "harm_others", "那个男的说要砍死他哥哥"),
        ("去年和他打起来了，现在谈赔偿", "now", "和他打起来了，快来人"),
        ("这碗米线救命，饿坏了", "now", "救命，饿坏了，门锁着"),
        ("我老公打麻将打我的牌", "dv", "我老公打我，手都断了"),
        ("学校给孩子打疫苗，孩子被扎哭了", "child", "孩子被老师打，打哭了"),
        ("我家狗饿了两天没人管", "neglect", "老人饿了两天没人管"),
        ("村集体的十亩地我想租", "mass", "村里五十户人家集体上访"),
        ("手机屏裂了一条缝，店家不赔", "hazard", "山墙裂了一条缝，越来越宽"),
        ("没有裂缝，墙很好", "hazard", "墙有裂缝，越来越大"),
    ],
)
def test_harmless_words_keep_the_flag_down_and_its_control_is_heard(
    harmless: str, flag: str, control: str
) -> None:
    bounds = panel().bounds[flag]
    suspicious = bounds.guarded - 0.01  # enough for the flag, unless a guard asks for more
    assert suspicious >= bounds.threshold
    assert not scored(harmless, flag, suspicious)
    assert flag in by_words(control)


def test_a_guard_lets_what_is_said_after_it_be_heard() -> None:
    assert "self_harm" in by_words("昨晚看新闻有人跳楼，其实我也不想活了")
    assert "dv" in by_words("以前他从来没打过我，昨天我老公打了我一顿")


@pytest.mark.parametrize("text", ["再不还我就告到法院", "不给钱我就曝光他", "我要去12345投诉他"])
def test_a_lawful_threat_is_no_flag(text: str) -> None:
    assert not by_words(text)


def test_two_flags_can_be_up_at_once() -> None:
    assert by_words("我老公说敢离婚就杀我全家") >= {"dv", "harm_others"}


def test_a_score_raises_a_flag_where_no_sign_stands() -> None:
    assert scored("他手一抬我就往后躲，好几年了", "dv", 0.5)
    assert not scored("他手一抬我就往后躲，好几年了", "dv", 0.02)


def test_a_guard_asks_for_a_higher_score() -> None:
    guarded = panel().bounds["self_harm"].guarded
    assert not scored("笑死我了，这个菜真的好难吃", "self_harm", guarded - 0.01)
    assert scored("难过得很，这个日子真的好难过", "self_harm", guarded - 0.01)
    assert scored("笑死我了，这个菜真的好难吃", "self_harm", guarded)


def test_plain_words_do_not_count_where_the_classifier_is_certain_of_the_opposite() -> None:
    sure = [DENIED / 2] * len(FLAGS)

    assert panel().flags("邻居听见有人喊救命，原来是在排话剧", sure) == frozenset()
    assert panel().flags("救命啊快来人", SILENT) == {"now"}
    assert panel().flags("救命", sure) == {"now"}  # too short for the classifier to tell


def test_a_word_or_two_is_left_to_the_signs() -> None:
    assert not scored("我家儿子", "child", 0.99)
    assert scored("他锁我三天", "dv", FAIRLY_SURE)  # five characters: told, if hardly
    assert not scored("他锁我三天", "dv", FAIRLY_SURE - 0.01)
    assert scored("他锁我三天了哦", "dv", FAIRLY_SURE - 0.01)
    assert scored("我家儿子一直哭，三天了", "child", 0.99)
    assert "now" in by_words("救命")


@pytest.fixture(scope="module")
def read() -> dict[str, list[tuple[GoldLine, Understanding]]]:
    """Return the gold lines of every file and what the model reads in them."""
    interpreter = load(models_folder())
    found = {}
    for name in MOST_FALSE_ALARMS:
        lines = list(read_lines(GOLD / f"{name}.jsonl"))
        read = interpreter.read([Heard(line.text, NOW) for line in lines])
        found[name] = list(zip(lines, read, strict=True))
    return found


@pytest.mark.parametrize("flag", FLAGS)
def test_most_dangers_that_other_people_wrote_of_are_found(
    flag: str, read: dict[str, list[tuple[GoldLine, Understanding]]]
) -> None:
    found = [flag in each.flags for line, each in read["safety"] if flag in line.flags]
    assert sum(found) / len(found) >= LEAST_FOUND[flag]


@pytest.mark.parametrize("name", MOST_FALSE_ALARMS)
@pytest.mark.parametrize("flag", FLAGS)
def test_few_harmless_messages_raise_a_flag(
    name: str, flag: str, read: dict[str, list[tuple[GoldLine, Understanding]]]
) -> None:
    alarms = [flag in each.flags - line.also_ok for line, each in read[name] if not line.flags]
    assert sum(alarms) / len(alarms) <= MOST_FALSE_ALARMS[name]


def test_what_people_type_in_the_middle_of_a_form_is_no_danger() -> None:
    texts = ["算了以后再说", "我想离婚", "不想说了", "没事了", "他不给我", "打电话", "不晓得"]
    texts += ["三十户", "我儿子", "快点", "我要找人", "没人管", "现在"]
    read = load(models_folder()).read([Heard(text, NOW) for text in texts])
    assert {each.text: each.flags for each in read if each.flags} == {}


def seconds(text: str) -> float:
    """Return the shortest of three readings, in the thread's own time."""

    def once() -> float:
        began = time.thread_time()
        panel().flags(text, SILENT)
        return time.thread_time() - began

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "piece",
    [
        "打",
        "老公",
        "我要",
        "二十户",
        "孩子被我家老人",
        "他说要砍老公打孩子墙裂煤气药",
        "一" * 9 + "我",
    ],
)
def test_a_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    short, long = (seconds((piece * 4000)[:length]) for length in (1000, 4000))
    assert long < 12 * short + 0.002


@given(st.text(max_size=200), st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_no_text_is_too_strange_to_be_read(text: str, scores: Sequence[float]) -> None:
    assert panel().flags(text, scores) <= frozenset(FLAGS)


@given(st.text(alphabet="他我老公打砍死孩子墙裂煤气味不想活了,。", max_size=40))
def test_leaving_patterns_untried_changes_nothing(text: str) -> None:
    careful = panel()
    everything = (1 << len(careful.patterns)) - 1
    slow = SafetyPanel(
        careful.patterns, careful.places, {}, (everything,) * len(careful.free), careful.bounds
    )
    assert careful.flags(text, [0.05] * 8) == slow.flags(text, [0.05] * 8)


def test_needles_are_what_a_match_cannot_do_without() -> None:
    assert needles("(?:砍|杀)死?了") == (frozenset("砍杀"), frozenset("了"))
    assert needles("刀?火*") == ()
    assert alternatives(r"a(?:b|c)|[|]d|\|e") == ["a(?:b|c)", "[|]d", r"\|e"]


def test_rules_that_cannot_be_used_are_refused_with_all_their_faults(tmp_path: Path) -> None:
    path = tmp_path / "safety.yml"
    told = RULES.read_text("utf-8")
    told = re.sub(r"  now:\n    threshold: \S+", "  now:\n    threshold: 0.9", told)
    told = told.replace("救命|救名", "救命(|救名+|{nobody}", 1)
    told = told.replace("  mass:\n", "  crowd:\n")
    path.write_text(told, "utf-8")
    with pytest.raises(SafetyFaults) as refused:
        load_panel(path)
    faults = str(refused.value)
    for part in ("now: threshold <= guarded", "now: signs", "mass is missing", "crowd is unknown"):
        assert part in faults


def test_a_file_that_is_no_yaml_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "safety.yml"
    path.write_text("flags: [", "utf-8")
    with pytest.raises(SafetyFaults, match=r"safety\.yml: cannot be read"):
        load_panel(path)
