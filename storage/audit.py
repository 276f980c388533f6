"""Keeps who did and read what at the console. Rows are added and read, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, insert, select

from storage.tables import metadata, moment_column, number_column, words_column
