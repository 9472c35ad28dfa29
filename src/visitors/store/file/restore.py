"""Restore a store from a backup, keeping the old one.

The backup is first copied beside the store, checked and migrated there. A store that SQLite can open is then
overwritten in one transaction, so other processes see either the old or the new content, and none keeps writing to a
deleted file; the old content is copied aside in the same transaction, so no write is lost. A missing store, or one too
damaged for that, is replaced as a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from visitors import interrupts
from visitors.errors import FileProblem, StoreProblem
from visitors.location import COMPANIONS
from visitors.private import make_folders
from visitors.store.file import sqlite
from visitors.store.file.atomic_file import refuse_existing, refuse_small_disk, unfinished
from visitors.store.file.backup import (
    AT_ONCE,
    BESIDE,
    Contents,
    Watch,
    contents,
    copy,
    keep,
    pages_of,
    refuse_different,
    use_journal,
)
from visitors.store.file.check import content
from visitors.store.file.findings import Advice
from visitors.store.file.hard_links import refuse_hard_links
from visitors.store.file.opening import open_store
from visitors.store.file.readonly import companion, read_snapshot, refuse_missing, size
from visitors.store.file.replacing import put_first, replace_damaged
from visitors.store.file.sqlite import READING_FAILED, SqliteDatabase, connect, primary_code, translated_errors
from visitors.store.places import File
from visitors.store.schema.invariants import ONE_EMAIL
from visitors.store.schema.version import APPLICATION_ID, SCHEMA_VERSION

_DAMAGED = (sqlite.CORRUPT, sqlite.NOT_A_DATABASE, sqlite.IO_ERROR, sqlite.SOME_ERROR)
# Bytes a page takes in the log and in the log's index, besides its content (same source, sections 4.2 and 4.4).
_LOGGED = 24 + 8


def inspect(file: Path, *, quick: bool = False, timeout: float = 30.0) -> Contents:
    """Return what the backup holds, without changing it.

    Raises StoreProblem if it is not a store, or a `quick` check finds it damaged.
    """
    with translated_errors(file):
        _refuse_unsound(file, file, timeout, quick=quick)
        return read_snapshot(file, contents, timeout=timeout)


def restore(place: File, file: Path, kept: Path, watch: Watch, *, timeout: float = 30.0) -> Path | None:
    """Restore the store at `place` from `file`, completely or not at all. Returns where the old store is: `kept`, or
    None if there was none.

    Raises StoreProblem if `file` is not an intact store, another database is at `place`, the store is locked or not
    writable, or the disk is too small; Conflict if `kept` exists. On failure `kept` is removed, unless the store may
    have changed already.
    """
    path = place.path
    refuse_existing(kept)
    with translated_errors(path):
        make_folders(path.parent)
    with _unfinished_store(path) as made:
        old = _opened_size(path, timeout)
        _stage(file, made, path, old, watch, timeout)
        if not path.exists():
            put_first(path, made)
            return None
        if old is None:
            replace_damaged(path, made, kept)
            return kept
        try:
            _overwrite(path, made, kept, timeout)
        except READING_FAILED as error:
            if isinstance(error, sqlite.Error) and primary_code(error) not in _DAMAGED:
                raise
            kept.unlink(missing_ok=True)  # SQLite had to repair it, so copy the result
            replace_damaged(path, made, kept)
        return kept


@contextmanager
def _unfinished_store(path: Path) -> Iterator[Path]:
    try:
        with translated_errors(path), unfinished(path) as made:
            yield made
    except FileProblem as error:
        hint = "check the permissions of the file and its folder"
        raise StoreProblem(error.message, code="store_unwritable", hint=hint) from error


def _needed(backup: SqliteDatabase, path: Path, old: int | None) -> int:
    """Return the bytes that restoring needs at once, besides the store: a copy of the backup, one of the old store
    (`old` bytes if SQLite can open it), and the log, which holds the backup once more.

    The growth of an older backup by migration cannot be foreseen.
    """
    pages = pages_of(backup)
    needed = pages.bytes + BESIDE
    if old is not None:
        return needed + old + pages.bytes + pages.count * _LOGGED
    if path.exists():
        needed += sum(size(companion(path, ending)) for ending in ("", *COMPANIONS))
    return needed


def _stage(file: Path, made: Path, path: Path, old: int | None, watch: Watch, timeout: float) -> None:
    """Copy the backup if there is enough room, then check and migrate the copy."""

    def copied(store: SqliteDatabase) -> Contents:
        found = contents(store)
        refuse_small_disk(path.parent, _needed(store, path, old), "restoring")
        copy(store, made, path, watch)
        return found

    with translated_errors(file):
        found = read_snapshot(file, copied, timeout=timeout)
    use_journal(made, "DELETE")
    _refuse_unsound(made, file, timeout)
    refuse_different(made, found, path)
    if found.version < SCHEMA_VERSION:
        with open_store(File.at(made), create=False) as migrated:
            if migrated.backup is not None:  # it is a copy
                migrated.backup.unlink()
        use_journal(made, "DELETE")
        _refuse_unsound(made, file, timeout)


_MENDED_IN_THE_STORE = (ONE_EMAIL.name, "erasures")
"""Checks whose problems do not disqualify a backup."""


def _refuse_unsound(made: Path, file: Path, timeout: float, *, quick: bool = False) -> None:
    for one in content(made, Advice(made, "visitors"), quick=quick, timeout=timeout):
        if one.is_problem and one.check not in _MENDED_IN_THE_STORE:
            code = "store_invalid" if one.check == "version" else "store_corrupt"
            raise StoreProblem(f"{file} cannot be restored: {one.detail}", code=code, hint="use another backup")


def _opened_size(path: Path, timeout: float) -> int | None:
    """Return the size in bytes of a copy of the store at `path`; None if there is none that SQLite can open.

    Raises StoreProblem if it belongs to another program or has several names, and OSError.
    """
    if not path.exists():
        return None
    refuse_missing(path)
    refuse_hard_links(path)

    def owner(store: SqliteDatabase) -> tuple[int, int, int]:
        tables = store.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return tables, store.execute("PRAGMA application_id").fetchone()[0], pages_of(store).bytes

    try:
        tables, application, bytes_ = read_snapshot(path, owner, timeout=timeout)
    except READING_FAILED as error:
        if isinstance(error, sqlite.Error) and primary_code(error) not in _DAMAGED:
            raise
        return None
    if tables and application != APPLICATION_ID:
        raise StoreProblem(
            f"{path} is a SQLite database, but not a visitors store",
            code="store_invalid",
            hint="use another file with --db, or move this one away",
        )
    return bytes_


def _overwrite(path: Path, made: Path, kept: Path, timeout: float) -> None:
    """Overwrite the store in one transaction, after copying the old content to `kept`."""
    if use_journal(path, "WAL", timeout) != "wal":  # only then can it be read meanwhile
        raise StoreProblem(
            f"the store {path} cannot be overwritten in place: its file system does not support WAL",
            code="store_unwritable",
            hint="move it away, then restore again",
        )
    _use_pages_of(path, made)
    copied = False

    def keep_first(status: int, remaining: int, _total: int) -> None:
        nonlocal copied
        if status in (sqlite.BUSY, sqlite.LOCKED):
            # SQLite has already waited for the timeout; Python would retry for ever
            raise sqlite.problem(status, path)
        if remaining <= AT_ONCE:  # the next step commits
            interrupts.hold()
        if not copied:
            # the write lock is held from the first page on, and readers see the old store until the end
            keep(path, kept, timeout=timeout)
            copied = True

    with connect(path, "mode=rw", timeout=timeout) as target, connect(made, "mode=ro") as source:
        target.execute("PRAGMA synchronous = FULL")
        # in at least two steps: the old store is copied after the first
        half = source.execute("PRAGMA page_count").fetchone()[0] // 2
        try:
            source.copy_to(target, min(half, AT_ONCE), keep_first)
        except Exception:  # but an interrupt may arrive after the last page
            if copied:  # the store is unchanged
                kept.unlink()
            raise
        with suppress(sqlite.Error):  # readers may keep the log from being emptied
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _use_pages_of(path: Path, made: Path) -> None:
    """Rewrite the new store with the existing store's page size, which a transaction cannot change."""
    with connect(path, "mode=ro") as store, connect(made, "mode=rw") as connection:
        size = store.execute("PRAGMA page_size").fetchone()[0]
        if size != connection.execute("PRAGMA page_size").fetchone()[0]:
            connection.execute(f"PRAGMA page_size = {size}")
            connection.execute("VACUUM")
