"""A whole house for tests of the web: real storage, real turns, a real server on loopback."""

from __future__ import annotations

import atexit
import contextlib
import logging
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from bot.evidence.desk import EvidenceDesk
from bot.lanes import Lanes
from bot.messages import Incoming
from bot.render import House as Words
from bot.render import Renderer
from bot.serving import config_of
from bot.settings import Settings, read_settings
from bot.turns import Turns
from bot.upload_links import UploadLinks
from bot.web import build_web
from domain.calendar import LOCAL
from domain.catalogue import Catalogue, load_catalogue
from nlu.interpreter import DISPUTE, Heard, Ranked, Understanding
from nlu.readers.facts import Facts
from storage.engine import open_engine
from storage.evidence import EvidenceFiles
from storage.migrate import migrate
from storage.seed import seed
from storage.writer import Writer
from tests.bot.loopback import running
from tests.conftest import KEYRING

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL)
PLAIN = Words()


class Keywords:
    """Understands by single words: enough for pages, which must not care what was understood."""

    model = "keywords-1"

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        return [self._read(message.text) for message in messages]

    def _read(self, text: str) -> Understanding:
        is_ours = "工钱" in text
        return Understanding(
            text,
            DISPUTE if is_ours else "out_of_scope",
            0.9,
            "labour_wage" if is_ours else None,
            0.9 if is_ours else 0.0,
            (Ranked("labour_wage", 0.9), Ranked("loan", 0.05), Ranked("contract", 0.05)),
            frozenset({"now"}) if "正在打" in text else frozenset(),
            Facts(),
            self.model,
            is_sure=is_ours,
            is_ours=is_ours,
        )


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class House:
    """What `bot.app.App` is, with the small interpreter and a clock to move."""

    settings: Settings
    writer: Writer
    interpreter: Any
    catalogue: Catalogue
    renderer: Renderer
    turns: Turns
    lanes: Lanes
    clock: Clock
    evidence: EvidenceDesk
    links: UploadLinks | None = None
    ticked_at: list[datetime | None] = field(default_factory=lambda: [None])
    url: str = ""
    printed: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The set-up code of the console, as it was printed at the start; empty if it was not."""
        found = [line.rpartition("use this code: ")[2] for line in self.printed]
        return found[-1] if found else ""

    def client(self, **more: Any) -> httpx.Client:
        """Return a browser of its own, with its own cookies."""
        return httpx.Client(base_url=self.url, timeout=10, **more)


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def renderer(words: Words = PLAIN) -> Renderer:
    """Return the one renderer of all houses that say this: to read every sentence takes a while."""
    return Renderer(catalogue(), house=words)


@cache
def seeded_database() -> Path:
    """Return a database with all tables and the demo roster, made once and copied then."""
    folder = Path(tempfile.mkdtemp(prefix="hejie-seeded-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    engine = open_engine(f"sqlite:///{folder / 'hejie.db'}", KEYRING)
    migrate(engine)
    writer = Writer(engine)
    writer.submit(seed).result()
    writer.close()
    return folder / "hejie.db"


def build_house(
    folder: Path,
    interpreter: Any = None,
    environment: Mapping[str, str] | None = None,
    **lanes: Any,
) -> House:
    settings = read_settings({"HEJIE_DATA": str(folder), **(environment or {})})
    if not (folder / "hejie.db").exists():
        shutil.copy(seeded_database(), folder / "hejie.db")
    writer = Writer(open_engine(settings.database_url, KEYRING))
    interpreter = interpreter or Keywords()
    clock = Clock()
    key, public = b"the key of our tests", settings.public_url
    links = UploadLinks(public, key) if public else None
    turns = Turns(writer, interpreter, catalogue(), renderer(), clock, links)
    lane = Lanes(turns, writer, **lanes)
    files = EvidenceFiles(folder / "evidence", KEYRING, key)
    desk = EvidenceDesk(writer, files)
    return House(
        settings, writer, interpreter, catalogue(), renderer(), turns, lane, clock, desk, links
    )


def on_writer(writer: Writer, folder: Path, interpreter: Any = None, **lanes: Any) -> House:
    """Build a house that keeps its talks where this writer writes."""
    house = build_house(folder, interpreter)
    house.writer.close()
    turns = Turns(writer, house.interpreter, house.catalogue, house.renderer, house.clock)
    return replace(house, writer=writer, turns=turns, lanes=Lanes(turns, writer, **lanes))


@contextlib.contextmanager
def serving(folder: Path, port: int = 0, **more: Any) -> Iterator[House]:
    """Serve a house on a loopback port, a free one unless it is given, while inside."""
    house = build_house(folder, **more)
    terminal = Terminal(house.printed)
    logging.getLogger("bot.admin").addHandler(terminal)
    config = config_of(build_web(house), replace(house.settings, host="127.0.0.1", port=port))
    try:
        with running(config) as house.url:
            yield house
    finally:
        house.writer.close()
        logging.getLogger("bot.admin").removeHandler(terminal)


def serve_alone(folder: Path, port: int) -> None:
    """Serve until the process is killed."""
    with serving(folder, port=port):
        time.sleep(600)


class Terminal(logging.Handler):
    """Keeps the lines that somebody would see in the terminal."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def say(client: httpx.Client, text: str | None = None, **more: Any) -> list[dict[str, Any]]:
    """Send a message as the page's script does and return the replies."""
    message = {"id": secrets.token_hex(16)} | ({"text": text} if text else {}) | more
    answer = client.post("/chat/messages", json=message)
    assert answer.status_code == 200, answer.text
    replies: list[dict[str, Any]] = answer.json()["replies"]
    return replies


def told(sender: str, text: str, id_: str | None = None) -> Incoming:
    return Incoming("webchat", sender, id_ or secrets.token_hex(8), text=text)
