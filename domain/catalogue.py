"""The catalogue of dispute types: one YAML sheet a type, all faults in one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.deadline import Deadline, load_deadlines
from domain.dispute_sheet import Body, Choice, Closed, DisputeSheet, Fact, MediationKind
from domain.sheet_reader import check_shared_facts, read_core, read_sheet
from domain.yaml_page import read_yaml

__all__ = [
    "CORE",
    "SHEETS",
    "Body",
    "Catalogue",
    "CatalogueFaults",
    "Choice",
    "Closed",
    "DisputeSheet",
    "Fact",
    "MediationKind",
    "load_catalogue",
]

SHEETS = Path(__file__).parent / "disputes"
CORE = "_core"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every dispute type there is, and the deadlines they speak of."""

    sheets: Mapping[str, DisputeSheet]
    deadlines: Mapping[str, Deadline]

    def sheet(self, dispute_type: str) -> DisputeSheet:
        """Return the sheet of a type; KeyError if there is none."""
        return self.sheets[dispute_type]


class CatalogueFaults(Exception):
    """The sheets do not hold together; the message lists every fault of every sheet."""


def load_catalogue(folder: Path = SHEETS) -> Catalogue:
    """Read and check all sheets; each sheet's facts are followed by those of `_core.yaml`.

    Raises CatalogueFaults with one line a fault.
    """
    faults: list[str] = []
    deadlines = load_deadlines(faults=faults)
    raw = {path.stem: read_yaml(path, faults) for path in sorted(folder.glob("*.yaml"))}
    core = read_core(f"{CORE}.yaml", raw.pop(CORE, None), deadlines, faults)
    sheets = {name: read_sheet(name, data, core, deadlines, faults) for name, data in raw.items()}
    check_shared_facts(sheets, faults)
    if faults:
        raise CatalogueFaults("\n".join(faults))
    return Catalogue(sheets, deadlines)
