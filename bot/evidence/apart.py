"""Inspects each file in a process of its own, with little memory and little time."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import warnings
from pathlib import Path

from bot.evidence.exhibit import LIMIT, Exhibit, NotTaken

ROOM = Path(__file__).parents[2]
MEMORY = 768 * 1024 * 1024  # bytes of addresses
CPU_SECONDS = 8
SECONDS = 20  # on the clock: a busy machine gives each process little
HEAD_LIMIT = 200  # bytes of the line before the data
START = "import sys; sys.path.insert(0, sys.argv[1]); from bot.evidence.apart import main; main()"


def inspect_apart(data: bytes) -> Exhibit:
    """Return the file made anew, or refuse with NotTaken; blocks for some tenths of a second.

    A file that breaks, stops or outgrows the process that looks at it is broken.
    """
    if len(data) > LIMIT:
        raise NotTaken("too_large")
    command = (sys.executable, "-I", "-c", START, str(ROOM))
    try:
        done = subprocess.run(  # noqa: S603 - our own program and no shell
            command, input=data, capture_output=True, timeout=SECONDS, check=True, env={}
        )
    except (subprocess.SubprocessError, BrokenPipeError) as fault:
        raise NotTaken("broken") from fault
    head, _, made = done.stdout.partition(b"\n")
    told = json.loads(head) if 0 < len(head) < HEAD_LIMIT else {"why": "broken"}
    if "why" in told or len(made) > LIMIT:
        raise NotTaken(told.get("why", "too_large"))
    return Exhibit(told["kind"], told["media"], made)


def main() -> None:
    """Inspect what comes in and write what is left of it."""
    _confine()
    warnings.simplefilter("ignore")
    from bot.evidence.inspecting import inspect  # noqa: PLC0415 - under the limits

    try:
        exhibit = inspect(sys.stdin.buffer.read(LIMIT + 1))
    except NotTaken as refusal:
        sys.stdout.buffer.write(json.dumps({"why": refusal.why}).encode() + b"\n")
        return
    head = {"kind": exhibit.kind, "media": exhibit.media}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + exhibit.data)


def _confine() -> None:
    limits = ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS))
    for kind, most in (*limits, (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # a system without this kind of limit
            resource.setrlimit(kind, (most, most))
