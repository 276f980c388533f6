"""Keeps what a person has to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, text, update

from domain.conversation import Task, TaskKind
from storage.dialects import in_both
from storage.tables import STILL_OPEN, task

OPEN = in_both(
    lambda insert: insert(task).on_conflict_do_nothing(
        index_elements=["key"], index_where=text(STILL_OPEN)
    )
)
ALL_OPEN = select(task).where(text(STILL_OPEN)).order_by(task.c.due_at, task.c.id)
DONE = update(task).where(text(STILL_OPEN))
CLOSE = DONE.where(task.c.id == bindparam("known_id"))
CLOSE_OF_KEY = DONE.where(task.c.key == bindparam("known_key"))


class SqlTasks:
    """`domain.ports.Tasks` on one connection. A key is free again once its task is closed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, task: Task) -> bool:
        row = {
            "kind": task.kind,
            "opened_at": task.opened_at,
            "due_at": task.due_at,
            "key": task.key,
            "conversation_id": task.conversation_id,
            "case_number": task.case_number,
            "details": task.details,
        }
        opened = self._connection.execute(OPEN[self._connection.dialect.name], row)
        return bool(opened.rowcount == 1)

    def still_open(self) -> Sequence[Task]:
        return [
            Task(TaskKind(kind), *others) for kind, *others in self._connection.execute(ALL_OPEN)
        ]

    def close(self, task_id: int, at: datetime) -> None:
        self._connection.execute(CLOSE, {"known_id": task_id, "done_at": at})

    def close_of_key(self, key: str, at: datetime) -> bool:
        closed = self._connection.execute(CLOSE_OF_KEY, {"known_key": key, "done_at": at})
        return closed.rowcount == 1
