"""Write a file completely in a temporary folder, then move it into place."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visitors.errors import Conflict, FileProblem, StoreProblem
from visitors.file_types import refuse_special
from visitors.unfinished import unfinished_folder

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """Yield a path for a new file, in a private folder beside `target` that is removed at the end.

    Raises StoreProblem when the disk is full, and FileProblem when the folder is not writable.
    """
    try:
        with unfinished_folder(target.parent) as folder:
            yield folder / "visitors.db"
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(target) from error
        raise FileProblem(f"cannot write {target}: {error.strerror or error}") from error


def disk_full(target: Path) -> StoreProblem:
    """Make the error for a full disk."""
    return StoreProblem(
        f"cannot write {target}: the disk is full", code="disk_full", hint="free some space; nothing was written"
    )


def refuse_small_disk(
    folder: Path, needed: int, doing: str, hint: str = "free some space; nothing was written"
) -> None:
    """Raise StoreProblem if fewer than `needed` bytes are free in the folder, as far as the file system reports it."""
    try:
        room = shutil.disk_usage(folder)
    except OSError:
        return
    if room.free < needed and room.total:  # some file systems do not report free space
        raise StoreProblem(
            f"{doing} needs {needed:,} bytes in {folder}, but only {room.free:,} are free", code="disk_full", hint=hint
        )


def put_in_place(made: Path, target: Path, *, replace: bool = False) -> None:
    """Move a finished file to `target`, synced to disk and private to its owner.

    An existing file is replaced (of a symbolic link, the link itself, not its target); without `replace`, raises
    Conflict. Raises FileProblem if `target` is not a regular file.
    """
    refuse_special(target)
    made.chmod(0o600)
    _sync(made, os.O_RDWR)
    if replace:
        made.replace(target)
    else:
        _put_new(made, target)
    _sync(target.parent, os.O_RDONLY)


def refuse_existing(target: Path) -> None:
    """Raise Conflict if `target` exists, even as a dangling symbolic link."""
    if os.path.lexists(target):
        raise Conflict(
            f"{target} already exists", code="file_exists", hint="use another file, or add --force to overwrite it"
        )


def _put_new(made: Path, target: Path) -> None:
    try:
        target.hardlink_to(made)  # fails atomically if the target exists
        made.unlink()
    except FileExistsError:
        refuse_existing(target)
        raise
    except OSError:  # a file system without hard links
        refuse_existing(target)
        made.replace(target)


def _sync(path: Path, flags: int) -> None:
    """Sync a file or folder to disk; a folder only where the system can open it."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
