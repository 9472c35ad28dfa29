"""Copy a store page by page with SQLite's backup API: a consistent snapshot, despite concurrent writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from visitors.errors import StoreProblem
from visitors.store.file import sqlite
from visitors.store.file.atomic_file import disk_full, put_in_place, unfinished
from visitors.store.file.sqlite import SqliteDatabase, connect
from visitors.store.schema.recorded import TABLES
from visitors.store.schema.version import schema_version

AT_ONCE = 1_000
"""The number of pages copied at once; in between, progress is reported and Ctrl-C is handled."""

BESIDE = 65_536
"""The maximum size in bytes of SQLite's temporary files beside a copy."""

Watch = Callable[[int, int], None]
"""A progress callback: the number of copied pages, and the total."""


class Contents(msgspec.Struct, frozen=True):
    """What a store holds: its schema version, and the number of rows in each table."""

    version: int
    counts: dict[str, int]

    @property
    def shown(self) -> dict[str, int]:
        """The numbers to show to a person."""
        return {name: self.counts.get(name, 0) for name in ("visitors", "contacts", "conversations", "operations")}


def contents(database: SqliteDatabase) -> Contents:
    """Return what the store holds. Raises StoreProblem if it is not a store, or newer than this program."""
    version = schema_version(database, database.name)
    if version == 0:
        raise StoreProblem(f"{database.name} is empty", code="store_invalid")
    # an older schema may lack a table
    there = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = [table for table in TABLES.values() if table in there]
    found = database.batch([(f"SELECT count(*) FROM {table}", ()) for table in tables])
    return Contents(version, {table: rows.fetchone()[0] for table, rows in zip(tables, found, strict=True)})


class Pages(msgspec.Struct, frozen=True):
    """The number of pages in a store, how many are free, and their size in bytes."""

    count: int
    free: int
    size: int

    @property
    def bytes(self) -> int:
        """The total size in bytes, also of a copy."""
        return self.count * self.size


def pages_of(database: SqliteDatabase) -> Pages:
    """Return the pages of the snapshot being read."""
    found = database.batch([(f"PRAGMA {name}", ()) for name in ("page_count", "freelist_count", "page_size")])
    return Pages(*(rows.fetchone()[0] for rows in found))


def copy(database: SqliteDatabase, made: Path, shown: Path, watch: Watch = lambda _done, _all: None) -> None:
    """Copy the snapshot being read to the new file `made`, called `shown` in errors.

    The copy needs no log. Raises sqlite.Error, and StoreProblem when the disk is full.
    """

    def tell(_status: int, remaining: int, total: int) -> None:
        watch(total - remaining, total)

    made.touch(mode=0o600, exist_ok=False)
    try:
        with connect(made, "mode=rw") as target:
            target.execute("PRAGMA journal_mode = OFF")  # a failed copy is discarded
            target.execute("PRAGMA synchronous = OFF")  # synced as a whole at the end
            database.copy_to(target, AT_ONCE, tell)
    except sqlite.Error as error:
        if sqlite.primary_code(error) == sqlite.FULL:
            raise disk_full(shown) from error
        raise


def keep(path: Path, target: Path, *, timeout: float = 30.0) -> None:
    """Copy the store at `path`, even a damaged one as far as SQLite can open it, to the new file `target`.

    Raises sqlite.Error, StoreProblem when the disk is full, FileProblem, and Conflict if `target` exists.
    """
    with unfinished(target) as made:
        with connect(path, "mode=rw", timeout=timeout) as database:
            database.execute("BEGIN")
            copy(database, made, target)
        with suppress(sqlite.Error):  # of a damaged store
            settle(made)
        put_in_place(made, target)


def settle(made: Path) -> None:
    """Turn a copy into a single file without a log, readable where nothing can be written."""
    with connect(made, "mode=rw") as database:
        database.execute("PRAGMA journal_mode = DELETE")


def verify(made: Path, expected: Contents, shown: Path) -> None:
    """Raise StoreProblem unless the copy is intact and holds what is expected."""
    with connect(made, "mode=ro", shown=str(shown)) as database:
        said = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise StoreProblem(
                f"the copy for {shown} is damaged, so the store may be too: {said.splitlines()[-1]}",
                code="store_corrupt",
                hint="visitors db check",
            )
        if contents(database) != expected:
            raise StoreProblem(
                f"the copy for {shown} differs from the original", code="store_corrupt", hint="try again"
            )
