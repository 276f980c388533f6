"""The line before HTTP: heads are bounded in size and time, so that nobody holds us up."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 32_768  # bytes of a request's first line and headers
HEAD_SECONDS = 20.0  # from its first byte to the end of its headers, and for the first byte at all


class BoundedLine(HttpToolsProtocol):
    """Hangs up on who sends an endless head, or sends it drop by drop; the server knows no bound.

    Between two requests the server's own limit for an idle line holds.
    """

    _head_size = 0
    _is_in_head = True
    _too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._too_late = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what has come of a head that has no end yet."""
        super().data_received(data)
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """Begin to count and to wait."""
        super().on_message_begin()
        self._is_in_head, self._head_size = True, 0
        if self._too_late is None:
            self._too_late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def on_headers_complete(self) -> None:
        """Count and wait no more: the body is bounded where it is read."""
        self._is_in_head = False
        self._in_time()
        super().on_headers_complete()

    def _in_time(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None
