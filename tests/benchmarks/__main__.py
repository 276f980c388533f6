"""`make bench`: one JSON line a figure, each against something measured in the same run."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import reminders, talking, turning, understanding
from tests.benchmarks.figure import Figure

ALL = {
    "understanding": understanding.figures,
    "turns": turning.figures,
    "reminders": reminders.figures,
    "web": talking.figures,
}


def main() -> None:
    wanted = sys.argv[1:] or list(ALL)
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            for figure in measured(name, Path(folder) / name):
                sys.stdout.write(json.dumps(figure.to_wire(), ensure_ascii=False) + "\n")
                sys.stdout.flush()


def measured(name: str, folder: Path) -> Iterator[Figure]:
    folder.mkdir()
    return ALL[name](folder)


if __name__ == "__main__":
    main()
