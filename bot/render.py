"""Words for people: Jinja2 templates of our own, never text that somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.calendar import LOCAL
from domain.catalogue import Catalogue, Fact
from domain.facts import FactKind, FactValue

TEMPLATES = Path(__file__).parent / "templates"
WEEKDAYS = "一二三四五六日"


class Renderer:
    """Renders reply templates and labels choices. A missing value is an error, never a hole."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._labels: dict[str, str] = yaml.safe_load(
            (TEMPLATES / "choices.yaml").read_text(encoding="utf-8")
        )
        replies = Environment(
            loader=FileSystemLoader(TEMPLATES / "replies"),
            undefined=StrictUndefined,
            autoescape=False,  # plain text for messengers; pages escape when they show it
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        replies.filters |= {"money": money, "when": when, "day": day, "said": self.said}
        replies.globals["label"] = self._labels
        self._replies = replies

    def reply(self, template: str, data: Mapping[str, Any]) -> str:
        """Return the words of a reply template."""
        return self._replies.get_template(f"{template}.j2").render(data).strip()

    def choice(self, id_: str) -> dict[str, str]:
        """Return a choice as `{"id", "label"}`."""
        return {"id": id_, "label": self._label(id_)}

    def _label(self, id_: str) -> str:
        verb, _, rest = id_.partition(":")
        if id_ in self._labels:
            return self._labels[id_]
        match verb:
            case "type":
                return self._catalogue.sheet(rest).short
            case "fact":
                return self._answer_label(*rest.partition(":")[::2])
            case "change":
                return self._fact(rest).label
            case "slot":
                return self._slot_label(rest)
            case "answer":
                return self._labels["answer:" + rest.rpartition(":")[2]]
        raise KeyError(id_)

    def _fact(self, name: str) -> Fact:
        for sheet in self._catalogue.sheets.values():
            if name in sheet.by_name:
                return sheet.by_name[name]
        raise KeyError(name)

    def _answer_label(self, name: str, choice: str) -> str:
        if choice == "unknown":
            return self._labels["unknown"]
        for sheet in self._catalogue.sheets.values():
            if name in sheet.by_name:
                for each in sheet.by_name[name].choices:
                    if each.id == choice:
                        return each.label
        raise KeyError(f"fact:{name}:{choice}")

    def _slot_label(self, rest: str) -> str:
        _, kind, starts_at = rest.split(":", 2)
        return f"{when(datetime.fromisoformat(starts_at))} {self._labels['kind:' + kind]}"

    def said(self, value: FactValue | None, fact: Fact) -> str:
        """Return a told fact as words: sums in digits, dates as day, choices by their label."""
        if value is None:
            return self._labels["unknown"]
        about = "约" if value.approx else ""
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
        return f"{about}{value.value}"


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
