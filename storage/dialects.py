"""Statements that both databases know but SQLAlchemy spells once for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite


def in_both(statement: Callable[[Any], Any]) -> Mapping[str, Any]:
    """Return a statement for each database by its dialect's name; `statement` gets its `insert`.

    How many rows an INSERT has added can be asked of each (`rowcount`).
    """
    made = {"sqlite": statement(sqlite.insert), "postgresql": statement(postgresql.insert)}
    return {name: each.execution_options(preserve_rowcount=True) for name, each in made.items()}
