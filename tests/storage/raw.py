"""Looks for words in what a database really keeps, past every adapter of ours."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, MetaData, select, type_coerce
from sqlalchemy.types import NullType


def traces(engine: Engine, *words: str) -> list[str]:
    """Return where any of the words stands in plain: a column, or a file of the database."""
    found = [
        f"{table}.{column}: {word}"
        for table, column, value in every_value(engine)
        for word in words
        if word in value
    ]
    if engine.dialect.name == "sqlite":
        found += in_files(Path(str(engine.url.database)), *words)
    return found


def in_files(database: Path, *words: str) -> list[str]:
    """Return which of the words stand in the SQLite file or the files beside it, byte by byte."""
    return [
        f"{path.name}: {word}"
        for path in sorted(database.parent.glob(f"{database.name}*"))
        for word in words
        if any(form in path.read_bytes() for form in (word.encode(), word.encode("utf-16-le")))
    ]


def every_value(engine: Engine) -> list[tuple[str, str, str]]:
    """Return table, column and value of all there is, as a dump of the database would hold it."""
    values = []
    with engine.connect() as connection:
        found = MetaData()
        found.reflect(connection)
        for table in found.sorted_tables:
            everything = select(*(type_coerce(column, NullType) for column in table.columns))
            for row in connection.execute(everything).mappings():
                values += [(table.name, name, shown(value)) for name, value in row.items()]
    return values


def shown(value: object) -> str:
    """Return a value as text, bytes as they would read in UTF-8."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)
