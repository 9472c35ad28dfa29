"""Opening a store: finding it or making it, bringing it up to date, and refusing what is none."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from visitors.errors import StoreProblem
from visitors.location import COMPANIONS, MEMORY, TEMPORARY
from visitors.store.connection import WRITING_KIBIBYTES, Store
from visitors.store.problems import translated_errors
from visitors.store.schema import SCHEMA_VERSION, schema_version


def open_store(path: Path, *, timeout: float = 30.0, create: bool = True) -> Store:
    """Open the store at `path`, making or migrating it when needed. `:memory:` and `:temp:` are always new
    ones: the first never touches the disk, the second is deleted when it is closed.

    `timeout` is how many seconds to wait for another process's write. Folders that are made for it are
    private to their owner (0700), and so is the file (0600). Raises StoreProblem when the store is missing and
    `create` is false, is no store, is newer than this program, or cannot be opened.
    """
    if str(path) == MEMORY:
        store = _opened(path, timeout)
        store.execute("PRAGMA temp_store = MEMORY")  # what is sorted stays off the disk, too
        return store
    if str(path) == TEMPORARY:
        return _open_temporary(timeout)
    if path.is_dir():
        raise StoreProblem(
            f"{path} is a directory, not a store", code="store_invalid", hint="name a file in it: --db PATH/visitors.db"
        )
    with translated_errors(path):
        if not path.exists():
            if not create:
                raise StoreProblem(
                    f"there is no store at {path}",
                    code="store_missing",
                    hint="check --db and VISITORS_DB; create, track and import make a new one",
                )
            _make_empty(path)
        _refuse_links(path)
        return _opened(path, timeout)


def _make_empty(path: Path) -> None:
    from visitors.private import make_file, make_folders

    make_folders(path.parent)
    try:
        os.close(make_file(path))
    except FileExistsError:  # another process was quicker
        if path.is_symlink() and not path.exists():
            raise StoreProblem(
                f"{path} is a link to a file that is not there",
                code="store_invalid",
                hint="remove the link, or name the file itself with --db",
            ) from None


def _refuse_links(path: Path) -> None:
    """SQLite writes to the files beside the store; it would follow a link that somebody put there."""
    real = os.path.realpath(path)
    for ending in COMPANIONS:
        if os.path.islink(real + ending):  # noqa: PTH114 - at every start, and paths are slower
            raise StoreProblem(
                f"{real}{ending} is a symbolic link, where SQLite keeps a file of its own",
                code="store_invalid",
                hint="find out who made it, and remove it; keep stores in a folder that only you can write",
            )


def _opened(path: Path, timeout: float) -> Store:
    if _cannot_change(path):
        name = f"{path.absolute().as_uri()}?immutable=1"
        connection = sqlite3.connect(name, timeout=timeout, isolation_level=None, uri=True)
    else:
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    writer_was_killed = os.path.lexists(
        f"{os.path.realpath(path)}-journal"
    )  # beside the store, not beside a link to it
    try:
        backup = _prepare(connection, path, timeout)
        if writer_was_killed:
            from visitors.store.journal import use_log_again

            use_log_again(connection)
    except BaseException:
        connection.close()
        raise
    return Store(connection, path, backup)


def _cannot_change(path: Path) -> bool:
    """Whether the store is on a file system that nobody can write, with nothing beside it that belongs to it.

    SQLite makes files beside a store in WAL mode even to read it; when nothing can change, it need not.
    """
    if not hasattr(os, "statvfs") or str(path) == MEMORY:
        return False
    if not os.statvfs(path).f_flag & os.ST_RDONLY:
        return False
    real = path.resolve()
    return not real.with_name(f"{real.name}-wal").exists()


def _open_temporary(timeout: float) -> Store:
    from tempfile import TemporaryDirectory

    from visitors.private import FOLDER_MODE, make_file

    # which only its owner can enter; gone at the latest when the interpreter ends
    folder = TemporaryDirectory(prefix="visitors-", ignore_cleanup_errors=True)
    path = Path(folder.name) / "visitors.db"
    try:
        with translated_errors(path):
            path.parent.chmod(FOLDER_MODE)
            os.close(make_file(path))
            store = _opened(path, timeout)
    except BaseException:
        folder.cleanup()
        raise
    store.when_closed = folder.cleanup
    return store


def migrate_store(path: Path, *, timeout: float = 30.0) -> Path | None:
    """Bring the store at `path` up to date. Returns where the backup went, None if nothing was to do.

    Raises StoreProblem, also when there is no store.
    """
    with open_store(path, timeout=timeout, create=False) as store:
        return store.backup


def _prepare(connection: sqlite3.Connection, path: Path, timeout: float) -> Path | None:
    version = schema_version(connection, path)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # what is removed is overwritten, at once
    if version < SCHEMA_VERSION:
        connection.execute(f"PRAGMA cache_size = -{WRITING_KIBIBYTES}")
        from visitors.store.migrations import migrate

        return migrate(connection, path, timeout)
    return None
