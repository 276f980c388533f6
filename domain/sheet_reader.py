"""Reads the sheets of dispute types, and notes everything in them that does not hold together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from domain.dispute_sheet import Body, Choice, Closed, DisputeSheet, Fact, MediationKind
from domain.facts import AgeBand, BareNumber, FactKind
from domain.yaml_page import Page

# The categories of the official bulletins (统计类).
OFFICIAL = frozenset(
    {"婚姻家庭", "邻里", "房屋宅基地", "合同", "生产经营", "损害赔偿", "山林土地", "征地拆迁"}
    | {"环境污染", "劳动争议", "消费", "医疗", "道路交通事故", "物业", "其他"}
)
RED_FLAGS = frozenset(
    ["now", "dv", "child", "self_harm", "harm_others", "neglect", "mass", "hazard"]
)
SENSITIVE = frozenset({"health", "violence", "child", "finance"})  # 个人信息保护法 art. 28
LONGEST_SHORT = 8  # characters on a button
YES_NO = (Choice("yes", "是"), Choice("no", "不是"))
CHOSEN = frozenset({FactKind.CHOICE, FactKind.YES_NO})
ONE_PRIMARY = frozenset(FactKind) - {FactKind.TEXT, FactKind.NAME, *CHOSEN}

CORE_KEYS = frozenset({"facts", "not_for_mediation"})
SHEET_KEYS = (
    CORE_KEYS
    | {"type", "label", "short", "official", "lead", "alternatives", "bodies"}
    | {"cues", "red_flags", "evidence", "trap", "deadlines"}
)
FACT_KEYS = frozenset(
    {"name", "kind", "label", "question", "why", "choices", "cues", "called"}
    | {"primary", "optional", "at_booking", "sensitive", "bare_number"}
)
CHOICE_KEYS = frozenset({"id", "label", "cues", "ages", "least"})
CLOSED_KEYS = frozenset({"fact", "answers", "reason", "body", "deadline", "advice"})
BODY_KEYS = frozenset({"name", "task", "phone"})


@dataclass(frozen=True, slots=True)
class Core:
    """What every sheet has beside its own: facts, and rules that close a matter."""

    facts: tuple[Fact, ...]
    closed: tuple[Closed, ...]


def read_core(where: str, data: object, deadlines: Collection[str], faults: list[str]) -> Core:
    """Read what is common to all sheets."""
    page = Page(where, data, CORE_KEYS, faults)
    facts = _facts(page)
    return Core(facts, _closed(page, facts, deadlines))


def read_sheet(
    name: str, data: object, core: Core, deadlines: Collection[str], faults: list[str]
) -> DisputeSheet:
    """Read the sheet `name`; its own facts stand before those of the core."""
    page = Page(f"{name}.yaml", data, SHEET_KEYS, faults)
    if page.words("type") != name:
        page.fault("type is not the name of the file")
    facts = (*_facts(page), *_with_cues(page, core.facts))
    _check_facts_together(page, facts)
    short = page.words("short")
    if len(short) > LONGEST_SHORT:
        page.fault(f"short is longer than {LONGEST_SHORT} characters")
    return DisputeSheet(
        type=name,
        label=page.words("label"),
        short=short,
        official=_known(page, "official", OFFICIAL),
        lead=_kinds(page, "lead", (page.words("lead"),))[0],
        alternatives=_kinds(page, "alternatives", page.items("alternatives", optional=True)),
        bodies=_bodies(page),
        facts=facts,
        red_flags=_known(page, "red_flags", RED_FLAGS, optional=True),
        evidence=page.items("evidence"),
        trap=page.words("trap"),
        deadlines=_known(page, "deadlines", deadlines, optional=True),
        not_for_mediation=(*_closed(page, facts, deadlines), *core.closed),
        by_name={fact.name: fact for fact in facts},
    )


def check_shared_facts(sheets: Mapping[str, DisputeSheet], faults: list[str]) -> None:
    """Note where two sheets give one name to different things.

    A tapped button carries only the fact's name and the choice: both must mean the same everywhere.
    """
    first: dict[str, tuple[str, object]] = {}
    for type_, sheet in sheets.items():
        for fact in sheet.facts:
            _check_same(first, fact.name, (fact.kind, fact.label), type_, faults)
            for choice in fact.choices:
                _check_same(first, f"{fact.name}:{choice.id}", choice.label, type_, faults)


def _check_same(
    first: dict[str, tuple[str, object]], key: str, shown: object, type_: str, faults: list[str]
) -> None:
    other, known = first.setdefault(key, (type_, shown))
    if known != shown:
        faults.append(f"{type_}.yaml: {key} is shown otherwise in {other}.yaml")


def _facts(page: Page) -> tuple[Fact, ...]:
    return tuple(_fact(each) for each in page.pages("facts", FACT_KEYS, named_by="name"))


def _fact(page: Page) -> Fact:
    kind = _kind(page)
    fact = Fact(
        name=page.words("name"),
        kind=kind,
        label=page.words("label"),
        question=page.words("question"),
        why=page.words("why"),
        choices=_choices(page, kind),
        cues=page.items("cues", optional=True),
        called=page.items("called", optional=True),
        primary=page.flag("primary"),
        optional=page.flag("optional"),
        at_booking=page.flag("at_booking"),
        sensitive=page.words("sensitive", optional=True) or None,
        bare_number=_bare_number(page),
    )
    _check_numbers(page, fact)
    if fact.sensitive is not None and fact.sensitive not in SENSITIVE:
        page.fault(f"sensitive: {fact.sensitive} is none of {', '.join(sorted(SENSITIVE))}")
    if kind in CHOSEN and fact.cues:
        page.fault("cues belong to the choices")
    if fact.primary and kind not in ONE_PRIMARY:
        page.fault(f"{kind} cannot be primary")
    return fact


def _kind(page: Page) -> FactKind:
    word = page.words("kind")
    if word in frozenset(FactKind):
        return FactKind(word)
    page.fault(f"kind {word} is none of {', '.join(FactKind)}")
    return FactKind.TEXT


def _bare_number(page: Page) -> BareNumber | None:
    word = page.words("bare_number", optional=True)
    if not word or word in frozenset(BareNumber):
        return BareNumber(word) if word else None
    page.fault(f"bare_number {word} is none of {', '.join(BareNumber)}")
    return None


def _check_numbers(page: Page, fact: Fact) -> None:
    """Note where a number alone would be taken for the place of a choice, or for nothing."""
    least = [choice.least for choice in fact.choices]
    if fact.bare_number is not None and not fact.choices:
        page.fault("bare_number belongs to choices")
    if fact.is_age and fact.bare_number not in {BareNumber.AGE, BareNumber.UNCLEAR}:
        page.fault("choices with ages need a bare_number, age or unclear")
    if fact.bare_number is BareNumber.AGE and not fact.is_age:
        page.fault("bare_number age needs ages")
    if (fact.bare_number is BareNumber.COUNT) != any(each is not None for each in least):
        page.fault("bare_number count and least belong together")


def _choices(page: Page, kind: FactKind) -> tuple[Choice, ...]:
    """Read the choices; a yes_no fact has yes and no even where the sheet is silent.

    Its no is also told by a denied cue of its yes: 没登记结婚 is longer than 登记结婚, so it wins.
    """
    if kind not in CHOSEN:
        if page.has("choices"):
            page.fault(f"choices do not belong to {kind}")
        return ()
    optional = kind is FactKind.YES_NO
    written = tuple(
        _choice(each)
        for each in page.pages("choices", CHOICE_KEYS, named_by="id", optional=optional)
    )
    _check_choices(page, kind, written)
    if kind is FactKind.CHOICE:
        return written
    by_id = {choice.id: choice for choice in written}
    yes, no = (by_id.get(each.id, each) for each in YES_NO)
    denied = (cue for told in yes.cues for cue in _denied(told) if cue not in yes.cues)
    return yes, replace(no, cues=tuple(dict.fromkeys((*no.cues, *denied))))


def _choice(page: Page) -> Choice:
    ages = _known(page, "ages", frozenset(AgeBand), optional=True)
    return Choice(
        page.words("id"),
        page.words("label"),
        page.items("cues", optional=True),
        tuple(AgeBand(each) for each in ages if each in frozenset(AgeBand)),
        _least(page),
    )


def _least(page: Page) -> int | None:
    word = page.words("least", optional=True)
    if word and not (word.isascii() and word.isdigit()):
        page.fault("least must be a whole number")
        return None
    return int(word) if word else None


def _denied(cue: str) -> tuple[str, ...]:
    """Return how a citizen denies what a yes cue says; nothing where the cue denies already.

    >>> _denied("有合同")
    ('没有合同', '不有合同', '没得合同', '没合同', '无合同')
    >>> _denied("签了合同")[-1], _denied("登记结婚")[0]
    ('没签合同', '没登记结婚')
    """
    if cue.startswith(("没", "不", "未", "无")):
        return ()
    if cue.startswith("有"):
        return (*(no + cue for no in "没不"), *(no + cue[1:] for no in ("没得", "没", "无")))
    undone = "没" + cue.replace("了", "", 1)
    return (*(no + cue for no in ("没", "没有", "不有", "未", "没得")), undone)


def _check_choices(page: Page, kind: FactKind, choices: tuple[Choice, ...]) -> None:
    for id_ in _twice(choice.id for choice in choices):
        page.fault(f"choice {id_} stands twice")
    if kind is FactKind.CHOICE and len(choices) == 1:
        page.fault("one choice is none")
    if kind is FactKind.YES_NO:
        for choice in choices:
            if choice.id not in ("yes", "no"):
                page.fault(f"choice {choice.id} is neither yes nor no")
    for one, other in combinations(choices, 2):
        for told in sorted(_told_by(one) & _told_by(other)):
            page.fault(f"{told} tells both {one.id} and {other.id}")


def _told_by(choice: Choice) -> set[str]:
    least = () if choice.least is None else (f"least {choice.least}",)
    return {*choice.cues, *choice.ages, *least}


def _with_cues(page: Page, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Give the core's text facts the words by which this type's stories tell them."""
    texts = frozenset(fact.name for fact in facts if fact.kind is FactKind.TEXT)
    cues = page.page("cues", texts)
    added = {name: cues.items(name) for name in texts if cues.has(name)}
    return tuple(replace(f, cues=(*added.get(f.name, ()), *f.cues)) for f in facts)


def _check_facts_together(page: Page, facts: tuple[Fact, ...]) -> None:
    for name in _twice(fact.name for fact in facts):
        page.fault(f"fact {name} stands twice")
    for kind in _twice(fact.kind for fact in facts if fact.primary):
        page.fault(f"more than one primary {kind}")


def _closed(page: Page, facts: tuple[Fact, ...], deadlines: Collection[str]) -> tuple[Closed, ...]:
    answers = {fact.name: {choice.id for choice in fact.choices} for fact in facts}
    return tuple(
        _closed_rule(each, answers, deadlines)
        for each in page.pages("not_for_mediation", CLOSED_KEYS, named_by="fact", optional=True)
    )


def _closed_rule(
    page: Page, answers: Mapping[str, Collection[str]], deadlines: Collection[str]
) -> Closed:
    fact = page.words("fact")
    if fact and fact not in answers:
        page.fault("there is no such fact")
    deadline = page.words("deadline", optional=True) or None
    if deadline is not None and deadline not in deadlines:
        page.fault(f"unknown deadline {deadline}")
    return Closed(
        fact=fact,
        answers=frozenset(_known(page, "answers", answers.get(fact, ()))),
        reason=page.words("reason"),
        body=page.words("body"),
        deadline=deadline,
        advice=page.words("advice", optional=True),
    )


def _bodies(page: Page) -> tuple[Body, ...]:
    return tuple(
        Body(each.words("name"), each.words("task"), each.words("phone", optional=True))
        for each in page.pages("bodies", BODY_KEYS, named_by="name")
    )


def _kinds(page: Page, key: str, words: tuple[str, ...]) -> tuple[MediationKind, ...]:
    kinds = frozenset(MediationKind)
    for word in words:
        if word and word not in kinds:
            page.fault(f"{key}: {word} is none of {', '.join(MediationKind)}")
    return tuple(MediationKind(w) if w in kinds else MediationKind.PEOPLE for w in words)


def _known(page: Page, key: str, known: Collection[str], optional: bool = False) -> tuple[str, ...]:
    items = page.items(key, optional)
    for each in items:
        if each not in known:
            page.fault(f"{key}: {each} is not known")
    return items


def _twice(names: Iterable[str]) -> list[str]:
    seen = list(names)
    return sorted({name for name in seen if seen.count(name) > 1})
