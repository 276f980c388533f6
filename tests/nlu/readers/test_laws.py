"""What holds for any text, not only for those somebody thought of."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.readers.amounts import amounts_in, main_amount
from nlu.readers.answers import Answer, Unknown, Unread, read_answer
from nlu.readers.contacts import contacts_in, mask
from nlu.readers.facts import read_facts, warm_up
from nlu.readers.plain import plain
from tests.nlu.readers.spoken import NOW, OPTIONS

KINDS = ("amount", "date", "text", "name", "choice", "yes_no", "count", "place", "phone", "area")
LOADED = (
    "零一二两三四五六七八九十百千万亿几半多来把点元块毛角分亩厘人户家个年月日号天周星期前后上下早晚"
    "0123456789０１９.,:-/（）Xx云A村镇县州在是岁每 \n\x00\u200b𠀀"
)
texts = st.one_of(st.text(max_size=60), st.text(alphabet=LOADED, max_size=60))
phones = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
ids = st.from_regex(
    r"53[0-9]{4}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{3}[0-9X]", fullmatch=True
)
DIGITS = "零一二三四五六七八九"


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    warm_up()


def _findings(text: str):
    facts = read_facts(text, NOW)
    single = [x for x in (facts.place, facts.people) if x is not None]
    many = (facts.amounts, facts.dates, facts.wishes, facts.contacts, facts.areas, facts.minors)
    return [*single, *(found for kind in many for found in kind)]


@settings(deadline=None, max_examples=400)
@given(texts)
def test_every_finding_lies_in_the_text_that_was_read(text):
    for found in _findings(text):
        assert 0 <= found.start < found.end <= len(text)


@settings(deadline=None, max_examples=400)
@given(texts, st.sampled_from(KINDS))
def test_every_reply_is_an_answer_a_not_knowing_or_a_reason(text, kind):
    reply = read_answer(kind, text, NOW, OPTIONS)

    assert isinstance(reply, Answer | Unknown | Unread)
    if isinstance(reply, Answer):
        assert 0 <= reply.start <= reply.end <= len(text)


@settings(deadline=None, max_examples=300)
@given(texts)
def test_nothing_is_said_to_have_happened_after_today(text):
    occurred = read_facts(text, NOW).occurred

    assert occurred is None or (occurred.first is not None and occurred.first <= NOW.date())


@settings(deadline=None)
@given(texts)
def test_the_plain_text_is_as_long_as_the_text(text):
    assert len(plain(text)) == len(text)


@settings(deadline=None, max_examples=300)
@given(texts, st.one_of(phones, ids), texts)
def test_a_masked_text_keeps_no_private_number_and_masking_twice_changes_nothing(
    before, number, after
):
    once = mask(f"{before} 号码,{number}。 {after}")

    assert number not in once
    assert mask(once) == once
    assert contacts_in(once) == ()


@given(st.integers(min_value=1, max_value=99_999_999))
def test_a_sum_in_figures_reads_back(yuan):
    for written in (f"{yuan}元", f"{yuan:,}元", f"赔我{yuan}块钱"):
        amount = main_amount(amounts_in(written))

        assert amount is not None
        assert amount.fen == yuan * 100


@given(st.integers(min_value=2, max_value=99_999_999))
def test_a_sum_in_chinese_characters_reads_back(yuan):
    amount = main_amount(amounts_in(f"他欠我{_spoken(yuan)}元"))

    assert amount is not None
    assert amount.fen == yuan * 100


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from("百千万"))
def test_the_last_digit_of_a_spoken_sum_takes_the_next_unit_down(first, last, unit):
    worth = {"百": 100, "千": 1000, "万": 10_000}[unit]
    amount = main_amount(amounts_in(f"欠我{DIGITS[first]}{unit}{DIGITS[last]}"))

    assert amount is not None
    assert amount.fen == (first * worth + last * worth // 10) * 100


def _spoken(number: int) -> str:
    """The formal reading of a number below a hundred million."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        gap = "零" if 0 < low < 1000 else ""
        return f"{_spoken(high)}万{gap}{_spoken(low) if low else ''}"
    told, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            told += ("零" if gap else "") + DIGITS[digit] + name
            gap = False
        else:
            gap = bool(told)
    return told


LONG = (
    "一" * 10_000,
    "三万五" * 3_300,
    "1" * 10_000,
    "1," * 5_000,
    "１３８ " * 2_500,
    "去年" * 5_000,
    "在" * 10_000,
    "和平村" * 3_300,
    "每天一个" * 2_500,
    "我们" * 5_000,
    "\x00\u200b" * 5_000,
    "1-" * 5_000,
    "3月" * 5_000,
    "云A" * 5_000,
    "没不是" * 3_300,
    "0871-" * 2_000,
    "共" * 10_000,
)


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:4].encode("unicode_escape").decode())
def test_ten_thousand_characters_take_no_longer_than_their_share(text):
    short, long = seconds(text[:1000]), seconds(text)

    assert long < 20 * short + 0.05


def seconds(text: str) -> float:
    """Return the shortest of two readings, in the thread's own time."""

    def once() -> float:
        began = time.thread_time()
        read_facts(text, NOW)
        return time.thread_time() - began

    return min(once(), once())


def test_an_aware_clock_is_as_good_as_a_local_one():
    aware = read_facts("下周三下午三点", datetime(2026, 11, 23, 10, tzinfo=UTC))

    assert aware.to_wire() == {"session_at": "2026-12-02T15:00"}
