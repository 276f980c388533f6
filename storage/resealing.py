"""Seals everything anew by the newest key, and tells which keys are still needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    RowMapping,
    Table,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    update,
)

from storage.cases import SqlCases
from storage.columns import Sealed
from storage.sealing import FORM, HEAD, ID_BYTES, Keyring
from storage.tables import case_phone, metadata

BATCH = 200


def reseal(engine: Engine, keyring: Keyring) -> Iterator[int]:
    """Seal anew whatever an older key has sealed; yields how many rows, batch after batch.

    Each batch is a transaction of its own, so that serving goes on; a row that is changed
    meanwhile is left to the next look. To call it again after a break does what is left.
    """
    for table, columns in sealed_tables():
        missed = True
        while missed:
            missed = False
            for renewed, wanted in _look(engine, keyring, table, columns):
                missed = missed or renewed < wanted
                yield renewed
    yield from _index_anew(engine, keyring)


def in_use(engine: Engine) -> set[str]:
    """Return the ids of the keys that seal anything at all, by looking at every value."""
    found: set[str] = set()
    with engine.connect() as connection:
        for table, columns in sealed_tables():
            for column in columns:
                head = _head(column)
                query = select(head).select_from(table).where(column.is_not(None)).distinct()
                heads = connection.execute(query).scalars()
                found |= {bytes(head)[len(FORM) :].hex() for head in heads}
        query = select(func.substr(case_phone.c.digest, 1, ID_BYTES)).distinct()
        found |= {bytes(id_).hex() for id_ in connection.execute(query).scalars()}
    return found


def sealed_tables() -> list[tuple[Table, list[Column[Any]]]]:
    """Return every table that has sealed columns, with those columns."""
    found = [
        (table, [column for column in table.columns if isinstance(column.type, Sealed)])
        for table in metadata.sorted_tables
    ]
    return [(table, columns) for table, columns in found if columns]


def _look(
    engine: Engine, keyring: Keyring, table: Table, columns: Sequence[Column[Any]]
) -> Iterator[tuple[int, int]]:
    """Go through a table once; yields a batch's numbers of rows renewed and to be renewed."""
    key = list(table.primary_key.columns)
    raw = [type_coerce(column, LargeBinary).label(column.name) for column in columns]
    is_old = or_(*(_head(column) != keyring.newest_head for column in columns))
    query = select(*key, *raw).where(is_old).order_by(*key).limit(BATCH)
    after: ColumnElement[bool] = true()
    while True:
        with engine.begin() as connection:
            rows = connection.execute(query.where(after)).mappings().all()
            renewed = sum(_renew(connection, keyring, table, columns, row) for row in rows)
        if not rows:
            return
        yield renewed, len(rows)
        after = tuple_(*key) > tuple_(*(literal(rows[-1][each.name]) for each in key))


def _renew(
    connection: Connection,
    keyring: Keyring,
    table: Table,
    columns: Sequence[Column[Any]],
    row: RowMapping,
) -> int:
    """Seal a row anew unless it has changed since it was read; returns how many rows that is."""
    changes: dict[str, bytes] = {}
    unchanged: list[ColumnElement[bool]] = [
        each == row[each.name] for each in table.primary_key.columns
    ]
    for column in columns:
        sealed = row[column.name]
        if sealed is None:
            continue
        about = f"{table.name}.{column.name}"
        changes[column.name] = keyring.seal(keyring.open(bytes(sealed), about), about)
        unchanged.append(type_coerce(column, LargeBinary) == sealed)
    bare = {name: literal(value, LargeBinary) for name, value in changes.items()}
    return connection.execute(update(table).where(*unchanged).values(bare)).rowcount


def _index_anew(engine: Engine, keyring: Keyring) -> Iterator[int]:
    """Let cases be found by phone numbers under the newest key alone."""
    id_ = keyring.newest_head[len(FORM) :]
    query = (
        select(case_phone.c.case_number)
        .where(func.substr(case_phone.c.digest, 1, ID_BYTES) != id_)
        .distinct()
        .limit(BATCH)
    )
    numbers = [0]
    while numbers:
        with engine.begin() as connection:
            numbers = list(connection.execute(query).scalars())
            for number in numbers:
                SqlCases(connection).index_anew(number)
        yield len(numbers)


def _head(column: Column[Any]) -> ColumnElement[Any]:
    return func.substr(type_coerce(column, LargeBinary), 1, HEAD, type_=LargeBinary)
