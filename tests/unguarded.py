"""A store that was changed bypassing every trigger and constraint, or that has an operation left open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

OPEN_OPERATION = (
    "INSERT INTO operations (id, at, actor, command, arguments, is_open)"
    " VALUES ('left-open', '2026-03-01T12:00:00.000Z', 'somebody', 'delete', '[]', 1)"
)
"""Begins an operation, like the program."""


@contextmanager
def unguarded(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect to the store without its triggers, in autocommit mode; they are created again at the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
