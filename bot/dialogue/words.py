"""Commands and turns of phrase that are recognised by their form, before any classifier."""

from __future__ import annotations

import re

TIDY = re.compile(r"[\s,，。.!！?？~～、…]+")

COMMANDS: tuple[tuple[str, str], ...] = (
    ("hello", r"(你好|您好|在吗|在不在|在不|有人吗|有人在吗|有没有人|喂)(啊|呀|嘛)?"),
    ("person", r"(我要|要|请|帮我|给我)?(转|找|叫|接)?(个)?(人工|真人|人工客服|活人)(服务|帮忙)?"),
    ("danger", r"(现在|真的?|是|确实|他|她|我|娃娃|孩子|老人|家里|这里){0,2}有危险[了呢的啊呀]?"),
    ("withdraw", r"(我要|我想|想)?(撤回|撤销|撤掉|撤)(我的)?(申请|案件|案子)"),
    (
        "revoke",
        r"(我要|我想|想)?(撤回|撤销|收回|取消)(我的)?(同意|授权)|(我)?不再同意(你们)?(记|存|保存)?(了|下来)?",
    ),
    (
        "my_info",
        r"(我要|我想|想|给我|帮我|查|看|导出|下载|调取|查看){0,2}(一下|一哈)?我的(个人)?(信息|资料|数据|记录)",
    ),
    (
        "erase",
        r"(我要|我想|想|请|帮我|把|全部){0,2}(删除|删掉|删了|清除|注销)(我的|我)?(个人|全部|所有)?(信息|资料|数据|记录|账号)?"
        r"|(我要|我想|请|帮我|把){0,2}我的?(个人|全部|所有)?(信息|资料|数据|记录)(都|全)?(删除|删掉|删了|删)(掉|了)?",
    ),
    (
        "readers",
        r"(都)?(有)?(谁|哪个|哪些人|什么人)(都)?(看|查|读)(过|了)(我的|我)?(这个)?(案子|案件|信息|资料|记录|事|谈话)?",
    ),
    ("undo", r"(撤回|撤销|退回|回到)?(上一步|上一个|刚才那个)|撤回|撤销"),
    ("restart", r"(我要|从头|全部)?重新(来|开始|说|讲)(一遍|过)?|从头(来|开始|说)"),
    (
        "later",
        r"(先)?(这样|不说|不讲)(了|吧)"
        r"|(算了|今天)?(我)?(先)?(以后|改天|下次|晚点|等哈|过几天|回头)再(说|讲|弄|来)(吧|嘛|了)?",
    ),
    ("resume", r"(我要|我们|现在)?(继续|接着)(刚才的?)?(说|讲|来|办|弄)?(吧)?"),
    (
        "move_device",
        r"(我要|我想|想)?换(一?[个台部])?(手机|电脑|设备)(继续|接着说|接着谈|怎么办|咋个办)?|继续码",
    ),
    ("status", r"(我要|帮我)?(查|看)(一下|一哈|哈)?(我的)?(案件|案子|进度|进展|状态)"),
    ("reschedule", r"(我要|我想|想)?(改|换)(个|一下|一哈)?(时间|日子|日期)|改期"),
    ("cancel", r"(我要|我想|想)?取消(预约|调解|会面|申请)?"),
    ("change_mediator", r"(我要|我想|想|能不能)?(换|改)(一?个|一下)?(调解员|人调解)"),
    ("refuse", r"(我|我们)?不(想|要|愿意?)?(再)?调解?了|(我|我们)不(想|愿意?|要)调解"),
    ("retype", r"(不是)?(这个|这种)?类型?(不对|错了)|换个类型"),
    ("why", r"为什么(问这个|要问|问)?|问这个(干|做)什么|咋个要问"),
)
_COMMANDS = tuple((name, re.compile(pattern)) for name, pattern in COMMANDS)
# Said of an earlier answer, whatever is open ...
TAKEN_BACK = re.compile(
    r"^(?:不对|错了|不是的|更正|纠正)|[说写打讲搞记填选点]错|改成|改为|改一下|改一哈|更正"
)
# ... and said of it only together with its name (金额不对), else perhaps an answer (他做得不对).
NAMED_BACK = re.compile(r"不对|错了|应该是|其实是|不是.{1,12}[,，。 ]?是")
BARE_BACK = re.compile(
    r"(?:刚才|刚刚|前面|上面|那个|这个|我)?(?:的|那个)?"
    r"(?:不对|错了|不是的|[说写打讲搞记填选点]错了?|要改|改一下|改一哈|我要改)(?:了|的|呢|嘛)?"
)
CORRECTED = re.compile(r"(?:改成|改为|应该是|更正为|其实是|(?<!不)(?<!还)是)\s*(.{1,60})$")
CONSENT = re.compile(
    r"(我)?(同意|可以|好|好的|行|要得|愿意|没问题|是|嗯|ok)(的|吧|嘛|呢|了|噶)?", re.IGNORECASE
)
NO_CONSENT = re.compile(r"(我)?(不同意|不可以|不行|不要|不愿意|不)(的|了|吧)?")
YES = re.compile(
    r"(都|全)?(对|对的|对呢|没错|是|是的|是呢|正确|要得|好|好的|可以|嗯|确认)(了|的|呢|嘛|噶)?"
)
OTHER_SIDE = re.compile(r"(对方|他们?|她们?|人家|那边|那家|老板|邻居|隔壁|被申请人).{0,8}(不|没)")
QUESTION = re.compile(r"[?？]|吗|能不能|可不可以|会不会|咋|怎么")
GO_ON = re.compile(r"不停|不取消|不撤|先不|不用|不要(取消|撤|停)|继续|接着")
ENDINGS = {
    "stop": (("stop", re.compile(rf"^(?:{YES.pattern}|确定)$|停|不.{{0,2}}[办弄说讲调搞]|算了")),),
    "other_side": (
        ("other_side_refuses", re.compile(rf"^(?:{YES.pattern}|确定)$|不愿|不来|不肯|不同意")),
    ),
    "decline": (
        ("decline", re.compile(rf"^(?:{YES.pattern}|确定)$|不[想愿要肯办谈调]|算了|拒绝")),
    ),
    "session": (
        ("decline", re.compile(r"不[想愿要肯办谈调]|都(取消|不要)|全部|拒绝")),
        ("give_back", re.compile(r"时间|这次|这一次|只取消")),
    ),
    "cancel": (
        ("withdraw", re.compile(r"撤|申请|都(取消|不要)|全部|不[办调]")),
        ("give_back", re.compile(r"时间|这次|这一次|只取消")),
    ),
    "refusal": (
        ("other_side_refuses", re.compile(rf"{OTHER_SIDE.pattern}|^是?(对方|[他她]们?)家?$")),
        ("withdraw", re.compile(r"撤|^是?我(自己)?$|我不|不[想愿]|不[办调]")),
    ),
}
ANSWERED = (
    ("partly", re.compile(r"一半|一部分|部分|给了点|给了一点|还差|还欠|先给了|只给了|付了些")),
    ("disputed", re.compile(r"又吵|吵起来|不认|反悔|耍赖|有争议|说法不一样|闹起来|扯皮")),
    ("not_kept", re.compile(r"没|不给|不有|还没|未|没得|没有|不履行|拖着|不见|不还")),
    (
        "kept",
        re.compile(
            r"给了|给掉|付了|付清|还了|还清|好了|修好|弄好|履行|兑现|收到|清了|搬|没事了|解决"
        ),
    ),
)


def command_in(text: str) -> str | None:
    """Return the command that the whole text is, if it is one."""
    tidy = TIDY.sub("", text)
    if not 0 < len(tidy) <= 16:
        return None
    return next((name for name, pattern in _COMMANDS if pattern.fullmatch(tidy)), None)


def is_consent(text: str) -> bool | None:
    """Return True for yes, False for no, None where the text is neither."""
    tidy = TIDY.sub("", text)
    if NO_CONSENT.fullmatch(tidy):
        return False
    return True if CONSENT.fullmatch(tidy) else None


def cannot_speak(text: str) -> bool:
    """Whether somebody in danger says that talking is not possible now (回 1)."""
    return TIDY.sub("", text) in {"1", "１", "不方便", "不方便说", "现在不方便"}


def is_yes(text: str) -> bool:
    """Whether the text agrees with what was read back."""
    is_question = text.rstrip().endswith(("?", "？"))
    return not is_question and YES.fullmatch(TIDY.sub("", text)) is not None


def is_question(text: str) -> bool:
    """Whether the text asks something."""
    return QUESTION.search(text) is not None


def is_correction(text: str) -> bool:
    """Whether the text may take something back; see `takes_back` for when it surely does."""
    return takes_back(text) or NAMED_BACK.search(text) is not None


def takes_back(text: str) -> bool:
    """Whether the text takes back an earlier answer even where it does not say which."""
    return TAKEN_BACK.search(text) is not None


def only_takes_back(text: str) -> bool:
    """Whether the text says that something is wrong and nothing else (说错了)."""
    return BARE_BACK.fullmatch(TIDY.sub("", text)) is not None


def corrected_part(text: str) -> str:
    """Return what follows 改成, 应该是, 是 ...; the whole text where nothing does."""
    found = CORRECTED.search(text)
    return found.group(1) if found else text


def names_other_side(text: str) -> bool:
    """Whether it is the other side that does not want (对方不愿意来)."""
    return OTHER_SIDE.search(text) is not None


def ending_in(confirming: str, text: str) -> str | None:
    """Return which ending, or `continue`, a reply to the question about the end means."""
    tidy = TIDY.sub("", text)
    if QUESTION.search(text):
        return None
    if GO_ON.search(tidy):
        return "continue"
    return next((end for end, words in ENDINGS[confirming] if words.search(tidy)), None)


def performance_in(text: str) -> str | None:
    """Return what a follow-up answer says of the promise: kept, partly, not_kept or disputed."""
    if "没事" in text and "不" not in text:
        return "kept"
    return next((answer for answer, pattern in ANSWERED if pattern.search(text)), None)
