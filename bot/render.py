"""Words for people: Jinja2 templates of our own, never text that somebody wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes

from domain.calendar import LOCAL
from domain.catalogue import Catalogue, DisputeSheet, Fact
from domain.deadline import Deadline, is_stale
from domain.facts import FactKind, FactValue

TEMPLATES = Path(__file__).parent / "templates"
WEEKDAYS = "一二三四五六日"
STORY_SHOWN, WORDS_SHOWN = 60, 40  # characters of a citizen's own words that are repeated to him


@dataclass(frozen=True, slots=True)
class House:
    """What the words say of this installation: who runs it, how long what is kept, where it is.

    `url` is where people reach the web, without a slash at its end; empty where they cannot.
    """

    operator: str = "本乡镇人民调解委员会"
    draft_days: int = 30
    chat_days: int = 180
    url: str = ""


class Renderer:
    """Renders reply templates and labels choices. A missing value is an error, never a hole.

    `name_of` gives a helper's name by id for the labels of times; an empty name is left out.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        name_of: Callable[[str], str] = lambda _: "",
        house: House = House(),
    ) -> None:
        fixed: dict[str, str] = yaml.safe_load(
            (TEMPLATES / "choices.yaml").read_text(encoding="utf-8")
        )
        self._labels = fixed | dict(_labels_of(catalogue, fixed["unknown"]))
        self._name_of = name_of
        replies = Environment(
            loader=FileSystemLoader(TEMPLATES / "replies"),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - plain text for messengers; pages escape it
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        replies.filters |= {
            "article": article,
            "day": day,
            "money": money,
            "said": self.said,
            "sentence": sentence,
            "short": short,
            "when": when,
        }
        replies.tests["stale"] = lambda rule, now: is_stale(rule, now.astimezone(LOCAL).date())
        replies.globals |= {"choice": fixed, "catalogue": catalogue, "house": house}
        # All are compiled here, so that a broken one stops the start and none delays a reply.
        self._replies = {
            name.removesuffix(".j2"): _compiled(replies, name)
            for name in replies.list_templates(filter_func=lambda name: not name.startswith("_"))
        }

    def reply(self, template: str, data: Mapping[str, Any]) -> str:
        """Return the words of a reply template. KeyError where there is none of this name."""
        words = self._replies[template]
        return words if isinstance(words, str) else words.render(data).strip()

    def choice(self, id_: str) -> dict[str, str]:
        """Return a choice as `{"id", "label"}`. KeyError for an id that nobody offers."""
        label = self._labels.get(id_)
        return {"id": id_, "label": self._made_label(id_) if label is None else label}

    def _made_label(self, id_: str) -> str:
        verb, _, rest = id_.partition(":")
        if verb == "slot":
            return self._slot_label(rest)
        if verb == "answer":  # answer:<row of the follow-up>:<answer>
            return self._labels["answer:" + rest.rpartition(":")[2]]
        if verb == "may":  # may:<kind>:<yes or no>
            return self._labels["may:" + rest.rpartition(":")[2]]
        raise KeyError(id_)

    def _slot_label(self, rest: str) -> str:
        mediator_id, kind, starts_at = rest.split(":", 2)
        parts = (
            when(datetime.fromisoformat(starts_at)),
            self._labels["kind:" + kind],
            self._name_of(mediator_id),
        )
        return " ".join(part for part in parts if part)

    def said(self, value: FactValue | None, fact: Fact) -> str:
        """Return a told fact as words: sums in digits, dates as day, choices by their label."""
        if value is None:
            return self._labels["unknown"]
        about = "大约" if value.approx else ""
        match value.kind:
            case FactKind.AMOUNT:
                low, high = value.value
                return about + (money(low) if low == high else f"{money(low)}到{money(high)}")
            case FactKind.DATE:
                return about + day(value.value)
            case FactKind.CHOICE | FactKind.YES_NO:
                return next((c.label for c in fact.choices if c.id == value.value), value.words)
            case FactKind.PLACE:
                return "".join(part for part in value.value.values() if part)
            case FactKind.AREA:
                return f"{about}{value.value:g}亩"
        return about + short(str(value.value), WORDS_SHOWN)


def _compiled(replies: Environment, name: str) -> Template | str:
    """Return a template, or its words where they are always the same: most need no data."""
    source = (TEMPLATES / "replies" / name).read_text(encoding="utf-8")
    tree = replies.parse(source)
    if all(
        isinstance(node, nodes.Output | nodes.TemplateData) for node in tree.find_all(nodes.Node)
    ):
        return "".join(words.data for words in tree.find_all(nodes.TemplateData)).strip()
    return replies.get_template(name)


def _labels_of(catalogue: Catalogue, unknown: str) -> Iterator[tuple[str, str]]:
    """Yield id and label of every choice that a sheet makes.

    A fact's name means the same in all sheets; the catalogue refuses to load otherwise.
    """
    for sheet in catalogue.sheets.values():
        yield f"type:{sheet.type}", sheet.short
        yield from _answers_of(sheet, unknown)


def _answers_of(sheet: DisputeSheet, unknown: str) -> Iterator[tuple[str, str]]:
    for fact in sheet.facts:
        yield f"change:{fact.name}", fact.label
        yield f"fact:{fact.name}:unknown", unknown
        for each in fact.choices:
            yield f"fact:{fact.name}:{each.id}", each.label


def money(fen: int) -> str:
    """Return a sum of fen in yuan with its thousands apart.

    >>> money(3500000), money(1250)
    ('35,000元', '12.5元')
    """
    yuan, rest = divmod(fen, 100)
    return f"{yuan:,}{f'.{rest:02d}'.rstrip('0') if rest else ''}元"


def when(moment: datetime) -> str:
    """Return a moment as day, weekday and clock.

    >>> when(datetime(2026, 11, 25, 15, 0, tzinfo=LOCAL))
    '11月25日 星期三 15:00'
    """
    here = moment.astimezone(LOCAL)
    return f"{here.month}月{here.day}日 星期{WEEKDAYS[here.weekday()]} {here:%H:%M}"


def day(value: date | str) -> str:
    """Return a date, or an ISO date, month or year, as words.

    >>> day("2026-10-05"), day("2026-10"), day("2026"), day(date(2026, 3, 31))
    ('2026年10月5日', '2026年10月', '2026年', '2026年3月31日')
    """
    parts = (value.isoformat() if isinstance(value, date) else value).split("-")
    return "".join(f"{int(part)}{unit}" for part, unit in zip(parts, "年月日", strict=False))


def short(text: str, limit: int = STORY_SHOWN) -> str:
    """Return a citizen's words on one line, cut after `limit` characters.

    >>> short("老板欠我\\n工资，一直拖"), short("老板欠我工资", 4)
    ('老板欠我 工资，一直拖', '老板欠我…')
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit].rstrip() + "…"


def sentence(text: str) -> str:
    """Return the text with exactly one full stop at its end.

    >>> sentence("请保持现状"), sentence("请保持现状。")
    ('请保持现状。', '请保持现状。')
    """
    return text.rstrip("。") + "。"


def article(rule: Deadline) -> str:
    """Return where a rule stands: each statute with its article; `；` parts several in both."""
    pairs = zip(rule.statute.split("；"), rule.article.split("；"), strict=True)
    return "，".join(f"{statute}第{number}条" for statute, number in pairs)
