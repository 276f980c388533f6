"""The handbook names what there is: every setting, every word of the command line, every row."""

import re
from pathlib import Path

import pytest

from bot import cli_words
from bot.cli import main
from bot.settings import KNOWN
from domain.follow_up import FollowUpKind

ROOM = Path(__file__).parent.parent
HANDBOOK = (ROOM / "docs" / "handbook.md").read_text(encoding="utf-8")
README = (ROOM / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOM / "Makefile").read_text(encoding="utf-8")


def cli_names(capsys) -> list[str]:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    return [name for name in vars(cli_words) if re.search(rf"^    {name} ", shown, re.MULTILINE)]


@pytest.mark.parametrize("name", KNOWN)
def test_every_setting_is_in_the_handbook(name):
    assert f"`{name}`" in HANDBOOK


def test_every_word_of_the_command_line_is_in_the_handbook(capsys):
    names = cli_names(capsys)

    assert {"serve", "chat", "classify", "tick", "agree"} <= set(names)
    assert [name for name in names if f"`{name}`" not in HANDBOOK] == []


@pytest.mark.parametrize("kind", FollowUpKind)
def test_every_follow_up_row_is_in_the_handbook(kind):
    assert kind.value in HANDBOOK


def test_every_make_word_of_the_readme_exists():
    for word in re.findall(r"(?:`|^    )make ([a-z]+)", README, re.MULTILINE):
        assert re.search(rf"^{word}:", MAKEFILE, re.MULTILINE), word


def test_every_link_of_readme_and_handbook_leads_somewhere():
    for folder, text in ((ROOM, README), (ROOM / "docs", HANDBOOK)):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (folder / target).exists(), target
