"""A warmed process that forks servers to be killed, and says how each of them died.

It reads one order a line (`Order` as JSON) and answers with lines {"born": pid} and
{"died": pid, "by": signal or 0, "code": exit code}. What a server is, is the product's own
`run_server`; only what stands outside of it is arranged: its clock, where Telegram is, the model
that is loaded already, and, for controls and faults, one thing that is switched off or fails.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from jinja2 import Environment

from nlu.interpreter import Heard, Interpreter, Understanding
from tests.compiled import compiling_once


@dataclass(frozen=True)
class Order:
    """What kind of server is wanted."""

    environment: dict[str, str]
    folder: str  # for its log, the counts of its points and its clock
    telegram: str  # the address of the Bot API
    point: str = ""  # where it dies
    passage: int = 1
    without: str = ""  # a guard that is switched off: dedupe or outbox
    pages: int = 0  # a database file that is full at so many pages
    file_bytes: int = 0  # or files that may not grow beyond so much

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


def main() -> None:
    from tests.chaos.points import install

    install()
    warmed = warm(Path(sys.argv[1]))
    _tell(ready=True)
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.01)
        if ready:
            read = os.read(0, 65_536)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    live(Order(**json.loads(line)), warmed)
                _tell(born=pid)
        _bury()


@dataclass(frozen=True)
class Warmed:
    """What every server needs and would take seconds to load."""

    interpreter: Any
    catalogue: Any


def warm(models: Path) -> Warmed:
    """Import and load what every server needs, once."""
    from bot.channels import CHANNELS

    for name in ("bot.serving", "bot.pages", *(f"bot.channels.{each}" for each in CHANNELS)):
        import_module(name)
    from bot.render import Renderer
    from domain.calendar import LOCAL
    from domain.catalogue import load_catalogue
    from nlu.interpreter import Heard
    from nlu.rasa_interpreter import load
    from nlu.readers.facts import warm_up

    warm_up()
    catalogue, interpreter = load_catalogue(), load(models)
    interpreter.read([Heard("西畴县兴街镇的老板去年腊月欠我三万五", datetime.now(LOCAL))])
    Environment.compile = compiling_once()  # servers find them compiled
    Renderer(catalogue)
    return Warmed(interpreter, catalogue)


def _tell(**said: Any) -> None:
    os.write(1, (json.dumps(said) + "\n").encode())


def _bury() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        _tell(died=pid, by=max(0, -code), code=max(0, code))


def live(order: Order, warmed: Warmed) -> None:
    """Be a server until the end; never returns."""
    code = 1
    try:
        _to_file(Path(order.folder) / "server.log")
        arrange(order, warmed)
        serve(order)
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except KeyboardInterrupt:
        code = 0
    except BaseException:
        logging.exception("the server failed")
    finally:
        from tests.chaos.points import PASSING

        (Path(order.folder) / "counts.json").write_text(json.dumps(PASSING.counts))
        os._exit(code)


def _to_file(path: Path) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, log), (2, log)):
        os.dup2(file, number)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", force=True
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)


class MovedClock:
    """Tells the town's time: it runs on in real time, moved by what stands in a file.

    The file holds the moment at which the town began, what that is in real time, how much faster
    the town's time runs, and by how many seconds its clock is wrong.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        town, real, pace, moved = json.loads(self._file.read_text())
        return datetime.fromisoformat(town) + timedelta(seconds=(time.time() - real) * pace + moved)


class Hesitant:
    """Is unsure of every story at once, as a model of both stages is of many."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.model = interpreter.model

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        found = self._interpreter.read(messages)
        return [
            replace(understood, is_unsure=heard.at_once and not heard.asked)
            for heard, understood in zip(messages, found, strict=True)
        ]


def arrange(order: Order, warmed: Warmed) -> None:
    """Put everything outside of the server in its place."""
    from bot import app, serving
    from bot.channels import telegram
    from tests.chaos import breaking
    from tests.chaos.points import PASSING

    PASSING.counts.clear()
    if order.point:
        PASSING.kill_at(order.point, order.passage)
    clock = MovedClock(Path(order.folder) / "clock.json")
    app.load_catalogue = lambda: warmed.catalogue
    app.ready_interpreter = lambda _: Hesitant(warmed.interpreter)
    serving.build_app = partial(app.build_app, clock=clock)
    telegram.API, telegram.PAUSE_SECONDS = order.telegram, 0.2
    if order.without:
        breaking.SWITCHES[order.without](order.telegram)
    if order.pages:
        breaking.fill_database(order.pages)
    if order.file_bytes:
        breaking.stop_files_growing(order.file_bytes)


def serve(order: Order) -> None:
    from bot.serving import run_server
    from bot.settings import read_settings

    run_server(read_settings(order.environment), training=False)


if __name__ == "__main__":
    main()
