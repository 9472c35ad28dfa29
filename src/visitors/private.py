"""Files and folders that only their owner may read, whatever the umask of whoever starts this."""

from __future__ import annotations

import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_file(path: Path) -> int:
    """A new file, open for reading and writing; nothing at `path` is opened or followed, not even a link to
    nothing. Raises FileExistsError and other OSErrors.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
    set_mode(descriptor)
    return descriptor


def set_mode(descriptor: int, mode: int = FILE_MODE) -> None:
    """Give an open file its mode: a umask may have taken bits away when it was made."""
    if hasattr(os, "fchmod"):  # Windows has none of this
        os.fchmod(descriptor, mode)


def make_folders(folder: Path) -> None:
    """Make a folder, and those above it that are missing. Raises OSError."""
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
