"""python -m bot: one word a job. Each opens what it needs, does one thing and ends."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import cli_words, keeping
from bot.settings import SettingsFaults, read_settings
from domain.calendar import LOCAL
from domain.catalogue import CatalogueFaults
from domain.errors import Refusal
from nlu.rasa_interpreter import ModelDamaged, NoModel
from nlu.safety import SafetyFaults
from storage.engine import DatabaseNotUsable
from storage.sealing import KeysNotUsable

if TYPE_CHECKING:
    Words = argparse._SubParsersAction[argparse.ArgumentParser]

KEEPING = ("keys", "purge")
FAULTS = (
    *(SettingsFaults, CatalogueFaults, SafetyFaults),
    *(ModelDamaged, NoModel, DatabaseNotUsable, KeysNotUsable),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one word; returns the exit code. Faults of the set-up are told in plain lines."""
    parser = _parser()
    wanted = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("alembic", "apscheduler", "httpcore", "httpx", "telegram"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        settings = read_settings(os.environ)
        return int(wanted.word(settings, wanted) or 0)
    except FAULTS as fault:
        print(f"Hejie cannot start:\n{fault}", file=sys.stderr)  # noqa: T201
        return 2
    except Refusal as refusal:
        facts = ", ".join(f"{name} {value}" for name, value in vars(refusal).items())
        print(f"Not done: {type(refusal).__name__} ({facts})", file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="和解 Hejie")
    words = parser.add_subparsers(required=True, metavar="WORD")
    _talking(words)
    _learning(words)
    _working(words)
    return parser


def _add(words: Words, name: str, about: str) -> argparse.ArgumentParser:
    word = words.add_parser(name, help=about, description=about)
    word.set_defaults(word=getattr(keeping if name in KEEPING else cli_words, name))
    return word


def _talking(words: Words) -> None:
    serve = _add(words, "serve", "serve web chat, console and messengers, and tick")
    serve.add_argument("--no-ticks", action="store_true", help="leave the scheduler out")
    serve.add_argument(
        "--no-training", action="store_true", help="do not train a better model beside"
    )
    chat = _add(words, "chat", "talk in the terminal")
    chat.add_argument("--sender", default="me", help="who is talking (default: me)")
    chat.add_argument("--json", action="store_true", help="JSON lines in and out")
    _now(chat)


def _learning(words: Words) -> None:
    classify = _add(words, "classify", "read JSON lines, write what they mean")
    classify.add_argument("--today", type=date.fromisoformat, help="the day dates are read from")
    train = _add(words, "train", "train a new model")
    train.add_argument(
        "--with-review",
        type=Path,
        metavar="FILE",
        nargs="?",
        const=cli_words.WAITING,
        help="learn corrections (JSON Lines; without FILE those that wait from the console)",
    )
    train.add_argument("--roll-back", action="store_true", help="go back to the model before")
    evaluate = _add(words, "evaluate", "measure the understanding and write a report")
    evaluate.add_argument("file", nargs="?", type=Path, help="a further set to measure on")


def _working(words: Words) -> None:
    _now(_add(words, "tick", "fire what is due once, one JSON line a word or call"))
    _add(words, "migrate", "bring the database to the newest form")
    _add(words, "seed", "place the demo roster into an empty one")
    dead = _add(words, "dead", "list the messages that could not be taken, or take one again")
    dead.add_argument("--again", type=int, metavar="ID", help="take this message again")
    _add(words, "doctor", "check settings, catalogue, database and model")
    keys = _add(words, "keys", "show which keys seal what is kept")
    keys.add_argument("--rotate", action="store_true", help="make a new key and seal all anew")
    keys.add_argument("--forget", action="store_true", help="drop the keys that seal nothing")
    purge = _now(_add(words, "purge", "erase what has been kept long enough"))
    purge.add_argument("--dry-run", action="store_true", help="say what would go, and why")
    agree = _case(_add(words, "agree", "record the settlement agreement of a case"))
    agree.add_argument("--terms", required=True, help="what was agreed, in words")
    agree.add_argument("--on", type=date.fromisoformat, help="day of the last signature")
    agree.add_argument(
        "--due", action="append", default=[], metavar="DATE[=YUAN]", help="a promised performance"
    )
    visit = _case(_add(words, "visit", "record what became of a home re-check"))
    outcome = visit.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--kept", action="store_true")
    outcome.add_argument("--missed", action="store_true")
    hold = _now(_add(words, "release", "end a safety hold, after a trained person has spoken"))
    held = hold.add_mutually_exclusive_group(required=True)
    held.add_argument("--case", type=int, help="the case number")
    held.add_argument("--conversation", help="the conversation's id, where there is no case yet")
    _case(_add(words, "invite", "print an invitation for the other side of a case"))
    _case(_add(words, "refused", "record that the other side does not want mediation"))


def _case(word: argparse.ArgumentParser) -> argparse.ArgumentParser:
    word.add_argument("--case", type=int, required=True, help="the case number")
    return _now(word)


def _now(word: argparse.ArgumentParser) -> argparse.ArgumentParser:
    word.add_argument("--now", type=_moment, help="the time to act at, ISO (default: now)")
    return word


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)
