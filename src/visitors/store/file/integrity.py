"""SQLite's own integrity checks of pages, tables and indexes."""

from __future__ import annotations

from visitors.store.database import Executor
from visitors.store.schema.recorded import TABLES

SHOWN = 5
"""The maximum number of reported errors of one kind."""


def integrity(database: Executor, *, quick: bool = False) -> list[str]:
    """Return the errors, at most `SHOWN` lines, or `["ok"]`. A `quick` check does not compare indexes with tables.

    SQLite 3.44 and later include full-text indexes.
    """
    pragma = "quick_check" if quick else "integrity_check"
    return [str(row[0]) for row in database.execute(f"PRAGMA {pragma}({SHOWN})")]


def of_tables(database: Executor) -> list[str]:
    """Return the errors in tables, one line each; empty if only indexes are damaged, which compacting rebuilds,
    ordinary and full-text ones alike.
    """
    indexes, tables = (
        {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,))}
        for kind in ("index", "table")
    )
    checks = [f"PRAGMA quick_check('{table}')" for table in TABLES.values() if table in tables]
    found = [str(row[0]) for check in checks for row in database.execute(check)]
    # from about SQLite 3.42 on: "wrong # of entries in index visitors_browser"
    return [line for line in "\n".join(found).splitlines() if line != "ok" and line.split()[-1] not in indexes]
