"""Corrections wait masked, once each, and a wrong one is refused with its reason."""

from __future__ import annotations

import fcntl
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nlu.candidates import FILE, Candidate, ReviewFaults, add_candidate, read_candidates

PHONE, ID_CARD = "13888766543", "532623198703150013"
PRIVATE = f"他电话{PHONE}，身份证{ID_CARD}，借我三万不还"


def waiting(data: Path) -> list[str]:
    return (data / FILE).read_text("utf-8").splitlines()


def write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    return path


def test_a_correction_waits_masked_and_readable_by_us_alone(tmp_path):
    assert add_candidate(tmp_path, {"text": PRIVATE, "dispute_type": "loan"})

    kept = (tmp_path / FILE).read_text("utf-8")
    assert PHONE not in kept
    assert ID_CARD not in kept
    assert "借我三万不还" in kept
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_corrections_out_of_any_file_are_masked_as_they_are_read(tmp_path):
    path = write(tmp_path / "by-hand.jsonl", {"text": PRIVATE, "flags": ["now"]})

    (candidate,) = read_candidates(path)

    assert PHONE not in candidate.text
    assert ID_CARD not in candidate.text


def test_the_same_correction_waits_once(tmp_path):
    told = {"text": "他家的牛吃了我家的菜", "dispute_type": "neighbour"}

    assert add_candidate(tmp_path, told)
    assert not add_candidate(tmp_path, told)

    assert len(waiting(tmp_path)) == 1


def test_whoever_corrects_waits_until_another_has_written_and_then_sees_what_was_written(tmp_path):
    add_candidate(tmp_path, {"text": "羊吃了苗", "dispute_type": "neighbour"})
    told = {"text": "牛吃了菜", "dispute_type": "neighbour"}

    with ThreadPoolExecutor(1) as pool, (tmp_path / FILE).open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        correcting = pool.submit(add_candidate, tmp_path, told)
        with pytest.raises(TimeoutError):
            correcting.result(0.2)
        file.write(json.dumps(Candidate.of(told).to_data(), ensure_ascii=False) + "\n")
        file.close()

        assert correcting.result(10) is False

    assert len(waiting(tmp_path)) == 2


def test_whoever_corrects_a_text_last_is_believed(tmp_path):
    add_candidate(tmp_path, {"text": "牛吃了菜", "dispute_type": "neighbour"})
    add_candidate(tmp_path, {"text": "羊吃了苗", "dispute_type": "neighbour"})
    add_candidate(tmp_path, {"text": "牛吃了菜", "dispute_type": "injury_tort"})

    read = read_candidates(tmp_path / FILE)

    assert {each.text: each.dispute_type for each in read} == {
        "牛吃了菜": "injury_tort",
        "羊吃了苗": "neighbour",
    }


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"dispute_type": "loan"}, "text is missing"),
        ({"text": "  ", "dispute_type": "loan"}, "text is missing"),
        ({"text": "借" * 1001, "dispute_type": "loan"}, "1 to 1000 characters"),
        ({"text": "借钱", "dispute_type": "借钱"}, "dispute_type is unknown"),
        ({"text": "借钱", "dispute_type": ["loan"]}, "dispute_type is unknown"),
        ({"text": "借钱", "intent": "loan"}, "intent is unknown"),
        ({"text": "借钱", "flags": "dv"}, "flags is no list"),
        ({"text": "借钱", "flags": ["fire"]}, "flags is no list"),
        ({"text": "借钱", "dispute_type": "loan", "register": "rude"}, "register is none of"),
        ({"text": "借钱", "intent": "dispute"}, "a dispute needs its dispute_type"),
        ({"text": "你好", "intent": "greet", "dispute_type": "loan"}, "only a dispute or"),
        ({"text": "借钱"}, "corrects nothing"),
        ({"text": "借钱", "flags": [], "label": "x"}, "unknown fields: label"),
    ],
)
def test_a_correction_that_cannot_be_learned_is_refused_with_its_reason(tmp_path, told, reason):
    with pytest.raises(ReviewFaults, match=reason):
        add_candidate(tmp_path, told)

    assert not (tmp_path / FILE).exists()


def test_all_bad_lines_of_a_file_are_named_at_once_and_no_text_is_repeated(tmp_path):
    path = tmp_path / "by-hand.jsonl"
    good = json.dumps({"text": "借钱不还", "dispute_type": "loan"})
    bad = json.dumps({"text": PRIVATE, "dispute_type": "debt", "flags": 3})
    path.write_bytes("\n".join([good, "", bad, "{half", "[1]"]).encode() + b"\n\xff\n")

    with pytest.raises(ReviewFaults) as refused:
        read_candidates(path)

    told = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        f"by-hand.jsonl, line {number}" for number in (3, 4, 5, 6)
    ]
    assert "dispute_type is unknown; flags is no list" in told[0]
    assert "借我三万" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReviewFaults, match="there is no such file"):
        read_candidates(tmp_path / "none.jsonl")


def test_what_was_not_corrected_stays_as_it_was_read():
    type_alone = Candidate.of({"text": "他打我还不还钱", "dispute_type": "loan"})
    no_flags = Candidate.of({"text": "他打我还不还钱", "dispute_type": "loan", "flags": []})

    (learned,) = type_alone.block(Path("x"), frozenset({"dv"})).labelled()
    (cleared,) = no_flags.block(Path("x"), frozenset({"dv"})).labelled()

    assert (learned.intent, learned.dispute_type, learned.flags) == ("dispute", "loan", {"dv"})
    assert cleared.flags == frozenset()


def test_a_correction_of_flags_alone_teaches_no_type_and_a_false_alarm_no_intent_either():
    raised = Candidate.of({"text": "他拿刀来了", "flags": ["now", "harm_others"]})
    lowered = Candidate.of({"text": "跳楼价卖菜", "flags": []})

    taught, untaught = (
        next(each.block(Path("x"), frozenset()).labelled()) for each in (raised, lowered)
    )

    assert (taught.dispute_type, taught.flags) == (None, {"now", "harm_others"})
    assert (untaught.intent, untaught.dispute_type, untaught.flags) == (None, None, frozenset())


def test_a_question_of_law_may_have_a_type_and_other_intents_have_none():
    asked = Candidate.of({"text": "借条几年过期", "intent": "legal_question"})
    typed = Candidate.of(
        {"text": "借条几年过期", "intent": "legal_question", "dispute_type": "loan"}
    )

    labelled = [next(each.block(Path("x"), frozenset()).labelled()) for each in (asked, typed)]

    assert [(each.intent, each.dispute_type) for each in labelled] == [
        ("legal_question", None),
        ("legal_question", "loan"),
    ]
