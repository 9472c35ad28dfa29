"""Create files and folders that only their owner can read, whatever the umask."""

from __future__ import annotations

import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_file(path: Path) -> int:
    """Create a file, open for reading and writing; an existing one or a link at `path`, even a dangling one, is neither
    opened nor followed. Raises FileExistsError and other OSErrors.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
    set_mode(descriptor)
    return descriptor


def set_mode(descriptor: int, mode: int = FILE_MODE) -> None:
    """Set the mode of an open file, since the umask may have removed bits at its creation."""
    if hasattr(os, "fchmod"):  # not on Windows
        os.fchmod(descriptor, mode)


def make_folders(folder: Path) -> None:
    """Create a folder and its missing parents. Raises OSError."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folders(folder.parent)
    try:
        folder.mkdir(FOLDER_MODE)
        folder.chmod(FOLDER_MODE)
    except FileExistsError:  # another process was quicker
        if not folder.is_dir():
            raise
