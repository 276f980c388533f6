"""What people told is sealed, and a case can be found by a phone number all the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.engine import keyring_of, to_json
from storage.sealing import folded

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BATCH = 500
# Table, key, and for each sealed column whether it is data (JSON) and whether it may be empty.
COLUMNS = (
    ("conversation", ("id",), {"state": (True, False)}),
    ("inbox", ("channel", "message_id"), {"text": (False, True), "choice": (False, True)}),
    ("outbox", ("id",), {"text": (False, False)}),
    (
        "mediation_case",
        ("number",),
        {"parties": (True, False), "summary": (False, False), "facts": (True, False)},
    ),
    ("case_note", ("id",), {"reason": (False, False)}),
    ("agreement", ("id",), {"terms": (False, False)}),
)


def upgrade() -> None:
    op.create_table(
        "case_phone",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "case_number", name="pk_case_phone"),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["mediation_case.number"],
            name="fk_case_phone_case_number_mediation_case",
        ),
    )
    op.create_index("ix_case_phone_case_number", "case_phone", ["case_number"])
    _index_phones()
    for table, key, columns in COLUMNS:
        for name, (is_data, may_be_empty) in columns.items():
            plain = sa.JSON(none_as_null=True) if is_data else sa.Text()
            sealing = _sealing(f"{table}.{name}", is_data)
            _change(table, key, (name, plain, sa.LargeBinary(), may_be_empty), sealing)


def downgrade() -> None:
    for table, key, columns in COLUMNS:
        for name, (is_data, may_be_empty) in columns.items():
            plain = sa.JSON() if is_data else sa.Text()
            opening = _opening(f"{table}.{name}", is_data)
            _change(table, key, (name, sa.LargeBinary(), plain, may_be_empty), opening)
    op.drop_table("case_phone")


def _index_phones() -> None:
    cases = sa.table("mediation_case", sa.column("number"), sa.column("parties", sa.JSON()))
    index = sa.table("case_phone", sa.column("digest"), sa.column("case_number"))
    for row in _rows(cases, ("number",)):
        phones = {party["phone"] for party in row["parties"] if party["phone"]}
        if phones:
            keyring = keyring_of(op.get_bind().dialect)
            digests = [keyring.digests(folded(phone))[0] for phone in phones]
            rows = [{"digest": digest, "case_number": row["number"]} for digest in digests]
            op.get_bind().execute(sa.insert(index), rows)


def _change(
    table: str, key: tuple[str, ...], column: tuple[str, Any, Any, bool], turn: Callable[..., Any]
) -> None:
    """Put a column of another type into a column's place, each value turned."""
    name, old, new, may_be_empty = column
    made = f"{name}_new"
    filled = None if may_be_empty else sa.text("'0'")
    op.add_column(table, sa.Column(made, new, nullable=may_be_empty, server_default=filled))
    here = sa.table(
        table, *(sa.column(each) for each in key), sa.column(name, old), sa.column(made, new)
    )
    fits = [here.c[each] == sa.bindparam(f"known_{each}") for each in key]
    fill = sa.update(here).where(*fits).values({made: sa.bindparam("turned", type_=new)})
    for row in _rows(here, key):
        if row[name] is not None:
            known = {f"known_{each}": row[each] for each in key}
            op.get_bind().execute(fill, known | {"turned": turn(row[name])})
    op.drop_column(table, name)
    op.alter_column(table, made, new_column_name=name)


def _rows(table: sa.TableClause, key: tuple[str, ...]) -> Iterator[sa.RowMapping]:
    """Yield all rows in the order of their key, some hundreds in memory at a time."""
    columns = [table.c[each] for each in key]
    query = sa.select(table).order_by(*columns).limit(BATCH)
    rows = op.get_bind().execute(query).mappings().all()
    while rows:
        yield from rows
        last = [rows[-1][each] for each in key]
        following = query.where(sa.tuple_(*columns) > sa.tuple_(*map(sa.literal, last)))
        rows = op.get_bind().execute(following).mappings().all()


def _sealing(about: str, is_data: bool) -> Callable[[Any], bytes]:
    def seal(value: Any) -> bytes:
        plain = to_json(value) if is_data else value
        return keyring_of(op.get_bind().dialect).seal(plain.encode(), about)

    return seal


def _opening(about: str, is_data: bool) -> Callable[[bytes], Any]:
    def unseal(value: bytes) -> Any:
        plain = keyring_of(op.get_bind().dialect).open(value, about).decode()
        return json.loads(plain) if is_data else plain

    return unseal
