"""Read a store, or a copy of one, without changing the file or anything beside it.

SQLite creates a log and its index beside a store in WAL mode whenever it is read. A store at rest is therefore opened
as immutable, and one with a log is read with that log. A log without its index, or the rollback journal of
a killed process, has to be applied first: that is done to a copy in the temporary folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar

from visitors.errors import StoreProblem
from visitors.file_types import kind_of
from visitors.location import COMPANIONS
from visitors.store.file.atomic_file import refuse_small_disk
from visitors.store.file.sqlite import READ_ONLY, OperationalError, SqliteDatabase, connect, primary_code
from visitors.unfinished import unfinished_folder

Result = TypeVar("Result")

State = tuple[int, int, int, int]
"""A value that differs after a write."""

_LOG, _LOG_INDEX, _JOURNAL = COMPANIONS

# Byte 19 of a database file: the read format version; 2 is WAL.
_READ_VERSION, _WAL = 19, 2


def companion(path: Path, ending: str) -> Path:
    """Return the file beside the store with this suffix."""
    return path.with_name(path.name + ending)


def size_with_log(path: Path) -> int:
    """Return the size in bytes of the store and its log."""
    return size(path) + size(companion(path, _LOG))


def read_snapshot(path: Path, read: Callable[[SqliteDatabase], Result], *, timeout: float = 30.0) -> Result:
    """Call `read` on a snapshot of the database at `path`, without changing it.

    `read` has to check whether it is a store; in errors it is called `path`, wherever it is read from. `read` may be
    called twice, if the file changed meanwhile. Raises sqlite.Error, OSError, and StoreProblem if there is nothing at
    `path`, or the temporary folder has no room for a copy that is needed.
    """
    refuse_missing(path)
    if size(companion(path, _LOG)) == 0 or companion(path, _LOG_INDEX).exists():
        if is_at_rest(path):
            before = state(path)
            try:
                result = _read(path, "mode=ro&immutable=1", path, read, timeout)
            except Exception:
                if state(path) == before:
                    raise
            else:
                if state(path) == before:
                    return result
            # written meanwhile, so no longer at rest
        try:
            return _read(path, "mode=ro", path, read, timeout)
        except OperationalError as error:
            # SQLite knows whether a journal is that of a process that is still writing
            if primary_code(error) != READ_ONLY or size(companion(path, _JOURNAL)) == 0:
                raise
    with _copied(path) as copy:
        return _read(copy, "mode=rw", path, read, timeout)


def is_at_rest(path: Path) -> bool:
    """Return whether the file alone has the whole store, and normal reading would create a log."""
    with path.open("rb") as file:
        header = file.read(_READ_VERSION + 1)
    return header[_READ_VERSION:] == bytes([_WAL]) and size(companion(path, _LOG)) == 0


def state(path: Path) -> State:
    """Return the state of the store: a different value after a write."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, size(companion(path, _LOG))


def refuse_changed(path: Path, before: State) -> None:
    """Raise StoreProblem if the store was written since reading began."""
    if state(path) != before:
        raise StoreProblem(
            f"the store {path} was written to while being read, and cannot be locked without write permission",
            code="store_locked",
            hint="try again",
        )


def refuse_missing(path: Path) -> None:
    """Raise StoreProblem if there is no regular file at `path`, and OSError."""
    try:
        kind = kind_of(path.stat().st_mode)
    except FileNotFoundError:
        raise StoreProblem(f"no store found at {path}", code="store_missing", hint="check the path") from None
    if kind is not None:
        hint = "use the path of a file in it" if kind == "a directory" else "use the path of a file"
        raise StoreProblem(f"{path} is {kind}, not a store", code="store_invalid", hint=hint)


def _read(path: Path, mode: str, shown: Path, read: Callable[[SqliteDatabase], Result], timeout: float) -> Result:
    with connect(path, mode, timeout=timeout, shown=str(shown)) as database:
        database.execute("BEGIN")
        return read(database)


def size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    files = [ending for ending in ("", _LOG, _JOURNAL) if companion(path, ending).exists()]
    with unfinished_folder(Path(gettempdir())) as folder:
        needed = sum(size(companion(path, ending)) for ending in files)
        hint = "free some space, or set TMPDIR to another temporary folder"
        refuse_small_disk(folder.parent, needed, f"reading {path}", hint)
        copy = folder / "visitors.db"
        for ending in files:
            shutil.copyfile(companion(path, ending), companion(copy, ending))
        yield copy
