"""Temporary folders for files under construction: beside the target, and locked while in use.

The system releases the lock when the process ends in any way, so a folder without a lock was left by a killed process,
and can be removed at once, even if that process was in another container.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from visitors.location import UNFINISHED
from visitors.private import FOLDER_MODE

try:
    import fcntl
except ImportError:  # Windows, where left-over folders are not detected
    fcntl = None  # type: ignore[assignment]

_BEGINS = ".visitors-"


@contextmanager
def unfinished_folder(parent: Path) -> Iterator[Path]:
    """Make a private folder in `parent`, removed at the end with its content. Left-over ones there are removed first.
    Raises OSError.
    """
    remove_left_behind(parent)
    with ExitStack() as stack:
        is_made = False
        while not is_made:
            folder = parent / f"{_BEGINS}{os.urandom(8).hex()}{UNFINISHED}"
            # named before it is created, so that whoever is interrupted in between knows what to remove
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            is_made = _make(folder, stack)
        yield folder


def unfinished_in(parent: Path) -> list[Path]:
    """Return the folders in `parent` in which a process is making a file, or was when it was killed."""
    try:
        with os.scandir(parent) as entries:
            names = sorted(
                one.name
                for one in entries
                if one.name.startswith(_BEGINS) and one.name.endswith(UNFINISHED) and one.is_dir(follow_symlinks=False)
            )
    except OSError:  # a folder may allow access but not listing
        return []
    return [parent / name for name in names]


def left_behind(parent: Path) -> list[Path]:
    """Return those that no process holds."""
    found = []
    for folder in unfinished_in(parent):
        with _locked(folder) as is_ours:
            if is_ours:
                found.append(folder)
    return found


def remove_left_behind(parent: Path) -> None:
    """Remove those that no process holds, if they belong to this user."""
    for folder in unfinished_in(parent):
        with _locked(folder) as is_ours, suppress(OSError):
            if is_ours and folder.stat().st_uid == os.geteuid():
                shutil.rmtree(folder, ignore_errors=True)


def _make(folder: Path, stack: ExitStack) -> bool:
    """Create the folder, and lock it until the stack is closed. Return whether it still exists: another process may
    have removed it before it was locked, as a left-over one.
    """
    folder.mkdir(FOLDER_MODE)
    try:
        folder.chmod(folder.stat().st_mode | FOLDER_MODE)  # the umask may have removed bits
        if fcntl is not None:
            held = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, held)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(held, fcntl.LOCK_EX)
    except FileNotFoundError:
        return False
    return folder.is_dir()


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock the folder for the block, and yield whether that succeeded: if so, nobody else holds it."""
    if fcntl is None:
        yield False
        return
    with ExitStack() as stack:
        try:
            held = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            stack.callback(os.close, held)
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            is_ours = False
        else:
            is_ours = True
        yield is_ours
