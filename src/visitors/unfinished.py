"""Where a file is made before it gets its name: in a folder beside that, which is locked for as long as it is used.

The system frees the lock when the process ends, however it ends. So a folder that nobody holds was left by a process
that was killed, and may go at once; that is as true of a process in another container.
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
except ImportError:  # Windows, where nothing is told to be left behind
    fcntl = None  # type: ignore[assignment]

_BEGINS = ".visitors-"


@contextmanager
def unfinished_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, private to its owner, that goes at the end with what is in it. Those that were left
    behind there go first. Raises OSError.
    """
    remove_left_behind(parent)
    with ExitStack() as stack:
        is_made = False
        while not is_made:
            folder = parent / f"{_BEGINS}{os.urandom(8).hex()}{UNFINISHED}"
            # named before it is made: whoever is stopped in between knows what to take away
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            is_made = _make(folder, stack)
        yield folder


def unfinished_in(parent: Path) -> list[Path]:
    """The folders in `parent` in which a process makes a file, or made one when it was killed."""
    try:
        with os.scandir(parent) as entries:
            names = sorted(
                one.name
                for one in entries
                if one.name.startswith(_BEGINS) and one.name.endswith(UNFINISHED) and one.is_dir(follow_symlinks=False)
            )
    except OSError:  # a folder may be there to be passed, not to be read
        return []
    return [parent / name for name in names]


def left_behind(parent: Path) -> list[Path]:
    """Those of them that no process holds."""
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
    """Make the folder, and lock it until the stack is closed. Whether it is there then: another process may have come
    before the lock, and taken it for one that was left behind.
    """
    folder.mkdir(FOLDER_MODE)
    try:
        folder.chmod(folder.stat().st_mode | FOLDER_MODE)  # a umask may have taken bits away
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
    """Whether nobody holds the folder, as nobody else can then until the end of the block."""
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
