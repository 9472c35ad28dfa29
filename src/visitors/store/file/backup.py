"""Copy a store to another file while it is in use, page by page with SQLite's backup API: a consistent snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from visitors import interrupts
from visitors.domain.times import Instant
from visitors.errors import StoreProblem
from visitors.store.file import sqlite
from visitors.store.file.atomic_file import disk_full, put_in_place, refuse_small_disk, unfinished
from visitors.store.file.findings import BACKUP
from visitors.store.file.hard_links import refuse_hard_links
from visitors.store.file.opening import can_be_written
from visitors.store.file.readonly import read_snapshot, refuse_missing
from visitors.store.file.sqlite import SqliteDatabase, connect, translated_errors
from visitors.store.places import File
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


def default_name(place: File, at: Instant, what: str = "") -> str:
    """Return the name of a backup made at an instant; `what` is its kind, for other than regular backups."""
    return f"{place.path.name}.{what}{at.replace('-', '').replace(':', '').replace('.', '')}{BACKUP}"


def back_up(place: File, target: Path, watch: Watch, *, replace: bool = False, timeout: float = 30.0) -> Contents:
    """Copy the store at `place` to `target`: a consistent snapshot, verified and synced, or nothing.

    A store with an older schema is copied unmigrated. Raises Conflict if `target` exists and may not be replaced,
    StoreProblem, also if the disk is full, and FileProblem if `target` cannot be written.
    """
    path = place.path
    with translated_errors(path):
        refuse_missing(path)
        refuse_hard_links(path)
    with unfinished(target) as made:

        def copied(database: SqliteDatabase) -> Contents:
            found = contents(database)
            refuse_small_disk(target.parent, pages_of(database).bytes + BESIDE, "a backup")
            copy(database, made, target, watch)
            return found

        with translated_errors(path):  # report read errors as such, not as write errors
            found = _of_snapshot(path, timeout, copied)
            use_journal(made, "DELETE")
            refuse_damaged(made, target)
            refuse_different(made, found, target)
        interrupts.hold()
        put_in_place(made, target, replace=replace)
    return found


def _of_snapshot(path: Path, timeout: float, read: Callable[[SqliteDatabase], Contents]) -> Contents:
    """Call `read` on a snapshot of the store; read-only where nothing can be written beside it."""
    if can_be_written(os.path.realpath(path)):
        try:
            with connect(path, "mode=rw", timeout=timeout) as database:
                database.execute("BEGIN")
                return read(database)
        except sqlite.OperationalError as error:
            if sqlite.primary_code(error) not in (sqlite.READ_ONLY, sqlite.CANNOT_OPEN):
                raise
    return read_snapshot(path, read, timeout=timeout)


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

    if made.exists():  # a copy of what was written to meanwhile
        made.unlink()
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
            use_journal(made, "DELETE")
        put_in_place(made, target)


def use_journal(path: Path, kind: Literal["WAL", "DELETE"], timeout: float = 30.0) -> str:
    """Switch a store to a write-ahead log, or to a single file without one, readable where nothing can be written.
    Return the kind of journal that it has, in lower case: not every file system can have a log. Raises sqlite.Error.
    """
    with connect(path, "mode=rw", timeout=timeout) as database:
        return str(database.execute(f"PRAGMA journal_mode = {kind}").fetchone()[0])


def refuse_damaged(made: Path, shown: Path) -> None:
    """Raise StoreProblem unless the copy is intact."""
    with connect(made, "mode=ro", shown=str(shown)) as database:
        said = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise StoreProblem(
                f"the copy for {shown} is damaged, so the store may be too: {said.splitlines()[-1]}",
                code="store_corrupt",
                hint="visitors db check",
            )


def refuse_different(made: Path, expected: Contents, shown: Path) -> None:
    """Raise StoreProblem unless the copy holds what is expected."""
    with connect(made, "mode=ro", shown=str(shown)) as database:
        if contents(database) != expected:
            raise StoreProblem(
                f"the copy for {shown} differs from the original", code="store_corrupt", hint="try again"
            )
