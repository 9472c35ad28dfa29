"""Open a store: find or create it, migrate it, and reject files that are not stores."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from visitors.errors import StoreProblem
from visitors.location import COMPANIONS
from visitors.store.file import sqlite
from visitors.store.file.sqlite import SqliteDatabase, connect, translated_errors
from visitors.store.places import File, Local, Memory, Place, Temporary
from visitors.store.schema.version import SCHEMA_VERSION, schema_version
from visitors.store.store import Store

_SET_UP = [
    ("PRAGMA foreign_keys = ON", ()),
    ("PRAGMA synchronous = FULL", ()),
    ("PRAGMA secure_delete = ON", ()),  # overwrite deleted content immediately
]

_SMALLEST_PAGE = 512
"""The minimum size of a database in bytes (https://sqlite.org/fileformat2.html, section 1.3.2)."""


def open_store(
    place: Local, *, timeout: float = 30.0, create: bool = True, before_migrating: Callable[[], None] | None = None
) -> Store:
    """Open the store at `place`, creating or migrating it if needed. Memory and temporary stores are always new.

    `timeout` is how many seconds to wait for another process's write; `before_migrating` may raise to leave an older
    store alone. New folders (0700) and the file (0600) are private to their owner. Raises StoreProblem if the store is
    missing and `create` is false, is not a store, is newer than this program, or cannot be opened.
    """
    if isinstance(place, Memory):
        store = _opened(connect(None), place, timeout)
        store.execute("PRAGMA temp_store = MEMORY")  # keep sorter spill off the disk too
        return store
    if isinstance(place, Temporary):
        return _open_temporary(timeout)
    with translated_errors(place.name):
        try:
            status = place.path.stat()
        except FileNotFoundError:
            if not create:
                raise StoreProblem(
                    f"no store found at {place.name}",
                    code="store_missing",
                    hint="check --db and VISITORS_DB; create, track and import create a new store",
                ) from None
            _make_empty(place.path)
        else:
            if not stat.S_ISREG(status.st_mode):
                _refuse_special(place, status.st_mode)
            if status.st_nlink > 1:
                from visitors.store.file.hard_links import refuse_hard_links

                refuse_hard_links(place.path)
        real = os.path.realpath(place.path)
        _refuse_links(real)
        if can_be_written(real):
            return _opened(connect(place.path, timeout=timeout), place, timeout, before_migrating)
        return _open_unwritable(place, Path(real), timeout)


def use_write_ahead_log(database: SqliteDatabase, timeout: float) -> None:
    """Switch to a write-ahead log; on file systems that cannot have one, keep the rollback journal.

    When several processes switch at once, SQLite reports all but one as locked without waiting for the busy timeout, so
    this retries for up to `timeout` seconds. Raises sqlite.OperationalError.
    """
    import time

    deadline = time.monotonic() + timeout
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite.OperationalError as error:
            if sqlite.primary_code(error) != sqlite.BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _make_empty(path: Path) -> None:
    from visitors.private import make_file, make_folders

    _refuse_long_name(path)
    make_folders(path.parent)
    try:
        os.close(make_file(path))
    except FileExistsError:
        refuse_dangling_link(path)  # otherwise another process was quicker


def refuse_dangling_link(path: Path) -> None:
    """Raise StoreProblem for a link to a missing file: creating that is left to whoever knows where it leads."""
    try:
        is_dangling = path.is_symlink() and not path.exists()
    except OSError:  # opening the file reports it
        return
    if is_dangling:
        raise StoreProblem(
            f"{path} is a link to a missing file",
            code="store_invalid",
            hint="remove the link, or use --db with the path of the file itself",
        )


def _refuse_long_name(path: Path) -> None:
    """Raise OSError if SQLite's files beside the store would have too long names."""
    for ending in COMPANIONS:
        try:
            path.with_name(path.name + ending).lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


def _refuse_special(place: File, mode: int) -> NoReturn:
    from visitors.file_types import kind_of

    kind = kind_of(mode)
    raise StoreProblem(
        f"{place.name} is {kind}, not a store",
        code="store_invalid",
        hint="use the path of a file"
        + (" in it, such as --db PATH/visitors.db" if kind == "a directory" else ": --db PATH"),
    )


def _refuse_links(real: str) -> None:
    """Reject symbolic links in place of SQLite's files beside the store: SQLite would write to their targets."""
    for ending in COMPANIONS:
        if os.path.islink(real + ending):  # noqa: PTH114 - at every start, and paths are slower
            raise StoreProblem(
                f"{real}{ending} is a symbolic link, but SQLite needs a regular file there",
                code="store_invalid",
                hint="find out who created it, and remove it; keep stores in a folder that only you can write to",
            )


def can_be_written(real: str) -> bool:
    """Return whether SQLite can write the store, and create its log, or already has one."""
    if not os.access(real, os.W_OK):
        return False
    return os.access(os.path.dirname(real), os.W_OK) or os.path.lexists(f"{real}-wal")  # noqa: PTH120 - at every start


def is_only_read_at_rest(real: Path) -> bool:
    """Return whether the store is read-only and complete in its file."""
    from visitors.store.file.readonly import companion, is_at_rest

    return not can_be_written(str(real)) and not companion(real, "-wal").exists() and is_at_rest(real)


def _open_unwritable(place: File, real: Path, timeout: float) -> Store:
    """Open a store that can only be read.

    In WAL mode SQLite creates files beside a store even to read it, which may be impossible, or leave files that the
    next writer cannot open. A store at rest is therefore opened as immutable, and checked for changes at the end of
    each transaction.
    """
    from visitors.store.file.readonly import refuse_changed, state

    with translated_errors(real):  # the file itself, if `path` is a link
        at_rest = is_only_read_at_rest(real)
        before = state(real)
    if not at_rest:
        return _opened(connect(place.path, timeout=timeout), place, timeout)
    store = _opened(connect(place.path, "immutable=1", timeout=timeout), place, timeout)
    store.when_read = lambda: refuse_changed(real, before)
    return store


def _open_temporary(timeout: float) -> Store:
    from tempfile import TemporaryDirectory

    from visitors.private import FOLDER_MODE

    # private to the owner; removed at the latest when the interpreter exits
    folder = TemporaryDirectory(prefix="visitors-", ignore_cleanup_errors=True)
    try:
        Path(folder.name).chmod(FOLDER_MODE)
        store = open_store(File.at(Path(folder.name) / "visitors.db"), timeout=timeout)
    except BaseException:
        folder.cleanup()
        raise
    store.when_closed = folder.cleanup
    return store


def _refuse_fragments(place: Place) -> None:
    """Reject a file shorter than any database: SQLite would take it for an empty one and overwrite it."""
    if isinstance(place, File) and 0 < place.path.stat().st_size < _SMALLEST_PAGE:
        raise sqlite.problem(sqlite.NOT_A_DATABASE, place.name)


def _opened(
    database: SqliteDatabase, place: Place, timeout: float, before_migrating: Callable[[], None] | None = None
) -> Store:
    # a rollback journal beside the file itself; the first read consumes it
    was_killed = isinstance(place, File) and os.path.lexists(f"{os.path.realpath(place.path)}-journal")
    try:
        version = schema_version(database, place.name)
        database.batch(_SET_UP)
        if version == SCHEMA_VERSION:
            if was_killed:
                from visitors.store.file.first_load import restore_log

                restore_log(database)
            return Store(database, place)
        from visitors.store.file.migrating import make, migrate

        if version == 0:
            _refuse_fragments(place)
            make(database, place, timeout)
            return Store(database, place)
        assert isinstance(place, File)
        if before_migrating is not None:
            before_migrating()
        return Store(database, place, backup=migrate(database, place))
    except BaseException:
        database.close()
        raise
