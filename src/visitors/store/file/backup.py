"""Copying the store to another file while it is in use."""

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
from visitors.store.file.readonly import read_untouched, refuse_missing
from visitors.store.file.sqlite import SqliteDatabase, connect, translated_errors
from visitors.store.places import File


def default_name(place: File, at: Instant, what: str = "") -> str:
    """The name of a backup of the store that is made at an instant; `what` is what it is, if not simply one."""
    return f"{place.path.name}.{what}{at.replace('-', '').replace(':', '').replace('.', '')}{BACKUP}"


def back_up(place: File, target: Path, watch: Watch, *, replace: bool = False, timeout: float = 30.0) -> Contents:
    """Copy the store at `place`, as it is at one moment, to `target`: whole, verified, and on disk, or not at all.

    An older store is copied as it is. Raises Conflict when something is at `target`, unless it may be replaced,
    StoreProblem, also when there is no room for it, and FileProblem when nothing can be written there.
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

        with translated_errors(path):  # what cannot be read is not told as what cannot be written
            found = _of_snapshot(path, timeout, copied)
            settle(made)
            verify(made, found, target)
        interrupts.hold()
        put_in_place(made, target, replace=replace)
    return found


def _of_snapshot(path: Path, timeout: float, read: Callable[[SqliteDatabase], Contents]) -> Contents:
    """What `read` gives of the store at one moment; where nothing can be written beside it, as it lies there."""
    if can_be_written(os.path.realpath(path)):
        try:
            with connect(path, "mode=rw", timeout=timeout) as database:
                database.execute("BEGIN")
                return read(database)
        except sqlite.OperationalError as error:
            if sqlite.primary_code(error) not in (sqlite.READ_ONLY, sqlite.CANNOT_OPEN):
                raise
    return read_untouched(path, read, timeout=timeout)
