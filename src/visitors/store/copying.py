"""Copying a store page by page with SQLite's backup API: one consistent moment, whoever writes meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from visitors.errors import StoreProblem
from visitors.store.connection import Store
from visitors.store.dump import TABLES
from visitors.store.placing import disk_full
from visitors.store.problems import primary_code
from visitors.store.schema import schema_version
from visitors.store.untouched import connect

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
        """The numbers that a person would ask for; a store of an early version has no conversations."""
        return {name: self.counts.get(name, 0) for name in ("visitors", "contacts", "conversations", "operations")}


def contents(store: Store) -> Contents:
    """What the store holds. Raises StoreProblem when it is none, or newer than this program."""
    version = schema_version(store, store.path)
    if version == 0:
        raise StoreProblem(f"{store.path} is empty", code="store_invalid")
    there = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = [table for table in TABLES.values() if table in there]
    return Contents(version, {table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables})


class Pages(msgspec.Struct, frozen=True):
    """How many pages a store has, how many of these are free, and how many bytes each takes."""

    count: int
    free: int
    size: int

    @property
    def bytes(self) -> int:
        """How many bytes all of them take, in a copy, too."""
        return self.count * self.size


def pages_of(store: Store) -> Pages:
    """The pages of the snapshot that is being read."""
    names = ("page_count", "freelist_count", "page_size")
    return Pages(*(store.execute(f"PRAGMA {name}").fetchone()[0] for name in names))


def copy(store: Store, made: Path, shown: Path, watch: Watch = lambda _done, _all: None) -> None:
    """Copy the snapshot that is being read to the new file `made`, which is to be `shown` when it is whole.

    The copy needs no log beside it. Raises sqlite3.Error, and StoreProblem when the disk is full.
    """

    def tell(_status: int, remaining: int, total: int) -> None:
        watch(total - remaining, total)

    made.touch(mode=0o600, exist_ok=False)
    try:
        with closing(connect(made, "mode=rw")) as target:
            target.execute("PRAGMA journal_mode = OFF")  # a copy that fails is thrown away
            target.execute("PRAGMA synchronous = OFF")  # it is brought to the disk as a whole
            store.copy_to(target, AT_ONCE, tell)
    except sqlite3.Error as error:
        if primary_code(error) == sqlite3.SQLITE_FULL:
            raise disk_full(shown) from error
        raise


def settle(made: Path) -> None:
    """Have a copy be one file: no log needed beside it, also where it may not be written to."""
    with closing(connect(made, "mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def verify(made: Path, expected: Contents, shown: Path) -> None:
    """Raises StoreProblem unless the copy is sound and holds what is expected."""
    with closing(connect(made, "mode=ro")) as connection:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise StoreProblem(
                f"the copy for {shown} is damaged, and so the store may be: {said.splitlines()[-1]}",
                code="store_corrupt",
                hint="visitors db check",
            )
        if contents(Store(connection, shown)) != expected:
            raise StoreProblem(f"the copy for {shown} is not what was copied", code="store_corrupt", hint="try again")
