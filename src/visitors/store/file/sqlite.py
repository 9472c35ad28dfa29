"""SQLite by the standard library: the one module that knows `sqlite3`, its errors and its codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from visitors.errors import Conflict, InvalidData, StoreProblem, UsageProblem, moved
from visitors.location import MEMORY
from visitors.store.database import Row

OLDEST = (3, 37, 0)
"""The oldest SQLite that has all that the schema is made of: STRICT tables."""

Cursor = sqlite3.Cursor
Error = sqlite3.Error
OperationalError = sqlite3.OperationalError
IntegrityError = sqlite3.IntegrityError

MISUSE = (sqlite3.Warning, sqlite3.ProgrammingError)
"""What Python's driver says of a call that makes no sense: two statements at once, say."""

READING_FAILED = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged store may raise: Python fails to say what SQLite says where damaged text is part of that."""

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
"""The bytes of the longest value of a query that somebody typed: it shall not fill the memory."""

_INSTRUCTIONS = 10_000
"""How often a query is asked whether to go on: after so many of its instructions, a millisecond at most."""

_UNREADABLE = "Could not decode to UTF-8"

# Of https://sqlite.org/c3ref/c_deterministic.html: functions without effects, and those for statements alone.
_INNOCUOUS, _DIRECT_ONLY = 0x200000, 0x080000
# Those of JSON do not say of themselves in every version that they have none.
_HARMLESS = "SELECT name FROM pragma_function_list WHERE flags & ? = ? OR name GLOB 'json*' OR name IN ('->', '->>')"


class SqliteDatabase:
    """A connection to a file, or to memory: a `Database`. Its transactions begin where they are begun."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        """How errors call it."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open. Raises UsageProblem when the database is closed."""
        with translated_errors(self.name):
            return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> sqlite3.Cursor:
        """Run one statement; its rows are fetched as they are asked for."""
        return self._connection.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]], /) -> int:
        """Run one statement for each of `parameters`; returns how many rows they changed."""
        return self._connection.executemany(sql, parameters).rowcount

    def batch(self, statements: Sequence[tuple[str, Sequence[object]]], /) -> list[list[Row]]:
        """Run statements one after another; returns the rows of each."""
        return [self._connection.execute(sql, parameters).fetchall() for sql, parameters in statements]

    def stream(self, sql: str, parameters: Sequence[object] = (), /) -> Iterator[Row]:
        """The rows of a statement, one by one."""
        return self._connection.execute(sql, parameters)

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """As the function of that name, of this database."""
        with translated_errors(self.name):
            yield

    def confine(
        self, may_read: Callable[[str, str, str | None, str | None], bool], goes_on: Callable[[], bool]
    ) -> None:
        """From now on, take only queries of tables that they `may_read`, and of functions that reach nothing but their
        arguments. What is not known to be harmless is refused. `may_read` gets a table, the column (`""`: none), the
        database, and the view through which it is read, the last two where SQLite tells them. `goes_on` is asked time
        and again while a query runs.
        """
        functions = {name for (name,) in self._connection.execute(_HARMLESS, (_INNOCUOUS | _DIRECT_ONLY, _INNOCUOUS))}
        for function in ("json_each", "json_tree"):  # making such a table is more than a query; then it is there
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

    def query(self, sql: str, parameters: Mapping[str, object]) -> Cursor:
        """Run one statement with named parameters; its rows are fetched as they are asked for."""
        return self._connection.execute(sql, parameters)

    def hand_to(self, library: Callable[[sqlite3.Connection], object]) -> None:
        """Let a library that takes a connection of the standard library work with this one."""
        library(self._connection)

    def copy_to(self, target: SqliteDatabase, pages: int, progress: Callable[[int, int, int], object]) -> None:
        """Copy all pages to another database, `pages` at a time; in between `progress` gets SQLite's status, how many
        pages are left, and of how many. Raises Error.
        """
        self._connection.backup(target._connection, pages=pages, progress=progress)

    def close(self) -> None:
        """Close it; an open transaction is rolled back. Raises UsageProblem in another thread than it was opened in."""
        with translated_errors(self.name):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(path: Path | None, options: str | None = None, *, timeout: float = 30.0, shown: str = "") -> SqliteDatabase:
    """A connection to the database at `path`, or in memory. Raises Error; StoreProblem when SQLite is too old.

    A path is always made absolute: a relative one that begins with `file:` would be a URI to many a SQLite. `options`
    are those of SQLite's own URIs, such as `mode=ro`.
    """
    refuse_old_sqlite(sqlite3.sqlite_version_info)
    if path is None:
        return SqliteDatabase(sqlite3.connect(MEMORY, isolation_level=None), shown or MEMORY)
    absolute = path.absolute()
    name = str(absolute) if options is None else f"{absolute.as_uri()}?{options}"
    connection = sqlite3.connect(name, timeout=timeout, isolation_level=None, uri=options is not None)
    return SqliteDatabase(connection, shown or str(path))


def refuse_old_sqlite(version: tuple[int, ...]) -> None:
    """Raises StoreProblem when this Python's SQLite lacks what the schema is made of."""
    if version < OLDEST:
        found, oldest = (".".join(map(str, one)) for one in (version, OLDEST))
        raise StoreProblem(
            f"this Python has SQLite {found}, and stores need {oldest} or later",
            code="sqlite_too_old",
            hint="use another Python: python -c 'import sqlite3; print(sqlite3.sqlite_version)' tells what it has",
        )


def sqlite_version() -> str:
    """The version of SQLite that is used."""
    return sqlite3.sqlite_version


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: each ends with a semicolon at the end of a line."""
    begun = ""
    for line in script.splitlines(keepends=True):
        begun += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(begun):
            yield begun
            begun = ""


@contextmanager
def translated_errors(name: object) -> Iterator[None]:
    """Turn what SQLite and the file system say about the store that is shown as `name` into `visitors.errors`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, name) from error
    except UnicodeDecodeError as error:
        code, what, hint = _ADVICE[CORRUPT]
        raise StoreProblem(f"the store {name} {what}", code=code, hint=hint) from error
    except UnicodeEncodeError as error:
        # a parameter of a statement: an argument that was not UTF-8, which nobody looked at before
        raise InvalidData(f"{error.object[:40]!r} contains a lone surrogate", code="invalid_text") from error
    except OSError as error:
        path = Path(str(name))
        if error.filename is None or Path(str(error.filename)) not in (path, *path.parents):
            raise
        raise StoreProblem(
            f"cannot open the store {name}: {error.strerror}",
            code="store_unwritable",
            hint="check the path and its permissions, or name another with --db",
        ) from error


# SQLite's primary result code -> our code, what happened, what to do about it.
_ADVICE: dict[int, tuple[str, str, str]] = {
    BUSY: ("store_locked", "is locked by another process", "try again, or raise VISITORS_TIMEOUT"),
    LOCKED: ("store_locked", "is locked by another process", "try again, or raise VISITORS_TIMEOUT"),
    NOT_A_DATABASE: (
        "store_invalid",
        "is not a SQLite database",
        "name another file with --db; if it was a store: visitors db check",
    ),
    CORRUPT: ("store_corrupt", "is damaged", "visitors db check tells what is wrong and what helps"),
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

# Python's driver has no codes of its own for these.
_MISUSE = {
    "Cannot operate on a closed database": ("store_closed", "is closed", "open it again: visitors.open_store"),
    "SQLite objects created in a thread": (
        "wrong_thread",
        "was opened in another thread",
        "open one in each thread: visitors.open_store",
    ),
}

_OF_DAMAGE = ("unsupported file format", _UNREADABLE, "malformed JSON")
"""What has no code of its own: what SQLite says of a header that no version of it writes and of a document in the store
that is no JSON (what a statement is given always is), and Python of text that is none.
"""


def primary_code(error: Exception) -> int:
    """SQLite's primary result code; 0 for an error that Python's driver made up."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_of_the_store(error: Exception) -> bool:
    """Whether it is about the store, whatever statement was to be run."""
    return primary_code(error) in _ADVICE


def is_unreadable(error: Exception) -> bool:
    """Whether a text of a row is not UTF-8."""
    return str(error).startswith(_UNREADABLE)


def _translate(error: sqlite3.Error, name: object) -> Exception:
    if isinstance(error, sqlite3.ProgrammingError):
        for begins, (code, what, hint) in _MISUSE.items():
            if str(error).startswith(begins):
                return UsageProblem(f"the store {name} {what}", code=code, hint=hint)
    result = getattr(error, "sqlite_errorcode", None)
    if result in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return Conflict(f"the store {name} has this already ({error})", code="exists")
    if result == sqlite3.SQLITE_READONLY_DBMOVED:
        return moved(str(name))
    if str(error).startswith(_OF_DAMAGE):
        result = CORRUPT
    if result is None or (result & 0xFF) not in _ADVICE:
        return error
    code, what, hint = _ADVICE[result & 0xFF]
    return StoreProblem(f"the store {name} {what}", code=code, hint=hint)
