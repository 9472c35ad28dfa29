"""Making a file beside the place where it is to stand, and putting it there whole."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visitors.errors import Conflict, FileProblem, StoreProblem
from visitors.file_kinds import refuse_special
from visitors.unfinished import unfinished_folder

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """The path of a file to make, in a folder beside `target` that only its owner can enter, and that goes at the end.

    Raises StoreProblem when the disk is full, and FileProblem when nothing can be written there.
    """
    try:
        with unfinished_folder(target.parent) as folder:
            yield folder / "visitors.db"
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(target) from error
        raise FileProblem(f"cannot write {target}: {error.strerror or error}") from error


def disk_full(target: Path) -> StoreProblem:
    """The error for a file that does not fit."""
    return StoreProblem(
        f"cannot write {target}: the disk is full", code="disk_full", hint="free some space; nothing was written"
    )


def refuse_small_disk(
    folder: Path, needed: int, doing: str, hint: str = "free some space; nothing was written"
) -> None:
    """Raises StoreProblem when fewer than the `needed` bytes are free in the folder, as far as that can be told."""
    try:
        room = shutil.disk_usage(folder)
    except OSError:
        return
    if room.free < needed and room.total:  # some file systems do not know how much they have
        raise StoreProblem(
            f"{doing} takes {needed:,} bytes in {folder}, and {room.free:,} are free", code="disk_full", hint=hint
        )


def put_in_place(made: Path, target: Path, *, replace: bool = False) -> None:
    """Let the file that was made stand at `target`, on disk for good, private to its owner.

    A file that stands there is replaced, a symbolic link itself and not what it points to; without `replace`,
    Conflict is raised instead. Raises FileProblem for what is no regular file.
    """
    refuse_special(target)
    made.chmod(0o600)
    _sync(made, os.O_RDWR)
    if replace:
        made.replace(target)
    else:
        _put_where_nothing_is(made, target)
    _sync(target.parent, os.O_RDONLY)


def refuse_existing(target: Path) -> None:
    """Raises Conflict when something stands at `target`, were it a symbolic link that leads nowhere."""
    if os.path.lexists(target):
        raise Conflict(f"{target} exists already", code="file_exists", hint="name another file, or add --force")


def _put_where_nothing_is(made: Path, target: Path) -> None:
    try:
        target.hardlink_to(made)  # fails where something is, and needs no look beforehand
        made.unlink()
    except FileExistsError:
        refuse_existing(target)
        raise
    except OSError:  # a file system without hard links
        refuse_existing(target)
        made.replace(target)


def _sync(path: Path, flags: int) -> None:
    """Have what was written reach the disk; of a folder only where the system lets it be opened."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
