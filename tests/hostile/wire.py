"""Requests as bytes on a real line, also such as no HTTP library would write, and their answers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

PATIENCE = 30.0  # seconds
Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Attempt:
    """One request. `kind` names it in the figures; `raw` replaces all the rest.

    `is_http` says that it is a request at all: what is none may be hung up on without an answer.
    """

    kind: str
    method: bytes = b"GET"
    target: bytes = b"/"
    headers: Pairs = ()
    body: bytes = b""
    chunks: tuple[bytes, ...] = ()
    pause: float = 0.0  # seconds between the chunks
    raw: bytes = b""
    is_http: bool = True

    def parts(self) -> tuple[bytes, ...]:
        """Return the bytes as they go over the line."""
        if self.raw:
            return (self.raw,)
        given = {name.lower() for name, _ in self.headers}
        pairs = [] if b"host" in given else [(b"Host", b"127.0.0.1")]
        pairs += self.headers
        if self.chunks:
            pairs.append((b"Transfer-Encoding", b"chunked"))
        elif b"content-length" not in given and (self.body or self.method == b"POST"):
            pairs.append((b"Content-Length", str(len(self.body)).encode()))
        lines = [b"%s %s HTTP/1.1" % (self.method, self.target)]
        lines += [b"%s: %s" % pair for pair in pairs]
        head = b"\r\n".join([*lines, b"", b""])
        if not self.chunks:
            return (head + self.body,)
        pieces = (b"%x\r\n%s\r\n" % (len(each), each) for each in self.chunks if each)
        return (head, *pieces, b"0\r\n\r\n")


@dataclass(frozen=True)
class Answer:
    """An answer; status 0 where the line was closed without one."""

    status: int = 0
    headers: Pairs = ()
    body: bytes = b""
    seconds: float = 0.0
    fields: dict[str, str] = field(default_factory=dict)


async def send(port: int, attempt: Attempt, source: str = "127.0.0.1") -> Answer:
    """Send one request on a line of its own, from an address, and read its answer."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
        writer.transport.abort()  # nobody listens yet, and the system let us connect to ourselves
        raise ConnectionRefusedError
    writing = asyncio.create_task(_write(writer, attempt))
    try:
        async with asyncio.timeout(PATIENCE):
            status, headers, body = await _read(reader, attempt.method)
    except (asyncio.IncompleteReadError, ConnectionError):
        status, headers, body = 0, (), b""
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await writing
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    return Answer(status, headers, body, time.perf_counter() - began, fields)


async def _write(writer: asyncio.StreamWriter, attempt: Attempt) -> None:
    for part in attempt.parts():
        writer.write(part)
        await writer.drain()
        if attempt.pause:
            await asyncio.sleep(attempt.pause)


async def _read(reader: asyncio.StreamReader, method: bytes) -> tuple[int, Pairs, bytes]:
    head = await _head(reader)
    while head.startswith(b"HTTP/1.1 100 "):
        head = await _head(reader)
    first, *lines = head[:-4].split(b"\r\n")
    pairs = tuple(_pair(line) for line in lines)
    given = dict(pairs)
    status = int(first.split()[1])
    if method == b"HEAD" or status in {204, 304}:
        return status, pairs, b""
    if given.get(b"content-type", b"").startswith(b"text/event-stream"):
        return status, pairs, await reader.read(1)  # it goes on for a quarter of an hour
    if b"chunked" in given.get(b"transfer-encoding", b""):
        return status, pairs, await _chunked(reader)
    return status, pairs, await reader.readexactly(int(given.get(b"content-length", b"0")))


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while length := int(await reader.readline(), 16):
        body += await reader.readexactly(length)
        await reader.readexactly(2)
    return body
