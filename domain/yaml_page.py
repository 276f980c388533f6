"""YAML read as words, with every fault noted instead of raised at the first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

# Every scalar stays the words that were written: a choice called `no` and the number 110 too.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_yaml(path: Path, faults: list[str]) -> object:
    """Return the content of a file as mappings, lists and strings; None if it is no YAML."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(f"{path.name}: is no YAML: {' '.join(str(error).split())}")
        return None
    return None if node is None else _data(node, path.name, faults)


def _data(node: yaml.Node, name: str, faults: list[str]) -> object:
    if isinstance(node, yaml.SequenceNode):
        return [_data(each, name, faults) for each in node.value]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    data: dict[str, object] = {}
    for key, value in node.value:
        if key.value in data:
            faults.append(f"{name}: line {key.start_mark.line + 1}: {key.value} stands twice")
        data[key.value] = _data(value, name, faults)
    return data


class Page:
    """One mapping of a file; what is wrong with it goes into `faults`, with `where` in front."""

    def __init__(self, where: str, data: object, keys: frozenset[str], faults: list[str]) -> None:
        self.where = where
        self._faults = faults
        self._data: Mapping[str, object] = data if isinstance(data, Mapping) else {}
        if not isinstance(data, Mapping):
            self.fault("is no mapping")
        for key in self._data:
            if key not in keys:
                self.fault(f"unknown key {key}")

    def fault(self, what: str) -> None:
        """Note a fault."""
        self._faults.append(f"{self.where}: {what}")

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        return key in self._data

    def words(self, key: str, optional: bool = False) -> str:
        """Return the words of a key; empty where they are missing."""
        if key not in self._data:
            if not optional:
                self.fault(f"{key} is missing")
            return ""
        value = self._data[key]
        if not isinstance(value, str) or not value.strip():
            self.fault(f"{key} must be words")
            return ""
        return value.strip()

    def flag(self, key: str) -> bool:
        """Return whether a key says `true`; false where it is missing."""
        value = self._data.get(key, "false")
        if value not in ("true", "false"):
            self.fault(f"{key} must be true or false")
        return bool(value == "true")

    def items(self, key: str, optional: bool = False) -> tuple[str, ...]:
        """Return a list of words; an empty list and a word that stands twice are faults."""
        listed = self._list(key, optional)
        items = [each for each in listed if isinstance(each, str) and each.strip()]
        if len(items) < len(listed):
            self.fault(f"{key} must be a list of words")
        for each in sorted({each for each in items if items.count(each) > 1}):
            self.fault(f"{key}: {each} stands twice")
        return tuple(items)

    def pages(
        self, key: str, keys: frozenset[str], named_by: str, optional: bool = False
    ) -> tuple[Page, ...]:
        """Return a list of mappings; `named_by` is the key that tells them apart in faults."""
        return tuple(
            Page(f"{self.where}: {key} {_name(each, named_by, place)}", each, keys, self._faults)
            for place, each in enumerate(self._list(key, optional), start=1)
        )

    def page(self, key: str, keys: frozenset[str]) -> Page:
        """Return the mapping of a key; an empty one where it is missing."""
        return Page(f"{self.where}: {key}", self._data.get(key, {}), keys, self._faults)

    def _list(self, key: str, optional: bool) -> list[object]:
        if key not in self._data:
            if not optional:
                self.fault(f"{key} is missing")
            return []
        value = self._data[key]
        if not isinstance(value, list) or not value:
            self.fault(f"{key} must be a list that is not empty")
            return []
        return value


def _name(data: object, named_by: str, place: int) -> str:
    name = data.get(named_by) if isinstance(data, Mapping) else None
    return name if isinstance(name, str) else f"number {place}"
