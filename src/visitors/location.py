"""The default locations of the store and the settings file: the platform's folders for data and configuration.

platformdirs knows these folders on every platform, but importing it takes longer than completing an id may. So the two
simple platforms are handled here, and a test compares the results.
"""

# ruff: noqa: PTH118 - importing pathlib costs more than the query at a TAB

from __future__ import annotations

import os
import sys

MEMORY = ":memory:"
"""A store that is never written to disk."""
TEMPORARY = ":temp:"
"""A store that is deleted when closed."""
COMPANIONS = ("-wal", "-shm", "-journal")
"""The suffixes of the files that SQLite keeps beside a store."""
UNFINISHED = ".partial"
"""The suffix of temporary folders with files being written; their names also begin with a dot."""


def default_database() -> str:
    """Return the path of the default store."""
    home = os.environ.get("HOME", "")
    data = os.environ.get("XDG_DATA_HOME", "")
    if sys.platform == "linux" and (data or home).startswith("/") and "ANDROID_ROOT" not in os.environ:
        return os.path.join(data or f"{home.rstrip('/')}/.local/share", "visitors", "visitors.db")
    if sys.platform == "darwin" and not data and home.startswith("/"):
        return os.path.join(home.rstrip("/"), "Library/Application Support", "visitors", "visitors.db")
    return platform_database()


def platform_database() -> str:
    """Return the path of the default store, from platformdirs."""
    import platformdirs

    return os.path.join(platformdirs.user_data_dir("visitors", appauthor=False), "visitors.db")


def settings_file() -> str:
    """The path of the file that names stores."""
    home = os.environ.get("HOME", "")
    configuration = os.environ.get("XDG_CONFIG_HOME", "")
    if sys.platform == "linux" and (configuration or home).startswith("/") and "ANDROID_ROOT" not in os.environ:
        return os.path.join(configuration or f"{home.rstrip('/')}/.config", "visitors", "config.toml")
    if sys.platform == "darwin" and not configuration and home.startswith("/"):
        return os.path.join(home.rstrip("/"), "Library/Application Support", "visitors", "config.toml")
    return platform_settings_file()


def platform_settings_file() -> str:
    """The path of the file that names stores, as platformdirs has it."""
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("visitors", appauthor=False), "config.toml")
