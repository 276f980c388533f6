import pytest

from domain.invitation import ALPHABET, LENGTH, code_in, folded_code, new_code, shown


def test_a_code_is_made_of_what_neither_looks_nor_sounds_alike():
    codes = {new_code() for _ in range(500)}

    assert len(codes) == 500
    assert all(len(code) == LENGTH and set(code) <= set(ALPHABET) for code in codes)
    alike = ("0OQD", "1IL", "2Z", "5S", "8B", "MN", "CEPTBDGV", "UV")
    assert all(len(set(ALPHABET) & set(group)) <= 1 for group in alike)
    assert not any(code.isdigit() for code in codes)


@pytest.mark.parametrize(
    "text",
    [
        "K7M4X2W9",
        "k7m4-x2w9",
        "K7M4 X2W9",
        "ｋ７ｍ４－ｘ２ｗ９",
        "邀请码是 K7M4-X2W9。",
        "我的码：k7 m4 x2 w9",
    ],
)
def test_a_code_is_known_however_it_was_typed(text):
    assert code_in(text) == "K7M4X2W9"


@pytest.mark.parametrize(
    "text",
    [
        "23456789",
        "2345-6789元",
        "13800002222",
        "云A K7M42",
        "K7M4X2W",
        "K7M4X2W9 他不还钱",
        "调解",
        "",
    ],
)
def test_sums_phones_plates_and_stories_are_no_codes(text):
    assert code_in(text) is None


def test_what_is_shown_is_read_back():
    code = new_code()

    assert folded_code(shown(code)) == code == code_in(shown(code))
