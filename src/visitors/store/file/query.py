"""User-supplied queries over the views of `visitors.store.views`, read-only.

Three independent measures enforce this: the connection cannot write, an authorizer rejects everything except queries of
the views before any of it runs, and a text that does not begin like a query is not tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from visitors import interrupts
from visitors.domain.spelling import meant
from visitors.domain.times import Instant
from visitors.errors import InvalidData, UsageProblem
from visitors.store.database import Row
from visitors.store.file import sqlite
from visitors.store.file.migrating import make
from visitors.store.file.opening import is_only_read_at_rest
from visitors.store.file.query_text import Word, mistake, words
from visitors.store.file.readonly import refuse_changed, state
from visitors.store.file.sqlite import SqliteDatabase, connect
from visitors.store.places import File, Memory, Place
from visitors.store.views import PREFIX, READ_BY_VIEWS, VIEWS, of_connection

_BEGINNINGS = ("select", "with", "values", "explain")
_IN_STORE = frozenset({*(PREFIX + view for view in VIEWS), "json_each", "json_tree"})
TABLES = "to list views and columns: visitors sql --tables"
_BATCH = 500
_REFUSED = ("not authorized", "cannot modify ")
_COLUMNS = {column.lower(): column for columns in VIEWS.values() for column in columns}


class Answer:
    """The rows of a query, iterable once; `columns` are their distinct names."""

    def __init__(self, columns: Sequence[str], rows: Iterator[Row]) -> None:
        self.columns = _distinct(columns)
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return self._rows


class Queries:
    """A connection for queries only."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def ask(self, query: str, parameters: Mapping[str, object]) -> Answer:
        """Run a query whose `:name` placeholders are in `parameters`.

        Raises UsageProblem if it is not a query or parameters are missing, InvalidData for text that is not UTF-8,
        StoreProblem, and the exceptions of signal handlers; so may iterating over the rows.
        """
        typed = understood(query, parameters)
        rows = self._rows(query, typed, parameters)
        columns = next(rows)  # runs the query up to its first row
        return Answer(columns, rows)

    def _rows(self, query: str, typed: Sequence[Word], parameters: Mapping[str, object]) -> Iterator[Row]:
        with self._translated(query, typed):
            cursor = self._database.execute(query, parameters)
            batch = cursor.fetchmany(_BATCH)
        yield tuple(column for column, *_ in cursor.description or ())
        while batch:
            yield from batch
            with self._translated(query, typed):
                batch = cursor.fetchmany(_BATCH)

    @contextmanager
    def _translated(self, query: str, typed: Sequence[Word]) -> Iterator[None]:
        """Run SQLite: a signal interrupts the query, and SQLite's errors are converted to ours."""
        interrupts.hold()
        try:
            yield
        except (sqlite.Error, *sqlite.MISUSE) as error:
            if sqlite.primary_code(error) == sqlite.INTERRUPTED:
                raise KeyboardInterrupt from error  # unless leaving the signal block raises its exception
            if sqlite.is_of_the_store(error):
                with self._database.translated_errors():
                    raise
            raise self._problem(error, query, typed) from error
        finally:
            interrupts.release()

    def _problem(self, error: Exception, query: str, typed: Sequence[Word]) -> Exception:
        text = str(error)
        if sqlite.is_unreadable(error):
            return InvalidData(
                "the result contains text that is not UTF-8",
                code="not_utf8",
                hint="use hex(COLUMN) to see the bytes of a column",
            )
        if text.startswith(_REFUSED) or "is prohibited" in text:
            return _refusal(query, typed, text)
        at, hint = self._blame(query, typed, text)
        return mistake(query, at, text, hint=hint)

    def _blame(self, query: str, typed: Sequence[Word], text: str) -> tuple[int | None, str | None]:
        """Locate the word that SQLite rejects, and suggest what was probably meant."""
        if near := re.match(r'near "(.*)": syntax error', text, re.DOTALL):
            found = [word for word in typed if word.text == near[1]]
            return next((word.start for word in found if self._ends_there(query, word, text)), None), None
        if unended := re.match(r'unrecognized token: "(.*)"', text, re.DOTALL):
            return query.find(unended[1]), None
        if text == "incomplete input":
            return len(query.rstrip()), None
        return named(typed, text)

    def _ends_there(self, query: str, word: Word, text: str) -> bool:
        """Return whether SQLite stops at this word: it reports the same error for the text up to and including it."""
        begun = query[: word.end]
        try:
            self._database.execute(begun if begun.lstrip()[:7].lower() == "explain" else f"EXPLAIN {begun}").close()
        except (sqlite.Error, *sqlite.MISUSE) as error:
            return str(error) == text
        return False


@contextmanager
def queries(stored: Place, current: Instant, *, timeout: float = 30.0) -> Iterator[Queries]:
    """Open an up-to-date store for queries as of the `current` instant. Raises StoreProblem, at the end if a store that
    cannot be locked was written to meanwhile.
    """
    real = stored.resolved.path if isinstance(stored, File) else None
    before = state(real) if real is not None and is_only_read_at_rest(real) else None
    mode = "mode=ro" if before is None else "mode=ro&immutable=1"
    with _connected(stored, mode, timeout) as database, database.translated_errors():
        for view in VIEWS:
            database.execute(of_connection(view, f"'{current}'"))
        database.execute("PRAGMA query_only = ON")
        database.confine(_readable(database), lambda: not interrupts.is_waiting())
        yield Queries(database)
        if real is not None and before is not None:
            refuse_changed(real, before)


def _connected(stored: Place, mode: str, timeout: float) -> SqliteDatabase:
    if isinstance(stored, File):
        return connect(stored.path, mode, timeout=timeout)
    database = connect(None)  # temporary stores are new, so an empty one is equivalent
    make(database, Memory())
    return database


def _readable(database: SqliteDatabase) -> Callable[[str, str, str | None, str | None], bool]:
    """Return whether a query may read a column of a table, in a database, through a view."""
    tables = {name for (name,) in database.execute("SELECT lower(name) FROM main.sqlite_master WHERE type = 'table'")}

    def may_read(table: str, column: str, of: str | None, view: str | None) -> bool:
        if of == "temp":
            return table in VIEWS
        if table in _IN_STORE or (table in READ_BY_VIEWS and (view is not None or not column)):
            return True
        # a table of which no column is read: a subquery may have this name
        name = table.lower()
        return of is None and name not in tables and not name.startswith("sqlite_")

    return may_read


def _distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """Make names distinct by numbering repeated ones."""
    found: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in found or (number > 1 and name in columns):
            number += 1
            name = f"{column}_{number}"
        found.append(name)
    return tuple(found)


def understood(query: str, parameters: Mapping[str, object]) -> list[Word]:
    """Return the words of a query. Raises UsageProblem if it is not one query, lacks a parameter, or has an unknown
    column.
    """
    typed = words(query)
    _refuse_other(query, typed)
    _refuse_unbound(query, typed, parameters)
    _refuse_misspelt(query, typed)
    return typed


def _refuse_other(query: str, typed: Sequence[Word]) -> None:
    """Raise UsageProblem unless the text is a single query."""
    if "\0" in query:
        raise UsageProblem("the query contains a NUL character", code="bad_query")
    while typed and typed[0].text == ";":
        typed = typed[1:]
    if not typed:
        raise UsageProblem("the query is empty", code="bad_query", hint="visitors sql 'SELECT count(*) FROM visitors'")
    if typed[0].text.lower() not in _BEGINNINGS and typed[0].text.isalpha():
        raise mistake(
            query,
            typed[0].start,
            f"sql is read-only, and {typed[0].text.upper()} is not a query",
            code="read_only",
            hint="a query begins with SELECT, WITH or VALUES",
        )
    end = next((number for number, word in enumerate(typed) if word.text == ";"), len(typed))
    if other := next((word for word in typed[end:] if word.text != ";"), None):
        raise mistake(query, other.start, "a second statement starts here", hint="run one query at a time")


def _refuse_unbound(query: str, typed: Sequence[Word], parameters: Mapping[str, object]) -> None:
    """Raise UsageProblem if a parameter has no value, or a value no parameter."""
    wanted = [word for word in typed if word.kind == "parameter"]
    for word in wanted:
        if word.text.startswith("?"):
            raise mistake(
                query,
                word.start,
                "parameters must be named",
                code=None,
                hint="use :name in the query, and --param name=VALUE",
            )
        if word.text[1:] not in parameters:
            hint = f"use --param {word.text[1:]}=VALUE"
            raise mistake(query, word.start, f"no value for {word.text}", code=None, hint=hint)
    names = [word.text[1:] for word in wanted]
    for name in parameters:
        if name not in names:
            raise UsageProblem(f"the query has no parameter :{name}", hint=meant(name, names, "leave out --param"))


def _refuse_misspelt(query: str, typed: Sequence[Word]) -> None:
    """Raise UsageProblem for an unknown column in double quotes, which SQLite would treat as a string."""
    for word in typed:
        if word.kind == "quoted" and word.name.startswith("contact.") and word.name not in _COLUMNS:
            hint = _column_meant(word.name)
            raise mistake(query, word.start, f"no such column: {word.text[1:-1]}", hint=hint)


def _refusal(query: str, typed: Sequence[Word], text: str) -> UsageProblem:
    named = re.search(r"access to (?:\w+\.)*?(\w+)\.\w* is prohibited", text)
    function = re.search(r"function: (.*)", text)
    name = found[1] if (found := named or function) else ""
    why = f"{name} is not one of its views" if named else f"the function {name} is not allowed"
    at = _where(typed, name)
    return mistake(query, at, f"sql is read-only: {why if name else text}", code="read_only", hint=TABLES)


def named(typed: Sequence[Word], text: str) -> tuple[int | None, str | None]:
    """Return the position of an unknown name, and a hint at what was meant."""
    found = re.match(r"(no such (?:table|column|function)|ambiguous column name): (.*)", text, re.DOTALL)
    return (_where(typed, found[2]), _meant(found[1], found[2])) if found else (None, None)


def _where(typed: Sequence[Word], name: str) -> int | None:
    """Locate the name that SQLite quotes; it may be qualified with a table."""
    parts = name.lower().split(".")
    for number, word in enumerate(typed):
        if word.name == name.lower():
            return word.start
        spelled = [one.name for one in typed[number : number + 2 * len(parts) - 1] if one.text != "."]
        if len(parts) > 1 and spelled == parts:
            return word.start
    return next((word.start for word in typed if word.name == parts[-1]), None)


def _meant(what: str, name: str) -> str | None:
    """Return a hint at the name that was probably meant."""
    if what == "no such column":
        return _column_meant(name)
    return meant(name, VIEWS, TABLES) if what == "no such table" else None


def _column_meant(name: str) -> str:
    """Return a hint at the column that was probably meant; some column names have a dot."""
    if name.lower() in _COLUMNS:
        return f'a name with a dot needs double quotes: "{_COLUMNS[name.lower()]}"'
    table, dot, last = name.rpartition(".")
    if dot and last.lower() in _COLUMNS:
        return f"the query has no table named {table}"
    return meant(name if table == "contact" else last, _COLUMNS.values(), TABLES)
