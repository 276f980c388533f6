"""What is refused of a sheet when the catalogue is loaded, and how: each fault with its place."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.catalogue import CORE, SHEETS, CatalogueFaults, load_catalogue


def a_sheet(**changes: Any) -> dict[str, Any]:
    """Return the smallest whole sheet, with keys changed; None takes a key away."""
    sheet: dict[str, Any] = {
        "type": "tree",
        "label": "树",
        "short": "树",
        "official": ["邻里"],
        "lead": "人民",
        "bodies": [{"name": "村委会", "task": "调解"}],
        "facts": [a_fact()],
        "evidence": ["照片"],
        "trap": "话。",
    }
    return {key: value for key, value in (sheet | changes).items() if value is not None}


def a_fact(**changes: Any) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "name": "kind",
        "kind": "choice",
        "label": "哪种",
        "question": "哪种树？",
        "why": "要知道。",
        "choices": [
            {"id": "oak", "label": "橡树", "cues": ["橡"]},
            {"id": "fir", "label": "杉树", "cues": ["杉"]},
        ],
    }
    return {key: value for key, value in (fact | changes).items() if value is not None}


def an_amount(**changes: Any) -> dict[str, Any]:
    return a_fact(**({"name": "sum", "kind": "amount", "label": "钱", "choices": None} | changes))


def a_rule(**changes: Any) -> dict[str, Any]:
    return {"fact": "kind", "answers": ["oak"], "reason": "话。", "body": "法院"} | changes


def faults_of(folder: Path, **sheets: dict[str, Any]) -> list[str]:
    """Return the lines of the one message with which these sheets are refused."""
    core = (SHEETS / f"{CORE}.yaml").read_text(encoding="utf-8")
    (folder / f"{CORE}.yaml").write_text(core, encoding="utf-8")
    for name, sheet in sheets.items():
        text = yaml.safe_dump(sheet, allow_unicode=True, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    try:
        load_catalogue(folder)
    except CatalogueFaults as refused:
        return str(refused).splitlines()
    return []


def test_a_whole_sheet_is_taken(tmp_path: Path) -> None:
    assert faults_of(tmp_path, tree=a_sheet()) == []


def test_all_faults_of_all_sheets_stand_in_one_message(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        tree=a_sheet(lead="神仙", trap=None),
        well=a_sheet(type="well", facts=[a_fact(question=None, why=None)], official=["旅游"]),
        dog=a_sheet(type="dgo", deadlines=["DL-77"]),
    )

    assert set(faults) == {
        "tree.yaml: lead: 神仙 is none of 人民, 行政, 司法, 律师, 行业性",
        "tree.yaml: trap is missing",
        "well.yaml: facts kind: question is missing",
        "well.yaml: facts kind: why is missing",
        "well.yaml: official: 旅游 is not known",
        "dog.yaml: type is not the name of the file",
        "dog.yaml: deadlines: DL-77 is not known",
    }


TWO_YES_NO = [{"id": "yes", "label": "有"}, {"id": "maybe", "label": "怕是"}]
SHARED_CUE = [
    {"id": "a", "label": "甲", "cues": ["树"]},
    {"id": "b", "label": "乙", "cues": ["树"]},
]
SHARED_AGE = [
    {"id": "a", "label": "甲", "ages": ["<2", "2-7"]},
    {"id": "b", "label": "乙", "ages": ["2-7"]},
]
NO_AGE = [{"id": "a", "label": "甲"}, {"id": "b", "label": "乙", "ages": ["5"]}]
AGED = [{"id": "a", "label": "甲"}, {"id": "b", "label": "乙", "ages": ["2-7"]}]
COUNTED = [{"id": "a", "label": "甲", "least": "2"}, {"id": "b", "label": "乙", "least": "2"}]
FEW = [{"id": "a", "label": "甲", "least": "few"}, {"id": "b", "label": "乙", "least": "2"}]
SAME_ID = [{"id": "a", "label": "甲"}, {"id": "a", "label": "乙"}]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"colour": "red"}, "unknown key colour"),
        ({"short": "一二三四五六七八九"}, "short is longer than 8 characters"),
        ({"short": ["树"]}, "short must be words"),
        ({"label": " "}, "label must be words"),
        ({"evidence": []}, "evidence must be a list that is not empty"),
        ({"evidence": "照片"}, "evidence must be a list that is not empty"),
        ({"evidence": [["照片"]]}, "evidence must be a list of words"),
        ({"evidence": ["照片", "照片"]}, "evidence: 照片 stands twice"),
        ({"official": None}, "official is missing"),
        ({"alternatives": ["仲裁"]}, "alternatives: 仲裁 is none of"),
        ({"red_flags": ["red"]}, "red_flags: red is not known"),
        ({"bodies": [{"name": "村委会"}]}, "bodies 村委会: task is missing"),
        ({"bodies": ["村委会"]}, "bodies number 1: is no mapping"),
        ({"facts": [a_fact(), a_fact()]}, "fact kind stands twice"),
        ({"facts": [a_fact(name="wish")]}, "fact wish stands twice"),
        ({"facts": [a_fact(kind="colour")]}, "facts kind: kind colour is none of"),
        ({"facts": [a_fact(kind="text")]}, "facts kind: choices do not belong to text"),
        ({"facts": [a_fact(choices=None)]}, "facts kind: choices is missing"),
        ({"facts": [a_fact(choices=SAME_ID[:1])]}, "facts kind: one choice is none"),
        ({"facts": [a_fact(choices=SAME_ID)]}, "facts kind: choice a stands twice"),
        ({"facts": [a_fact(choices=SHARED_CUE)]}, "facts kind: 树 tells both a and b"),
        ({"facts": [a_fact(choices=SHARED_AGE)]}, "facts kind: 2-7 tells both a and b"),
        ({"facts": [a_fact(choices=NO_AGE)]}, "facts kind: choices b: ages: 5 is not known"),
        ({"facts": [a_fact(choices=AGED)]}, "facts kind: choices with ages need a bare_number"),
        ({"facts": [a_fact(bare_number="age")]}, "facts kind: bare_number age needs ages"),
        ({"facts": [a_fact(bare_number="size")]}, "facts kind: bare_number size is none of age,"),
        ({"facts": [a_fact(choices=COUNTED)]}, "facts kind: bare_number count and least belong"),
        ({"facts": [a_fact(bare_number="count")]}, "facts kind: bare_number count and least"),
        (
            {"facts": [a_fact(bare_number="count", choices=COUNTED)]},
            "facts kind: least 2 tells both a and b",
        ),
        (
            {"facts": [a_fact(bare_number="count", choices=FEW)]},
            "facts kind: choices a: least must be a whole number",
        ),
        (
            {"facts": [a_fact(kind="text", choices=None, bare_number="unclear")]},
            "facts kind: bare_number belongs to choices",
        ),
        (
            {"facts": [a_fact(kind="yes_no", choices=TWO_YES_NO)]},
            "facts kind: choice maybe is neither yes nor no",
        ),
        ({"facts": [a_fact(cues=["树"])]}, "facts kind: cues belong to the choices"),
        ({"facts": [a_fact(primary=True)]}, "facts kind: choice cannot be primary"),
        ({"facts": [an_amount(primary="ja")]}, "facts sum: primary must be true or false"),
        (
            {"facts": [an_amount(primary=True), an_amount(name="loss", primary=True)]},
            "more than one primary amount",
        ),
        ({"cues": {"place": ["村"]}}, "cues: unknown key place"),
        ({"cues": {"respondent": []}}, "cues: respondent must be a list that is not empty"),
        (
            {"not_for_mediation": [a_rule(fact="age")]},
            "not_for_mediation age: there is no such fact",
        ),
        (
            {"not_for_mediation": [a_rule(answers=["elm"])]},
            "not_for_mediation kind: answers: elm is not known",
        ),
        (
            {"not_for_mediation": [a_rule(deadline="DL-77")]},
            "not_for_mediation kind: unknown deadline DL-77",
        ),
        ({"not_for_mediation": [a_rule(body="")]}, "not_for_mediation kind: body must be words"),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    faults = faults_of(tmp_path, tree=a_sheet(**changes))

    assert any(line.startswith(f"tree.yaml: {fault}") for line in faults), faults


def test_one_answer_cannot_be_shown_in_two_ways(tmp_path: Path) -> None:
    other = a_fact(choices=[{"id": "oak", "label": "栎树"}, {"id": "fir", "label": "杉树"}])

    faults = faults_of(tmp_path, bush=a_sheet(type="bush", facts=[other]), tree=a_sheet())

    assert faults == ["tree.yaml: kind:oak is shown otherwise in bush.yaml"]


def test_one_fact_cannot_be_called_two_things(tmp_path: Path) -> None:
    other = a_fact(label="什么树")

    faults = faults_of(tmp_path, bush=a_sheet(type="bush", facts=[other]), tree=a_sheet())

    assert faults == ["tree.yaml: kind is shown otherwise in bush.yaml"]


def test_a_key_that_stands_twice_is_found_with_its_line(tmp_path: Path) -> None:
    faults_of(tmp_path, tree=a_sheet())
    path = tmp_path / "tree.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "label: 木\n", encoding="utf-8")

    with pytest.raises(CatalogueFaults, match=r"tree.yaml: line \d+: label stands twice"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("type: [", "bush.yaml: is no YAML: while parsing"),
        ("type: \x00", "bush.yaml: is no YAML: "),
        ("", "bush.yaml: is no mapping"),
        ("- tree", "bush.yaml: is no mapping"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    faults_of(tmp_path, tree=a_sheet())
    (tmp_path / "bush.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(CatalogueFaults, match=re.escape(fault)):
        load_catalogue(tmp_path)


def test_sheets_without_their_common_part_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueFaults, match=r"_core\.yaml: is no mapping"):
        load_catalogue(tmp_path)


def test_a_yes_no_fact_has_both_answers_where_the_sheet_is_silent(tmp_path: Path) -> None:
    fact = a_fact(kind="yes_no", choices=None)
    assert faults_of(tmp_path, tree=a_sheet(facts=[fact])) == []

    choices = load_catalogue(tmp_path).sheet("tree").fact("kind").choices

    assert [(choice.id, choice.label) for choice in choices] == [("yes", "是"), ("no", "不是")]
