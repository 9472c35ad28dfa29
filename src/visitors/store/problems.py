"""What SQLite and the file system say about a store, in our words: what happened, and what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visitors.errors import Conflict, InvalidData, StoreProblem

READING_FAILED = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged store may raise: Python fails to say what SQLite says where damaged text is part of that."""


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say about the store into StoreProblem."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error
    except UnicodeDecodeError as error:
        code, what, hint = _ADVICE[sqlite3.SQLITE_CORRUPT]
        raise StoreProblem(f"the store {path} {what}", code=code, hint=hint) from error
    except UnicodeEncodeError as error:
        # a parameter of a statement: an argument that was not UTF-8, which nobody looked at before
        raise InvalidData(f"{error.object[:40]!r} contains a lone surrogate", code="invalid_text") from error
    except OSError as error:
        if error.filename is None or Path(str(error.filename)) not in (path, *path.parents):
            raise
        raise StoreProblem(
            f"cannot open the store {path}: {error.strerror}",
            code="store_unwritable",
            hint="check the path and its permissions, or name another with --db",
        ) from error


# SQLite's primary result code -> our code, what happened, what to do about it.
_ADVICE: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_BUSY: ("store_locked", "is locked by another process", "try again, or raise VISITORS_TIMEOUT"),
    sqlite3.SQLITE_LOCKED: ("store_locked", "is locked by another process", "try again, or raise VISITORS_TIMEOUT"),
    sqlite3.SQLITE_NOTADB: (
        "store_invalid",
        "is not a SQLite database",
        "name another file with --db; if it was a store: visitors db check",
    ),
    sqlite3.SQLITE_CORRUPT: ("store_corrupt", "is damaged", "visitors db check tells what is wrong and what helps"),
    sqlite3.SQLITE_READONLY: ("store_unwritable", "is read-only", "check the permissions of the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: ("store_unwritable", "cannot be opened", "check the path and its permissions"),
    sqlite3.SQLITE_PERM: ("store_unwritable", "cannot be opened", "check the path and its permissions"),
    sqlite3.SQLITE_FULL: (
        "disk_full",
        "cannot grow: the disk is full",
        "free some space, there or in the temporary folder (SQLITE_TMPDIR); nothing was written",
    ),
    sqlite3.SQLITE_IOERR: ("store_io", "cannot be read or written", "check the disk; nothing was written"),
}


def primary_code(error: Exception) -> int:
    """SQLite's primary result code; 0 for an error that Python's driver made up."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


_OF_DAMAGE = "unsupported file format"
"""What SQLite says, without a code of its own, of a header that no version of it writes."""


def _translate(error: sqlite3.Error, path: Path) -> Exception:
    result = getattr(error, "sqlite_errorcode", None)
    if result in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return Conflict(f"the store {path} has this already ({error})", code="exists")
    if str(error) == _OF_DAMAGE:
        result = sqlite3.SQLITE_CORRUPT
    if result is None or (result & 0xFF) not in _ADVICE:
        return error
    code, what, hint = _ADVICE[result & 0xFF]
    return StoreProblem(f"the store {path} {what}", code=code, hint=hint)
