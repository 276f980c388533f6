"""Whole conversations through the web chat's HTTP, every turn committed, one server process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.benchmarks.figure import Figure
from tests.benchmarks.story import Citizen
from tests.trained import best_models

CLIENTS = 64
SECONDS = 8.0
WARM_UP = 2.0
STOCK = 70.0  # messages/s of a stock Rasa 3.6.21 assistant with a 4-slot form on such a machine
POST = b"POST /chat/messages HTTP/1.1\r\n"
HEADERS = "Host: localhost\r\nContent-Type: application/json\r\nOrigin: http://localhost\r\n"


def figures(folder: Path) -> Iterator[Figure]:
    port = 8765
    environment = os.environ | {"HEJIE_DATA": str(folder), "HEJIE_PORT": str(port)}
    (folder / "models").symlink_to(best_models(), target_is_directory=True)
    command = [sys.executable, "-m", "bot", "serve", "--no-training"]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        took, processor = asyncio.run(_load(port, server.pid))
        memory = resident_megabytes(server.pid)
    finally:
        server.terminate()
        server.wait(20)
    spans = quantiles(took, n=100)
    rate = len(took) / SECONDS
    yield Figure(
        f"messages through web chat HTTP, {CLIENTS} clients, SQLite",
        rate,
        "messages/s",
        "a stock Rasa 3.6.21 assistant, measured once with 8 clients",
        STOCK,
    )
    yield Figure("web chat turn p50", spans[49] * 1000, "ms")
    yield Figure("web chat turn p99", spans[98] * 1000, "ms")
    yield Figure("processor time of the server a message", processor * 1e6, "us")
    yield Figure("memory of the server under this load", memory, "MB")


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _load(port: int, pid: int) -> tuple[list[float], float]:
    """Return the seconds of each turn, and the server's processor seconds a turn."""
    await _until_served(port)
    took: list[float] = []
    end = time.perf_counter() + WARM_UP + SECONDS
    begin = end - SECONDS
    clients = [asyncio.create_task(_client(n, port, begin, end, took)) for n in range(CLIENTS)]
    await asyncio.sleep(WARM_UP)
    before = processor_seconds(pid)
    await asyncio.gather(*clients)
    return took, (processor_seconds(pid) - before) / len(took)


async def _until_served(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise TimeoutError("the server did not come up")


async def _client(number: int, port: int, begin: float, end: float, took: list[float]) -> None:
    own = (f"127.0.1.{number + 1}", 0)  # one address may bring only so many newcomers a minute
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=own)
    citizen = Citizen(f"b{number}")
    cookie, sender, offered = "", "", []
    while time.perf_counter() < end:
        said: dict[str, Any] = citizen.say(offered)
        if citizen.sender != sender:
            cookie, sender = "", citizen.sender
        body = json.dumps({"id": citizen.message_id(), **said}, ensure_ascii=False).encode()
        head = f"{HEADERS}{cookie}Content-Length: {len(body)}\r\n\r\n".encode()
        began = time.perf_counter()
        writer.write(POST + head + body)
        status, answer, cookie = await _read(reader, cookie)
        ended = time.perf_counter()
        if status != 200:
            raise RuntimeError(f"{status}: {answer[:200]!r}")
        if ended >= begin:
            took.append(ended - began)
        replies = json.loads(answer)["replies"]
        offered = [choice["id"] for reply in replies for choice in reply["choices"]]
    writer.close()


async def _read(reader: asyncio.StreamReader, cookie: str) -> tuple[int, bytes, str]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    length = 0
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
        elif name.lower() == "set-cookie":
            cookie = f"Cookie:{value.split(';')[0]}\r\n"
    return int(lines[0].split()[1]), await reader.readexactly(length), cookie
