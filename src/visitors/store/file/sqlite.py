"""SQLite through the standard library: the only module that knows `sqlite3`, its errors and its codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Self

from visitors.errors import Conflict, InvalidData, StoreProblem, closed, in_another_thread, moved
from visitors.location import MEMORY
from visitors.store.database import Commit, Row, Statement
from visitors.store.schema.recorded import LEFT_OPEN

OLDEST = (3, 37, 0)
"""The oldest SQLite with everything that the schema uses: STRICT tables."""

Cursor = sqlite3.Cursor
Error = sqlite3.Error
OperationalError = sqlite3.OperationalError
IntegrityError = sqlite3.IntegrityError

MISUSE = (sqlite3.Warning, sqlite3.ProgrammingError)
"""The driver's error for invalid use, such as two statements at once."""

READING_FAILED = (sqlite3.Error, UnicodeDecodeError)
"""Errors while reading a damaged store: Python cannot decode SQLite's message if it contains damaged text."""

BUSY: Final = sqlite3.SQLITE_BUSY
LOCKED: Final = sqlite3.SQLITE_LOCKED
FULL: Final = sqlite3.SQLITE_FULL
CORRUPT: Final = sqlite3.SQLITE_CORRUPT
NOT_A_DATABASE: Final = sqlite3.SQLITE_NOTADB
IO_ERROR: Final = sqlite3.SQLITE_IOERR
CANNOT_OPEN: Final = sqlite3.SQLITE_CANTOPEN
READ_ONLY: Final = sqlite3.SQLITE_READONLY
NO_PERMISSION: Final = sqlite3.SQLITE_PERM
SOME_ERROR: Final = sqlite3.SQLITE_ERROR
INTERRUPTED: Final = sqlite3.SQLITE_INTERRUPT

LONGEST_VALUE = 100_000_000
"""The maximum size in bytes of a value in a user's query, to limit memory."""

_INSTRUCTIONS = 10_000
"""The number of instructions between two calls of a query's progress handler: at most a millisecond."""

_UNREADABLE = "Could not decode to UTF-8"

# See https://sqlite.org/c3ref/c_deterministic.html: functions without side effects, and those allowed in statements
# only.
_INNOCUOUS, _DIRECT_ONLY = 0x200000, 0x080000
# Not every version flags the JSON functions as harmless.
_HARMLESS = "SELECT name FROM pragma_function_list WHERE flags & ? = ? OR name GLOB 'json*' OR name IN ('->', '->>')"


class SqliteDatabase:
    """A `Database` in a file or in memory. Transactions begin explicitly."""

    refusals: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        """Its name in errors."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open. Raises UsageProblem when the database is closed."""
        with translated_errors(self.name):
            return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = (), /) -> sqlite3.Cursor:
        """Run one statement with parameters in order or by name; its rows are fetched lazily."""
        return self._connection.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]], /) -> None:
        """Run one statement for each of `parameters` immediately."""
        self._connection.executemany(sql, parameters)

    def begin(self, kind: str, /) -> None:
        """Begin a transaction."""
        self._connection.execute(f"BEGIN {kind}")

    def later(self, sql: str, parameters: Sequence[object] = (), /) -> None:
        """Run one statement immediately: a file has no latency."""
        self._connection.execute(sql, parameters)

    def commit(self, last: Commit, /) -> bool:
        """Commit, or roll back if the condition of `last` is false."""
        self.batch(last.first)
        if last.needs is not None and self.execute(*last.needs).fetchone() is None:
            self.rollback()
            return False
        self.batch(last.last)
        self._connection.execute("COMMIT")
        return True

    def rollback(self) -> None:
        """Roll back the transaction."""
        self._connection.execute("ROLLBACK")

    def batch(self, statements: Sequence[Statement], /) -> list[sqlite3.Cursor]:
        """Run statements one after another; return the result of each."""
        return [self._connection.execute(sql, parameters) for sql, parameters in statements]

    def stream(self, sql: str, parameters: Sequence[object] = (), /) -> Iterator[Row]:
        """Iterate over the rows of a statement."""
        return self._connection.execute(sql, parameters)

    def translated_errors(self) -> AbstractContextManager[None]:
        """Convert errors of this database; see the function `translated_errors`."""
        return translated_errors(self.name)

    def confine(
        self, may_read: Callable[[str, str, str | None, str | None], bool], goes_on: Callable[[], bool]
    ) -> None:
        """Restrict the connection to queries of tables that they `may_read`, and to functions that only use their
        arguments.

        Whatever is not known to be harmless is rejected. `may_read` is given a table, a column (`""`: none), and the
        database and the view through which it is read, where SQLite reports these. `goes_on` is called repeatedly while
        a query runs, and stops it by returning false.
        """
        functions = {name for (name,) in self._connection.execute(_HARMLESS, (_INNOCUOUS | _DIRECT_ONLY, _INNOCUOUS))}
        for function in ("json_each", "json_tree"):  # creating such a table is not allowed in a query, so do it now
            self._connection.execute(f"SELECT 1 FROM {function}('[]')")

        def judge(action: int, first: str | None, second: str | None, database: str | None, view: str | None) -> int:
            allowed = (
                action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
                or (action == sqlite3.SQLITE_READ and may_read(str(first), str(second), database, view))
                or (action == sqlite3.SQLITE_FUNCTION and str(second).lower() in functions)
            )
            return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._connection.set_progress_handler(lambda: not goes_on(), _INSTRUCTIONS)
        self._connection.set_authorizer(judge)

    def hand_to(self, library: Callable[[sqlite3.Connection], object]) -> None:
        """Pass the underlying connection to a library that takes one from the standard library."""
        library(self._connection)

    def copy_to(self, target: SqliteDatabase, pages: int, progress: Callable[[int, int, int], object]) -> None:
        """Copy all pages to another database, `pages` at a time; `progress` is called in between with SQLite's status,
        the remaining and the total number of pages. Raises Error.
        """
        self._connection.backup(target._connection, pages=pages, progress=progress)

    def close(self) -> None:
        """Close the connection, rolling back an open transaction. Raises UsageProblem in another thread than it was
        opened in.
        """
        with translated_errors(self.name):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(path: Path | None, options: str | None = None, *, timeout: float = 30.0, shown: str = "") -> SqliteDatabase:
    """Connect to the database at `path`, or in memory. Raises Error; StoreProblem if SQLite is too old.

    The path is made absolute, since many builds of SQLite take a relative one that begins with `file:` for a URI.
    `options` are SQLite's URI parameters, such as `mode=ro`.
    """
    refuse_old_sqlite(sqlite3.sqlite_version_info)
    if path is None:
        return SqliteDatabase(sqlite3.connect(MEMORY, isolation_level=None), shown or MEMORY)
    absolute = path.absolute()
    name = str(absolute) if options is None else f"{absolute.as_uri()}?{options}"
    connection = sqlite3.connect(name, timeout=timeout, isolation_level=None, uri=options is not None)
    return SqliteDatabase(connection, shown or str(path))


def refuse_old_sqlite(version: tuple[int, ...]) -> None:
    """Raise StoreProblem if this Python's SQLite lacks features that the schema uses."""
    if version < OLDEST:
        found, oldest = (".".join(map(str, one)) for one in (version, OLDEST))
        raise StoreProblem(
            f"this Python has SQLite {found}, but stores need {oldest} or later",
            code="sqlite_too_old",
            hint="use another Python; to see its version of SQLite: python -c 'import sqlite3; "
            "print(sqlite3.sqlite_version)'",
        )


def statements(script: str) -> Iterator[str]:
    """Split a script into statements: each ends with a semicolon at the end of a line."""
    begun = ""
    for line in script.splitlines(keepends=True):
        begun += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(begun):
            yield begun
            begun = ""


@contextmanager
def translated_errors(name: object) -> Iterator[None]:
    """Convert errors of SQLite and the file system about the store called `name` to those of `visitors.errors`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, name) from error
    except UnicodeDecodeError as error:
        raise problem(CORRUPT, name) from error
    except UnicodeEncodeError as error:
        # a parameter of a statement: an unvalidated argument that was not UTF-8
        raise InvalidData(f"{error.object[:40]!r} contains a lone surrogate", code="invalid_text") from error
    except OSError as error:
        path = Path(str(name))
        if error.filename is None or Path(str(error.filename)) not in (path, *path.parents):
            raise
        raise StoreProblem(
            f"cannot open the store {name}: {error.strerror}",
            code="store_unwritable",
            hint="check the path and its permissions, or use another with --db",
        ) from error


# SQLite's primary result code -> our code, message and hint.
_ADVICE: dict[int, tuple[str, str, str]] = {
    BUSY: ("store_locked", "is locked by another process", "try again, or raise VISITORS_TIMEOUT"),
    LOCKED: ("store_locked", "is locked by another process", "try again, or raise VISITORS_TIMEOUT"),
    NOT_A_DATABASE: (
        "store_invalid",
        "is not a SQLite database",
        "use another file with --db; if it was a store: visitors db check",
    ),
    CORRUPT: ("store_corrupt", "is damaged", "to find out what is wrong and how to fix it: visitors db check"),
    READ_ONLY: ("store_unwritable", "is read-only", "check the permissions of the file and its folder"),
    CANNOT_OPEN: ("store_unwritable", "cannot be opened", "check the path and its permissions"),
    NO_PERMISSION: ("store_unwritable", "cannot be opened", "check the path and its permissions"),
    FULL: (
        "disk_full",
        "cannot grow: the disk is full",
        "free some space, there or in the temporary folder (SQLITE_TMPDIR); nothing was written",
    ),
    IO_ERROR: ("store_io", "cannot be read or written", "check the disk; nothing was written"),
}

# Errors of Python's driver, which have no code.
_MISUSE = {"Cannot operate on a closed database": closed, "SQLite objects created in a thread": in_another_thread}

_OF_DAMAGE = ("unsupported file format", _UNREADABLE, "malformed JSON", LEFT_OPEN)
"""Errors without a distinct code: SQLite's, of a header that no version writes, of invalid JSON in the store (JSON
parameters are always valid), and of an operation that another program left open; and Python's, of invalid text.
"""


def primary_code(error: Exception) -> int:
    """Return SQLite's primary result code; 0 for an error raised by Python's driver itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def problem(code: int, name: object) -> StoreProblem:
    """Return the error with one of SQLite's primary result codes, about the store called `name`."""
    ours, what, hint = _ADVICE[code]
    return StoreProblem(f"the store {name} {what}", code=ours, hint=hint)


def is_of_the_store(error: Exception) -> bool:
    """Return whether the error is about the store, rather than the statement."""
    return primary_code(error) in _ADVICE


def is_unreadable(error: Exception) -> bool:
    """Return whether the text of a row is not UTF-8."""
    return str(error).startswith(_UNREADABLE)


def _translate(error: sqlite3.Error, name: object) -> Exception:
    if isinstance(error, sqlite3.ProgrammingError):
        for begins, of_store in _MISUSE.items():
            if str(error).startswith(begins):
                return of_store(str(name))
    result = getattr(error, "sqlite_errorcode", None)
    if str(error).startswith(_OF_DAMAGE):
        result = CORRUPT
    if result in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return Conflict(f"the store {name} already has this ({error})", code="exists")
    if result == sqlite3.SQLITE_READONLY_DBMOVED:
        return moved(str(name))
    if result is None or (result & 0xFF) not in _ADVICE:
        return error
    return problem(result & 0xFF, name)
