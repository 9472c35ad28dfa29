"""Copy a store to another file while it is in use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from visitors import interrupts
from visitors.domain.times import Instant
from visitors.store.file import sqlite
from visitors.store.file.atomic_file import put_in_place, refuse_small_disk, unfinished
from visitors.store.file.copy import BESIDE, Contents, Watch, contents, copy, pages_of, settle, verify
from visitors.store.file.findings import BACKUP
from visitors.store.file.hard_links import refuse_hard_links
from visitors.store.file.opening import can_be_written
from visitors.store.file.readonly import read_snapshot, refuse_missing
from visitors.store.file.sqlite import SqliteDatabase, connect, translated_errors
from visitors.store.places import File


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
            settle(made)
            verify(made, found, target)
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
