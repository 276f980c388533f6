import pytest

from bot.dialogue.words import (
    command_in,
    corrected_part,
    is_consent,
    is_correction,
    is_yes,
    names_other_side,
    performance_in,
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("转人工", "person"),
        ("我要找真人", "person"),
        ("上一步", "undo"),
        ("撤回", "undo"),
        ("重新开始", "restart"),
        ("以后再说吧", "later"),
        ("先这样了", "later"),
        ("继续", "resume"),
        ("查进度", "status"),
        ("看一下我的案子", "status"),
        ("改个时间", "reschedule"),
        ("取消预约", "cancel"),
        ("换个调解员", "change_mediator"),
        ("不调了", "refuse"),
        ("我不想调解了。", "refuse"),
        ("换个类型", "retype"),
        ("为什么问这个？", "why"),
    ],
)
def test_a_command_is_known_by_its_words(text, command):
    assert command_in(text) == command


@pytest.mark.parametrize(
    "text",
    ["", "老板不给工钱", "调解了没有", "我家和邻居为了一条路闹了三年还没有调解了", "三万", "人"],
)
def test_an_ordinary_message_is_no_command(text):
    assert command_in(text) is None


@pytest.mark.parametrize(
    ("text", "agreed"),
    [("同意", True), ("好的", True), ("要得", True), ("不同意", False), ("不行", False)],
)
def test_consent_is_a_clear_yes_or_no(text, agreed):
    assert is_consent(text) is agreed


@pytest.mark.parametrize("text", ["老板欠我工钱", "好多钱没给", "不晓得你是哪个"])
def test_a_story_is_no_consent(text):
    assert is_consent(text) is None


def test_a_read_back_is_agreed_to_in_many_ways():
    assert all(is_yes(text) for text in ("对", "对的", "没错", "是呢", "都对了", "好的嘛"))
    assert not any(is_yes(text) for text in ("不对", "金额不对", "对方姓王", "对?", "嗯？"))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("金额不对，是三千", "三千"),
        ("说错了，应该是去年", "去年"),
        ("电话改成13800000000", "13800000000"),
        ("不是三万，是三万五", "三万五"),
    ],
)
def test_a_correction_names_the_new_value_at_its_end(text, part):
    assert is_correction(text)
    assert corrected_part(text) == part


def test_the_side_that_does_not_want_is_told_apart():
    assert names_other_side("老板说他不来调解")
    assert names_other_side("对方不愿意")
    assert not names_other_side("我不想调了")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("给了", "kept"),
        ("钱收到了，谢谢", "kept"),
        ("只给了一半", "partly"),
        ("还差五百", "partly"),
        ("还没给", "not_kept"),
        ("不有还", "not_kept"),
        ("他不认账了，又吵了一架", "disputed"),
        ("没事了，都好", "kept"),
        ("今天赶街", None),
    ],
)
def test_an_answer_to_a_follow_up_is_read(text, answer):
    assert performance_in(text) == answer
