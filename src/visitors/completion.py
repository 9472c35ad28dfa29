"""Complete ids at TAB: those in the store that begin with the typed text. `visitors __complete KIND PREFIX`.

The shell waits for this process at every TAB, so it imports next to nothing, and any failure results in no candidates:
never a message, a traceback or a new file. Only ids that need no quoting in any shell are printed; names and emails
could contain anything.
"""

# ruff: noqa: PTH110, PTH111, PTH113, PTH123 - importing pathlib costs more than the query

from __future__ import annotations

import os
import sqlite3

from visitors.location import default_database, settings_file

TYPE_CHECKING = False  # importing the real one from typing costs more than the query
if TYPE_CHECKING:
    from typing import TextIO

APPLICATION_ID = 0x56535452
"""As in `store.schema`, which is too slow to import here."""

LIMIT = 100
"""The maximum number of candidates."""

_LONGEST = 128
_TIMEOUT = 0.2  # seconds
_STEPS = 2_000_000  # instructions of SQLite's virtual machine: stop searching after some tenths of a second
_LETTERS_AND_DIGITS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_TOKEN = _LETTERS_AND_DIGITS | frozenset("._:-")
_AFTER_ALL_TOKENS = "\x7f"

KINDS = {
    "visitors": ("visitors", "deleted_at IS NULL"),
    "deleted-visitors": ("visitors", "deleted_at IS NOT NULL"),
    "contacts": ("contacts", "deleted_at IS NULL AND merged_into IS NULL"),
    "deleted-contacts": ("contacts", "deleted_at IS NOT NULL AND merged_into IS NULL"),
    "conversations": ("conversations", "TRUE"),
    "operations": ("operations", "is_open IS NULL"),
}
"""What can be completed: the table, and which of its rows."""
STORES = "stores"
"""The kind that stands for the names of stores."""


def complete(arguments: list[str], out: TextIO) -> int:
    """Print the ids for `arguments`, `[--db PATH | --store NAME] KIND PREFIX`, one a line; always return 0.

    KIND is one of `KINDS`, or several separated by commas; or `stores`, for the names of stores.
    """
    try:
        option = given = ""
        if arguments[0] in ("--db", "--store"):
            option, given, *arguments = arguments
        kind, prefix = arguments
        if kind == STORES:
            found = sorted(name for name in _stores() if name.startswith(prefix) and _is_id(name))
        else:
            path = (_named(given) if option == "--store" else given) or _usual()
            found = _ids(os.path.expanduser(path), kind, prefix)
        out.writelines(f"{one}\n" for one in found)
        out.flush()
    except Exception:  # noqa: BLE001, S110 - at TAB there is nobody to tell
        pass
    return 0


def _usual() -> str:
    """Return the path of the store of commands that are not given one."""
    if path := os.environ.get("VISITORS_DB"):
        return path
    name = os.environ.get("VISITORS_STORE")
    return _named(name) if name else default_database()


def _named(name: str) -> str:
    return str(_stores()[name]["db"])


def _stores() -> dict[str, dict[str, object]]:
    """Read the entries of the settings file as they are; `visitors.named_stores` takes too long to import."""
    import tomllib

    with open(settings_file(), "rb") as file:
        stores: dict[str, dict[str, object]] = tomllib.load(file)["stores"]
    return stores


def _ids(path: str, kinds: str, prefix: str) -> list[str]:
    """Return at most `LIMIT` ids of `kinds` that begin with `prefix`: the first ones, and the last one, since the shell
    inserts the common prefix of all candidates. May raise anything.
    """
    if not _TOKEN.issuperset(prefix) or not os.path.isfile(path):
        return []
    connection = sqlite3.connect(_read_only_uri(os.path.realpath(path)), uri=True, timeout=_TIMEOUT)
    try:
        connection.set_progress_handler(lambda: 1, _STEPS)
        if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
            return []
        found: set[str] = set()
        for table, condition in [KINDS[kind] for kind in kinds.split(",")]:
            for order in (f"ASC LIMIT {LIMIT}", "DESC LIMIT 1"):
                rows = connection.execute(
                    f"SELECT id FROM {table} WHERE id >= ? AND id < ? AND {condition} ORDER BY id {order}",
                    (prefix, prefix + _AFTER_ALL_TOKENS),
                )
                found.update(value for (value,) in rows if _is_id(value))
        ids = sorted(found)
        return ids if len(ids) <= LIMIT else [*ids[: LIMIT - 1], ids[-1]]
    finally:
        connection.close()


def _is_id(value: object) -> bool:
    """Return whether `value` is formed like an id, so that no shell interprets any part of it."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return False
    return value[:1] in _LETTERS_AND_DIGITS and _TOKEN.issuperset(value)


def _read_only_uri(path: str) -> str:
    """Return a URI that opens the store at `path` for reading without creating files beside it.

    A store in WAL mode that nobody has open lacks its `-wal` and `-shm` files, which SQLite would create even for a
    reader; the main file is then complete, so it can be opened as immutable.
    """
    quoted = "".join(chr(byte) if chr(byte) in _TOKEN else f"%{byte:02X}" for byte in os.fsencode(path))
    with open(path, "rb") as file:
        is_wal = file.read(19)[18:] == b"\x02"
    if is_wal and not os.path.exists(f"{path}-wal"):
        return f"file:{quoted}?immutable=1"
    return f"file:{quoted}?mode=ro&readonly_shm=1"
