"""Release unused space in a store, and rebuild its indexes."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from visitors import interrupts
from visitors.errors import StoreProblem
from visitors.store.file import sqlite
from visitors.store.file.atomic_file import refuse_small_disk
from visitors.store.file.backup import pages_of
from visitors.store.file.check import integrity, of_tables
from visitors.store.file.opening import can_be_written, open_store, use_write_ahead_log
from visitors.store.file.readonly import size_with_log
from visitors.store.file.sqlite import SqliteDatabase, connect, translated_errors
from visitors.store.history import receipts
from visitors.store.load import indexes
from visitors.store.places import File
from visitors.store.records.search_texts import update_search_text
from visitors.store.schema.recorded import SEARCHED
from visitors.store.store import Store

_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108 - where SQLite looks, nothing is put there


class Compacted(msgspec.Struct, frozen=True, rename="camel"):
    """The size of the store and its log in bytes, before and after."""

    path: str
    bytes_before: int
    bytes_after: int


def compact(place: File, timeout: float = 30.0) -> Compacted:
    """Rewrite the store at `place` without gaps, rebuilding its indexes. If killed midway, the store is unchanged.

    Raises StoreProblem if the store is missing, damaged, or open elsewhere, and if the disk is too small.
    """
    path = place.path
    with translated_errors(place.name):
        before = size_with_log(path)
        # rejects files that are not stores, migrates older stores
        open_store(place, timeout=timeout, create=False).close()
        if not can_be_written(os.path.realpath(path)):
            raise sqlite.problem(sqlite.READ_ONLY, path)  # before SQLite creates files beside it
        with connect(path, timeout=timeout) as database:
            database.execute("PRAGMA secure_delete = ON")
            use_write_ahead_log(database, timeout)
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")  # waits for other connections, then reports the store as locked
            _refuse_damaged(database)
            _refuse_small_disk(database, path)
            if integrity(database) != ["ok"]:
                database.execute("REINDEX")  # VACUUM copies indexes as they are
            store = Store(database, place)
            for kind in SEARCHED:
                update_search_text(store, kind)
            indexes.rebuild(store)
            indexes.merge(store)
            database.execute("COMMIT")
            database.execute("VACUUM")
            interrupts.hold()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            receipts.finish(database)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Compacted(place.name, before, size_with_log(path))


def _refuse_damaged(database: SqliteDatabase) -> None:
    """Raise StoreProblem if a table is damaged, rather than only an index."""
    for said in of_tables(database):
        detail, hint = said.splitlines()[-1], "visitors db check"
        raise StoreProblem(f"the store {database.name} is damaged: {detail}", code="store_corrupt", hint=hint)


def _refuse_small_disk(database: SqliteDatabase, path: Path) -> None:
    """Raise StoreProblem without room for SQLite to write the store twice: to a temporary file, and to its log."""
    pages = pages_of(database)
    needed = (pages.count - pages.free) * pages.size
    folder, temporary = path.parent, _temporary_folder()
    is_one = folder.stat().st_dev == temporary.stat().st_dev
    for place, bytes_ in ((folder, needed * 2 if is_one else needed), (temporary, needed)):
        hint = "free some space, or set SQLITE_TMPDIR to another temporary folder"
        refuse_small_disk(place, bytes_, "compacting", hint)


def _temporary_folder() -> Path:
    """Return SQLite's folder for temporary files (https://sqlite.org/tempfiles.html)."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY)
    folders = (Path(name) for name in named if name)
    return next((one for one in folders if one.is_dir() and os.access(one, os.W_OK | os.X_OK)), Path())
