"""Copying a store page by page with SQLite's backup API: one consistent moment, whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from visitors.errors import StoreProblem
from visitors.store.file import sqlite
from visitors.store.file.atomic_file import disk_full
from visitors.store.file.sqlite import SqliteDatabase, connect
from visitors.store.schema.recorded import TABLES
from visitors.store.schema.version import schema_version

AT_ONCE = 1_000
"""How many pages are copied at once; between two of these, whoever waits is told, and Ctrl-C is heard."""

BESIDE = 65_536
"""How many bytes the files may take that SQLite makes beside a copy for a moment."""

Watch = Callable[[int, int], None]
"""Is told how many pages were copied, of how many."""


class Contents(msgspec.Struct, frozen=True):
    """What a store holds: its schema, and how many rows each of its tables has."""

    version: int
    counts: dict[str, int]

    @property
    def shown(self) -> dict[str, int]:
        """The numbers that a person would ask for."""
        return {name: self.counts.get(name, 0) for name in ("visitors", "contacts", "conversations", "operations")}


def contents(database: SqliteDatabase) -> Contents:
    """What the store holds. Raises StoreProblem when it is none, or newer than this program."""
    version = schema_version(database, database.name)
    if version == 0:
        raise StoreProblem(f"{database.name} is empty", code="store_invalid")
    # an older one may lack a table
    there = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = [table for table in TABLES.values() if table in there]
    found = database.batch([(f"SELECT count(*) FROM {table}", ()) for table in tables])
    return Contents(version, {table: rows[0][0] for table, rows in zip(tables, found, strict=True)})


class Pages(msgspec.Struct, frozen=True):
    """How many pages a store has, how many of these are free, and how many bytes each takes."""

    count: int
    free: int
    size: int

    @property
    def bytes(self) -> int:
        """How many bytes all of them take, in a copy, too."""
        return self.count * self.size


def pages_of(database: SqliteDatabase) -> Pages:
    """The pages of the snapshot that is being read."""
    found = database.batch([(f"PRAGMA {name}", ()) for name in ("page_count", "freelist_count", "page_size")])
    return Pages(*(rows[0][0] for rows in found))


def copy(database: SqliteDatabase, made: Path, shown: Path, watch: Watch = lambda _done, _all: None) -> None:
    """Copy the snapshot that is being read to the new file `made`, which is to be `shown` when it is whole.

    The copy needs no log beside it. Raises sqlite.Error, and StoreProblem when the disk is full.
    """

    def tell(_status: int, remaining: int, total: int) -> None:
        watch(total - remaining, total)

    made.touch(mode=0o600, exist_ok=False)
    try:
        with connect(made, "mode=rw") as target:
            target.execute("PRAGMA journal_mode = OFF")  # a copy that fails is thrown away
            target.execute("PRAGMA synchronous = OFF")  # it is brought to the disk as a whole
            database.copy_to(target, AT_ONCE, tell)
    except sqlite.Error as error:
        if sqlite.primary_code(error) == sqlite.FULL:
            raise disk_full(shown) from error
        raise


def settle(made: Path) -> None:
    """Have a copy be one file: no log needed beside it, also where it may not be written to."""
    with connect(made, "mode=rw") as database:
        database.execute("PRAGMA journal_mode = DELETE")


def verify(made: Path, expected: Contents, shown: Path) -> None:
    """Raises StoreProblem unless the copy is sound and holds what is expected."""
    with connect(made, "mode=ro", shown=str(shown)) as database:
        said = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise StoreProblem(
                f"the copy for {shown} is damaged, and so the store may be: {said.splitlines()[-1]}",
                code="store_corrupt",
                hint="visitors db check",
            )
        if contents(database) != expected:
            raise StoreProblem(f"the copy for {shown} is not what was copied", code="store_corrupt", hint="try again")
