"""Where the store is unless somebody says otherwise: the platform's folder for a user's application data.

platformdirs knows that folder for every platform. Importing it costs more than completing an id may
take, so the two platforms whose answer is short are answered here, and a test holds them equal.
"""

# ruff: noqa: PTH118 - importing pathlib costs more than the query at a TAB

from __future__ import annotations

import os
import sys

MEMORY = ":memory:"
"""Stands for a store that never touches the disk."""
TEMPORARY = ":temp:"
"""Stands for a store that is deleted when it is closed."""
COMPANIONS = ("-wal", "-shm", "-journal")
"""What the names of the files that SQLite keeps beside a store end in."""
UNFINISHED = ".partial"
"""What the names end in, and begin with a dot, of folders in which files are still being written."""


def default_database() -> str:
    """The path of the default store."""
    home = os.environ.get("HOME", "")
    data = os.environ.get("XDG_DATA_HOME", "")
    if sys.platform == "linux" and (data or home).startswith("/") and "ANDROID_ROOT" not in os.environ:
        return os.path.join(data or f"{home.rstrip('/')}/.local/share", "visitors", "visitors.db")
    if sys.platform == "darwin" and not data and home.startswith("/"):
        return os.path.join(home.rstrip("/"), "Library/Application Support", "visitors", "visitors.db")
    return platform_database()


def platform_database() -> str:
    """The path of the default store, as platformdirs has it."""
    import platformdirs

    return os.path.join(platformdirs.user_data_dir("visitors", appauthor=False), "visitors.db")
