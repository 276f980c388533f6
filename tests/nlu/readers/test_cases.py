"""The hand-written cases, one for one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.nlu.readers.spoken import read

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases.jsonl").read_text("utf-8").splitlines()
]


def test_the_case_file_is_large_and_says_nothing_twice():
    keys = [(case["reader"], case["text"]) for case in CASES]

    assert len(keys) >= 320
    assert len(set(keys)) == len(keys)


def test_no_trap_is_taken_for_a_finding_and_no_private_number_slips_through():
    traps = [c for c in CASES if c["expect"] in ([], None, {}) or c["reader"] == "mask"]

    taken = [c["text"] for c in traps if read(c["reader"], c["text"]) != c["expect"]]

    assert len(traps) > 120
    assert taken == []


def test_at_least_97_in_100_hand_written_cases_are_read_exactly():
    misses = [
        (case["reader"], case["text"], case["expect"], found)
        for case in CASES
        if (found := read(case["reader"], case["text"])) != case["expect"]
    ]

    for miss in misses:
        print("{}: {} | expected {} | read {}".format(*miss))
    exact = 1 - len(misses) / len(CASES)
    print(f"{exact:.1%} of {len(CASES)} cases exact")
    assert exact >= 0.97
