"""What SQLite itself says of a database: whether its pages, tables and indexes are sound."""

from __future__ import annotations

from visitors.store.file.sqlite import SqliteDatabase
from visitors.store.schema.recorded import TABLES

SHOWN = 5
"""How many of the things that are wrong in the same way are told."""


def integrity(database: SqliteDatabase, *, quick: bool = False) -> list[str]:
    """What is wrong, at most `SHOWN` lines; `["ok"]` when nothing is. A `quick` look does not compare indexes.

    From SQLite 3.44 on it tells of full-text indexes, too.
    """
    pragma = "quick_check" if quick else "integrity_check"
    return [str(row[0]) for row in database.execute(f"PRAGMA {pragma}({SHOWN})")]


def of_tables(database: SqliteDatabase) -> list[str]:
    """What is wrong with the tables that nothing else can be filled from, one line each; empty when only an index can
    be damaged, an ordinary or a full-text one: those are created again by compacting.
    """
    indexes, tables = (
        {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,))}
        for kind in ("index", "table")
    )
    checks = [f"PRAGMA quick_check('{table}')" for table in TABLES.values() if table in tables]
    found = [str(row[0]) for check in checks for row in database.execute(check)]
    # from SQLite 3.42 or so on: "wrong # of entries in index visitors_browser"
    return [line for line in "\n".join(found).splitlines() if line != "ok" and line.split()[-1] not in indexes]
