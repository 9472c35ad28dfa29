"""Copying the store to another file while it is in use."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from visitors.domain.times import Instant
from visitors.store.connection import Store
from visitors.store.copying import BESIDE, Contents, Watch, contents, copy, pages_of, settle, verify
from visitors.store.findings import BACKUP
from visitors.store.placing import put_in_place, refuse_small_disk, unfinished
from visitors.store.problems import primary_code, translated_errors
from visitors.store.untouched import connect, read_untouched, refuse_missing


def default_name(path: Path, at: Instant, what: str = "") -> str:
    """The name of a backup of the store that is made at an instant; `what` is what it is, if not simply one."""
    return f"{path.name}.{what}{at.replace('-', '').replace(':', '').replace('.', '')}{BACKUP}"


def back_up(path: Path, target: Path, watch: Watch, *, replace: bool = False, timeout: float = 30.0) -> Contents:
    """Copy the store at `path`, as it is at one moment, to `target`: whole, verified, and on disk, or not at all.

    An older store is copied as it is. Raises Conflict when something is at `target`, unless it may be replaced,
    StoreProblem, also when there is no room for it, and FileProblem when nothing can be written there.
    """
    with translated_errors(path), unfinished(target) as made:
        refuse_missing(path)

        def copied(store: Store) -> Contents:
            found = contents(store)
            refuse_small_disk(target.parent, pages_of(store).bytes + BESIDE, "a backup")
            copy(store, made, target, watch)
            return found

        try:
            found = _of_snapshot(path, timeout, copied)
        except sqlite3.OperationalError as error:
            if primary_code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise
            # where nothing can be written beside it, it is read as it lies there
            found = read_untouched(path, copied, timeout=timeout)
        settle(made)
        verify(made, found, target)
        put_in_place(made, target, replace=replace)
    return found


def _of_snapshot(path: Path, timeout: float, read: Callable[[Store], Contents]) -> Contents:
    with closing(connect(path, "mode=rw", timeout)) as connection:
        connection.execute("BEGIN")
        return read(Store(connection, path))
