"""Sixty strings as people, scans and thumbs write them, and what may be shown of each."""

import json
from pathlib import Path

import pytest

from nlu.readers.contacts import mask

LINES = Path(__file__).with_name("masked.jsonl").read_text(encoding="utf-8").splitlines()
GOLDEN = [(each["text"], each["masked"]) for each in map(json.loads, LINES)]


def test_there_are_sixty_strings_and_some_of_them_hide_nothing() -> None:
    assert len({text for text, _ in GOLDEN}) == 60
    assert len([text for text, masked in GOLDEN if text == masked]) >= 10


@pytest.mark.parametrize(("text", "masked"), GOLDEN)
def test_what_is_private_is_masked_and_nothing_else_is_changed(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked
