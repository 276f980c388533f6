"""`make bench-rasa`: the same corpus in stock Rasa 3.6.21 with DIET, beside ours, in one run.

Stock Rasa needs an environment of its own (Python 3.10, TensorFlow, 160 packages, 2.7 GB); the
environment variable RASA_PYTHON names its interpreter. Its pipeline is the one that `rasa init`
recommends, with the tokenizer for Chinese. Ours is the model that serves in HEJIE_DATA.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from bot.settings import read_settings
from nlu.corpus import read_blocks
from nlu.gold import GoldLine, read_gold
from nlu.interpreter import DISPUTE
from tests.benchmarks.figure import Figure

HERE = Path(__file__).parent
ASKING = HERE / "asking.py"
PIPELINE = [
    {"name": "JiebaTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {
        "name": "CountVectorsFeaturizer",
        "analyzer": "char_wb",
        "min_ngram": 1,
        "max_ngram": 4,
    },
    {
        "name": "DIETClassifier",
        "epochs": int(os.environ.get("RASA_EPOCHS", "100")),
        "entity_recognition": False,
        "random_seed": 1,
    },
]


def main() -> None:
    python = os.environ.get("RASA_PYTHON", "")
    if not Path(python).is_file():
        sys.exit(
            "RASA_PYTHON: name the Python 3.10 of an environment with rasa==3.6.21, say\n"
            "  python3.10 -m venv var/rasa\n"
            "  var/rasa/bin/pip install 'rasa[jieba]==3.6.21' 'setuptools<81'\n"
            "  make bench-rasa RASA_PYTHON=var/rasa/bin/python"
        )
    lines = [line for line in read_gold() if line.part == "disputes" and line.dispute_type]
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(Path(folder), python, lines):
            sys.stdout.write(json.dumps(figure.to_wire(), ensure_ascii=False) + "\n")


def figures(folder: Path, python: str, lines: Sequence[GoldLine]) -> Iterator[Figure]:
    texts = folder / "texts.json"
    texts.write_text(json.dumps([line.text for line in lines]), "utf-8")
    write_project(folder)
    stock_seconds = trained(folder, python)
    stock = asked([python, ASKING, "stock", folder / "models", texts])
    ours = asked([sys.executable, ASKING, "ours", read_settings(os.environ).models, texts])
    name = "stock Rasa 3.6.21, DIET"
    yield Figure("right type, of 100", hits(ours, lines), "%", name, hits(stock, lines))
    for what, unit in (("p50", "ms"), ("rss", "MB"), ("start", "s")):
        yield Figure(what, ours[what], unit, name, stock[what])
    yield Figure("training of stock Rasa", stock_seconds, "s")


def write_project(folder: Path) -> None:
    """Write our corpus as stock Rasa reads it: the type is the intent of a dispute."""
    (folder / "data").mkdir()
    sentences: dict[str, list[str]] = {}
    for block in read_blocks():
        for told in block.labelled():
            label = told.dispute_type if told.intent == DISPUTE else told.intent
            if label:
                sentences.setdefault(label, []).append(told.text)
    told = [
        {"intent": label, "examples": "".join(f"- {text}\n" for text in texts)}
        for label, texts in sentences.items()
    ]
    config = {"recipe": "default.v1", "language": "zh", "pipeline": PIPELINE, "policies": []}
    domain = {"version": "3.1", "intents": list(sentences)}
    for name, data in {
        "config.yml": config,
        "domain.yml": domain,
        "data/nlu.yml": {"version": "3.1", "nlu": told},
    }.items():
        (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")


def trained(folder: Path, python: str) -> float:
    """Train stock Rasa; return the seconds."""
    command = [python, str(ASKING), "train", str(folder)]
    return float(asked(command)["seconds"])


def asked(command: Sequence[object]) -> dict:
    environment = os.environ | {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [str(part) for part in command],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=HERE.parent.parent,
    )
    return json.loads(done.stdout.splitlines()[-1])


def hits(answers: dict, lines: Sequence[GoldLine]) -> float:
    right = [told in line.right_types for told, line in zip(answers["types"], lines, strict=True)]
    return 100 * sum(right) / len(right)


if __name__ == "__main__":
    main()
