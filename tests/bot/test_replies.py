"""What citizens read: every word that the code names is written, plain, short and kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from bot.dialogue.answers import REFERRED, REMARKS, TOPICS
from bot.dialogue.case_words import PERFORMANCES
from bot.dialogue.safety import CALM, LOCKING
from bot.messages import SENT
from bot.render import TEMPLATES
from domain.follow_up import FollowUpKind
from domain.services.follow_up import ANSWERS
from domain.session import SessionKind
from tests.bot.reply_samples import DEADLINES, NUMBERS, RENDERER, said

ROOT = TEMPLATES.parents[1]
FILES = {path.stem: path for path in (TEMPLATES / "replies").glob("*.j2")}
NAMES = sorted(name for name in FILES if not name.startswith("_"))
SILENT = {FollowUpKind.RECHECK_OVERDUE, FollowUpKind.STILL_UNANSWERED}
FAMILIES = {
    *(f"about_{topic}" for topic in TOPICS),
    *(f"help_{flag}" for flag in (*LOCKING, *CALM)),
    *(f"answer_{answer}" for answer in ANSWERS),
    *REMARKS,
    *REFERRED,
    *(kind.value for kind in FollowUpKind if kind not in SILENT),
}
ACCUSING = re.compile("违约|赖|骗人|骗子|过错|你的责任|故意|活该|你必须|你应该|想开点|冷静")
OFFICIALESE = re.compile("予以|兹|贵方|鉴于|该案|之规定|被申请人|受理通知|您")
DIALECT = re.compile("咋|噶|哪样|整得|克你|晓不得")
LAWFUL_LONG = {"case_status", "home_recheck", "law_answer", "not_for_mediation", "read_back"} | {
    "remedies",
    "my_info",  # holds a link
    "readers",  # a list
    "session_booked",
    "session_moved",
    "session_soon",
    "session_tomorrow",
    "confirm_day_20",
    "confirm_day_27",
    "upload_link",
    "what_to_bring",
    "admin_petition",
    "invitation",
    "invited",
    "told_booked",
}


def sources() -> Iterator[ast.Module]:
    services = [ROOT / f"domain/services/{name}.py" for name in ("follow_up", "two_sides")]
    for path in [*(ROOT / "bot").rglob("*.py"), *services]:
        yield ast.parse(path.read_text(encoding="utf-8"))


def strings(node: ast.AST) -> set[str]:
    """Return the string constants in a node that stand for themselves, not inside an f-string."""
    inside = {id(part) for f in ast.walk(node) if isinstance(f, ast.JoinedStr) for part in f.values}
    return {
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in inside
    }


def named_in_code() -> set[str]:
    """Return every template that the code names: in Say, in reply, as `template`, as answer."""
    names = set(FAMILIES)
    for tree in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name("Say") | ast.Attribute(attr="reply"), args=[first, *_]):
                    names |= strings(first)
                case ast.Call(func=ast.Name("_tell"), args=[_, _, _, template, *_]):
                    names |= strings(template)
                case ast.Assign(targets=[ast.Name("template")], value=value):
                    names |= strings(value)
                case ast.Return(value=ast.Constant(str(value))) if value.startswith("answer_"):
                    names.add(value)
    return names


def choices_in_code() -> set[str]:
    """Return every choice id that the code offers as it stands, and those it makes from lists."""
    fixed = re.compile(r"(consent|type|back|do|kind|answer|place|sent|contact|own):[a-z_]+")
    found = {text for tree in sources() for text in strings(tree) if fixed.fullmatch(text)}
    made = {f"kind:{kind}" for kind in SessionKind} | {f"answer:{each}" for each in PERFORMANCES}
    made |= {"may:yes", "may:no"}
    return found | made | {*SENT} | {"unknown"}


def test_every_reply_that_the_code_names_is_written_and_none_is_written_for_nobody():
    assert named_in_code() == set(NAMES)


def test_every_choice_that_the_code_offers_has_a_label_and_no_label_is_left_over():
    offered = choices_in_code()

    assert offered == fixed_labels().keys()
    assert all(RENDERER.choice(id_)["label"] for id_ in offered)


def fixed_labels() -> dict[str, str]:
    lines = (TEMPLATES / "choices.yaml").read_text(encoding="utf-8").splitlines()
    rows = [line.rpartition(": ") for line in lines if line and not line.startswith("#")]
    return {id_: label for id_, _, label in rows}


def test_labels_are_short_and_no_two_are_alike():
    labels = list(fixed_labels().values())

    assert max(map(len, labels)) <= 8
    assert len(set(labels)) == len(labels)


EXACT = {
    "notice": [
        "你好，我是本乡镇人民调解委员会的机器助手“和解”。",
        "用来登记纠纷、约调解员，会记下经过、称呼和电话。",
        "机器先读，只给办事的人看；不用发身份证号。",
        "没办成存30天，办结后存180天，案卷按规定存。",
        "想看、改、删、不同意了，随时说；也可以找真人。",
        "同意我记下来吗？",
    ],
    "no_consent": [
        "好，你说的话我不记。想问人，可以打 12348 或 12345。",
        "想好了再选“同意”。",
    ],
    "tell_story": ["请说说发生了什么事：和谁，什么时候，你想怎么解决。"],
    "type_taken": [
        "按“拖欠工资”来办，因为你说到“老板欠”“工钱”。",
        "不是的话，回“类型不对”。",
    ],
    "type_choices": ["你说到“老板欠”“工钱”。", "这件事最像哪一种？"],
    "ask_fact": ["为了知道要谈多少。", "一共欠多少钱？"],
    "not_read": ["请写一个数，比如：三万五，或 35000元。"],
    "left_open": ["“欠多少”先空着，见面时调解员再问。"],
    "corrected": ["改好了。有没有合同：没有。"],
    "read_back": [
        "请看看记得对不对：",
        "类型：拖欠工资",
        "经过：老板欠我工资 三万五",
        "欠多少：35,000元",
        "哪天开始：大约2026年3月",
        "有没有合同：没有",
        "对方：不晓得",
        "都对吗？",
    ],
    "not_for_mediation": [
        "法院已经立案的事，这里不能再调。",
        "请找：受理的法院。",
        "不服劳动仲裁裁决的，收到裁决书后十五天内可以起诉。（劳动争议调解仲裁法第48、50条）",
        "日子只能大概算，请以法律援助或法院的说法为准。",
        "要不要帮你约律师？",
    ],
    "case_opened": [
        "已经登记，登记时间也记下了。",
        "案件号：2026000015（一案一码）",
        "这条消息就是回执，请留好。",
    ],
    "slots_offered": ["去调解室：最近有这些时间，请选一个。", "也可以直接写你方便的时间。"],
    "session_booked": [
        "约好了。",
        "时间：11月25日 星期三 15:00",
        "方式：去调解室",
        "地点：兴街镇综治中心",
        "调解员：李四，电话 13800000000",
        "要改时间，回“改时间”。",
    ],
    "session_moved": [
        "时间改好了，原来的时间已经取消。",
        "时间：11月25日 星期三 15:00",
        "方式：去调解室",
        "地点：兴街镇综治中心",
        "调解员：李四，电话 13800000000",
    ],
    "what_to_bring": [
        "请带上身份证。有的话，再带上这些：",
        "- 考勤或工友证明",
        "- 聊天和转账记录",
        "没有也可以来，不用专门去办。",
    ],
    "case_status": [
        "案件 2026000015（拖欠工资）：已经约好调解。",
        "时间：11月25日 星期三 15:00",
        "方式：去调解室",
        "地点：兴街镇综治中心",
        "调解员：李四，电话 13800000000",
    ],
    "remedies": [
        "还可以走别的路，调解不影响你去法院。",
        "- 劳动仲裁委员会：申请劳动仲裁",
        "- 法律援助中心：申请法律援助，电话 12348",
        f"- {DEADLINES['DL-05'].shown_zh}（劳动争议调解仲裁法第27条）",
        f"- {DEADLINES['DL-05f'].shown_zh}（劳动争议调解仲裁法第27条）",
        "日子只能大概算，请以法律援助或法院的说法为准。",
        "想先问律师，可以约，也可以打 12348。",
    ],
    "person_called": ["已经请工作人员联系你，一个工作日内。", "着急问法律，现在就可以打 12348。"],
    "person_is_told": [
        "已经告诉值班的人，请他15分钟内联系你。",
        "调解先停下，也不会自动联系对方。",
    ],
    "in_danger": [
        "这一句我拿不准：有人有危险吗？",
        "有就回“有危险”，急的打 110。",
        "已经告诉值班的人。没有就接着说。",
    ],
    "help_now": [
        "收到，这件事很急。",
        "你现在安全吗？能走开就先走开。",
        "报警 110，急救 120，着火 119。",
        "我在这里，会有真人来接着帮你。",
    ],
    "help_dv": [
        "听到了。被这样对待，不是你的错。",
        "你现在安全吗？有危险打 110，受伤打 120。",
        "妇女热线 12338，晚上请打 110。",
        "告诫书找派出所，保护令找法院，不用先离婚。",
        "不方便说话，或手机有人看，回 1。我在这里。",
    ],
    "help_self_harm": [
        "谢谢你说出来，这一定很难受。",
        "你现在安全吗？有没有马上的危险？",
        "紧急打 120 或 110，心里难受打 12356。",
        "身边有信得过的人吗？请他来陪着。",
        "我在这里，会有真人来接着说。",
    ],
    "about_robot": ["我是机器，不是真人。我记事情、约调解员。想找真人，回“找真人”。"],
    "due_today": [
        "案件 2026000015 的协议，2026年12月31日有一项约定到期：5,000元。",
        "这一项做到了吗？",
    ],
    "confirm_day_20": [
        "案件 2026000015 的协议，双方可以一起去法院申请司法确认。",
        "大概到2026年12月31日之前，请以法律援助或法院的说法为准。",
        "（人民调解法第33条，民事诉讼法第205条）",
    ],
}


@pytest.mark.parametrize("name", sorted(EXACT))
def test_the_words_that_matter_most_are_exactly_these(name):
    assert said(name) == EXACT[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_reply_is_plain_short_and_kind(name):
    lines = said(name)
    text = "\n".join(lines)

    assert all(lines), "no empty line, and so no hole"
    assert not re.search(r"[{}!！]|None|undefined", text)
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", text), "no emoji"
    for bad in (ACCUSING, OFFICIALESE, DIALECT):
        assert not bad.search(text)
    last = lines[-1]
    assert last.endswith(("。", "？", "）")) or "：" in last or last.startswith("- ")


@pytest.mark.parametrize("name", sorted(set(NAMES) - LAWFUL_LONG))
def test_a_reply_says_one_thought(name):
    lines = said(name)

    if name == "notice":
        assert len(lines) <= 6
        assert max(map(len, lines)) <= 26
    elif name.startswith("help_"):
        assert len(lines) <= 5
        assert max(map(len, lines)) <= 26
    else:
        assert len("\n".join(lines)) <= 60


@pytest.mark.parametrize("name", NAMES)
def test_a_reply_shows_no_number_but_those_that_were_checked(name):
    numbers = set(
        re.findall(r"(?<!\d)(?:1\d{2}|1\d{4}|9\d{4})(?!\d)", FILES[name].read_text("utf-8"))
    )

    assert numbers <= NUMBERS
    assert "12338" not in numbers or "110" in numbers, "12338 sleeps at night"


@pytest.mark.parametrize("flag", LOCKING)
def test_a_help_card_asks_about_safety_and_names_the_police(flag):
    text = "\n".join(said(f"help_{flag}"))

    assert "你现在安全吗？" in text
    assert "110" in text


def test_every_template_says_first_when_it_is_said():
    assert all(re.match(r"\{# .+ #\}\n", path.read_text("utf-8")) for path in FILES.values())
