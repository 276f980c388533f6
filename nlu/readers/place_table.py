"""The table of 云南: every prefecture, county, township and village, and how people write them."""

from __future__ import annotations

import importlib.util
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFECTURE, COUNTY, TOWNSHIP, VILLAGE = range(4)
_PROVINCE = "云南省"
_PEOPLES = re.compile(
    r"(?:(?:彝|傣|白|壮|苗|回|傈僳|拉祜|佤|纳西|瑶|景颇|藏|布朗|布依|阿昌|普米|怒|德昂|独龙|蒙古|基诺|水|满|哈尼)"
    r"族)+(?:各族)?(?=自治|乡|镇|$)"
)
_NICKNAMES = {"西双版纳": ("版纳",), "香格里拉": ("中甸",), "普洱": (), "迪庆": ()}
_RENAMED = {"澄江县": "澄江市"}

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """Places by number: a name, a level and a parent each, and the written forms of all.

    `full` forms say their level (兴街镇), `short` forms leave it out (兴街); `lengths` gives,
    by the first two characters, how long a form can be, longest first.
    """

    names: tuple[str, ...]
    levels: bytes
    parents: tuple[int, ...]
    full: dict[str, Ids]
    short: dict[str, Ids]
    lengths: dict[str, Ids]

    def line(self, place: int) -> tuple[int, ...]:
        """The place and all that it lies in, from the inside out."""
        line = [place]
        while (place := self.parents[place]) >= 0:
            line.append(place)
        return tuple(line)


@cache
def place_table() -> PlaceTable:
    """Read the table once from jionlp's own data file, without importing jionlp."""
    names: list[str] = []
    levels = bytearray()
    parents: list[int] = []
    full: dict[str, list[int]] = defaultdict(list)
    short: dict[str, list[int]] = defaultdict(list)
    above: dict[tuple[int, str], int] = {}
    line = [-1] * 5
    for level, name in _rows():
        parent = line[level]
        place = above.get((parent, name))
        if place is None:
            place = above[parent, name] = len(names)
            names.append(name)
            levels.append(level)
            parents.append(parent)
            for forms, spellings in zip((full, short), _forms(level, name), strict=True):
                for spelling in spellings:
                    forms[spelling].append(place)
        line[level + 1] = place
    return PlaceTable(
        tuple(names),
        bytes(levels),
        tuple(parents),
        {form: tuple(places) for form, places in full.items()},
        {form: tuple(places) for form, places in short.items()},
        _lengths([*full, *short]),
    )


def _rows() -> Iterator[tuple[int, str]]:
    """Level and name of every place of 云南, parents first."""
    spec = importlib.util.find_spec("jionlp")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("jionlp holds the table of places and is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "dictionary"
    inside = False
    with (
        zipfile.ZipFile(folder / "china_location.zip") as archive,
        archive.open("china_location.txt") as lines,
    ):
        for raw in lines:
            if not raw.startswith(b"\t"):
                if inside:
                    return
                inside = raw.decode().startswith(_PROVINCE)
            elif inside:
                row = raw.decode().rstrip()
                name = row.lstrip("\t")
                level = len(row) - len(name) - 1
                name = name.split("\t")[0]
                yield level, _RENAMED.get(name, name)


def _forms(level: int, name: str) -> tuple[set[str], set[str]]:
    """How a place is written with its level, and without it."""
    if level == VILLAGE:
        root = name.removesuffix("村").removesuffix("社区")
        return {name, root + "村"}, {root} if len(root) > 1 else set()
    if level == TOWNSHIP:
        plain = _PEOPLES.sub("", name)
        root = re.sub(r"(?:街道|镇|乡)$", "", plain)
        full = {name, plain if len(root) > 1 else name}
        return full, {root} if len(root) > 1 and root != name else set()
    kind = name[-1]
    root = _PEOPLES.sub("", re.sub(r"(?:自治州|自治县|[市县区])$", "", name))
    if len(root) < 2:
        return {name}, set()
    roots = {root, *_NICKNAMES.get(root, ())}
    return {name, *(each + kind for each in roots)}, roots


def _lengths(forms: list[str]) -> dict[str, Ids]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for form in forms:
        lengths[form[:2]].add(len(form))
    shared: dict[Ids, Ids] = {}
    return {
        head: shared.setdefault(key, key)
        for head, many in lengths.items()
        if (key := tuple(sorted(many, reverse=True)))
    }
