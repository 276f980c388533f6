"""The corpus: blocks of sentences with one label each, in Rasa's own YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu.labelled import Labelled

DATA = Path(__file__).parent / "data"
# libyaml reads the corpus in 0.1 s, plain Python in 2 s; some wheels have only the latter.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CorpusFaults(Exception):
    """The corpus breaks its rules; one line a fault, each with file and fix."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some sentences that share label and metadata."""

    path: Path
    label: str
    metadata: Mapping[str, Any]
    sentences: tuple[str, ...]

    def labelled(self) -> Iterator[Labelled]:
        """Return every sentence with its label."""
        return (Labelled.of(text, self.label, self.metadata) for text in self.sentences)

    def to_line(self) -> str:
        """Return the block as a line of JSON, to be read by `read_learned`."""
        told = {
            "label": self.label,
            "metadata": dict(self.metadata),
            "sentences": list(self.sentences),
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True) + "\n"


def read_blocks(folder: Path = DATA) -> list[Block]:
    """Read every `*.yml` below `folder`; raises CorpusFaults for a file that is no corpus file."""
    blocks: list[Block] = []
    for path in sorted(folder.rglob("*.yml")):
        try:
            told = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506  a safe loader
            blocks += [_block(path, each) for each in told["nlu"]]
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as fault:
            raise CorpusFaults(f"{path.name}: is no Rasa NLU file: {fault}") from fault
    return blocks


def read_learned(path: Path) -> list[Block]:
    """Read blocks that `to_line` wrote."""
    return [
        Block(path, told["label"], told["metadata"], tuple(told["sentences"]))
        for told in map(json.loads, path.read_text("utf-8").splitlines())
    ]


def _block(path: Path, told: Mapping[str, Any]) -> Block:
    lines = (line.strip() for line in told["examples"].splitlines())
    sentences = tuple(line.removeprefix("-").strip() for line in lines if line)
    return Block(path, told["intent"], told.get("metadata") or {}, sentences)
