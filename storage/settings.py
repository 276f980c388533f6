"""Keeps single values of the installation, such as the hash of the console's password."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from storage.dialects import in_both
from storage.tables import setting

GET = select(setting.c.value).where(setting.c.name == bindparam("name"))
PUT = in_both(
    lambda insert: (add := insert(setting)).on_conflict_do_update(
        index_elements=["name"], set_={"value": add.excluded.value}
    )
)


class SqlSettings:
    """Named texts on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """Return the value, or None where none was put."""
        return self._connection.execute(GET, {"name": name}).scalar_one_or_none()

    def put(self, name: str, value: str) -> None:
        """Keep the value, in place of the one before."""
        put = PUT[self._connection.dialect.name]
        self._connection.execute(put, {"name": name, "value": value})
