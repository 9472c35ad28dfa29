"""Read-only queries by users, on a server.

A server has no authorizer. Therefore queries that name anything but the views are rejected, and the rest runs in a
transaction that is rolled back, and only if the server considers it read-only. The views are added to the query as
common table expressions, because a server has no temporary views.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from visitors.domain.times import Instant
from visitors.errors import StoreProblem
from visitors.store.database import Row
from visitors.store.file.query import TABLES, Answer, named, understood
from visitors.store.file.query_text import Word, mistake
from visitors.store.remote.database import ReadsOnly, ServerDatabase
from visitors.store.remote.errors import ServerError, translated_errors
from visitors.store.remote.opening import database_of
from visitors.store.servers import Server
from visitors.store.views import VIEWS, of_query

_SAID = re.compile(r"^SQL (string could not be parsed|input error): |( \(at offset \d+\))?( \(SQL_\w+\))?$")
"""What the server adds to the messages of SQLite."""
_SCHEMAS = ("main", "temp")
_OF_SQLITE = ("sqlite_", "pragma_", "libsql_", "fts5", "dbstat", "contacts_text", "v_")


class ServerQueries:
    """A connection for read-only queries."""

    def __init__(self, database: ServerDatabase, current: Instant, hidden: frozenset[str]) -> None:
        self._database = database
        self._now = f"'{current}'"
        self._hidden = hidden

    def ask(self, query: str, parameters: Mapping[str, object]) -> Answer:
        """Run a query with named parameters. Raises UsageProblem if it is invalid, not read-only, or uses anything but
        the views; and StoreProblem.
        """
        typed = understood(query, parameters)
        for word in typed:
            self._refuse_hidden(query, word, typed)
        begin = next(word for word in typed if word.text != ";")
        sql = self._with_views(query, typed, begin)
        try:
            columns, rows = self._database.query(sql, dict(parameters))
        except ReadsOnly:
            raise mistake(
                query,
                begin.start,
                "sql is read-only, and this statement would write",
                code="read_only",
                hint="a query begins with SELECT, WITH or VALUES",
            ) from None
        except ServerError as error:
            raise self._problem(error, query, typed) from error
        return Answer(columns, self._told(rows, query, typed))

    def _told(self, rows: Iterator[Row], query: str, typed: Sequence[Word]) -> Iterator[Row]:
        try:
            with translated_errors(self._database.name):
                yield from rows
        except ServerError as error:
            raise self._problem(error, query, typed) from error

    def _problem(self, error: ServerError, query: str, typed: Sequence[Word]) -> Exception:
        try:
            with translated_errors(self._database.name):
                raise error
        except StoreProblem as problem:
            return problem
        except ServerError:
            text = _SAID.sub("", str(error))
            at, hint = named(typed, text)
            return mistake(query, at, text, hint=hint)

    def _refuse_hidden(self, query: str, word: Word, typed: Sequence[Word]) -> None:
        if word.kind not in ("name", "quoted"):
            return
        following = next((one for one in typed if one.start >= word.end), None)
        is_schema = word.name in _SCHEMAS and following is not None and following.text == "."
        if is_schema or word.name in self._hidden or word.name.startswith(_OF_SQLITE):
            what = f"sql is read-only: {word.name} is not one of its views"
            raise mistake(query, word.start, what, code="read_only", hint=TABLES)

    def _with_views(self, query: str, typed: Sequence[Word], begin: Word) -> str:
        """Return the query with the views that it uses as common table expressions."""
        names = {word.name for word in typed if word.kind in ("name", "quoted")}
        views = ", ".join(of_query(view, self._now) for view in VIEWS if view in names)
        words = [word for word in typed if word.start >= begin.start]
        at, explains = begin.start, 0
        if begin.text.lower() == "explain":
            explains = 3 if [word.text.lower() for word in words[1:3]] == ["query", "plan"] else 1
            at = words[explains].start if explains < len(words) else len(query)
        if not views:
            return query
        rest = query[at:]
        if rest[:4].lower() == "with" and explains < len(words) and words[explains].text.lower() == "with":
            after = words[explains + 1] if explains + 1 < len(words) else None
            if after is not None and after.text.lower() == "recursive":
                return f"{query[:at]}WITH RECURSIVE {views}, {query[after.end :]}"
            return f"{query[:at]}WITH {views}, {rest[4:]}"
        return f"{query[:at]}WITH {views} {rest}"


@contextmanager
def queries(place: Server, current: Instant, *, timeout: float = 30.0) -> Iterator[ServerQueries]:
    """Open a connection for queries, as of the `current` time. Raises StoreProblem."""
    tables = "SELECT lower(name) FROM sqlite_master WHERE type = 'table'"
    database = database_of(place, timeout=timeout, create=False)
    try:
        with translated_errors(database.name):
            database.begin("DEFERRED")
            hidden = {row[0] for row in database.execute(tables)} - VIEWS.keys()
            yield ServerQueries(database, current, frozenset(hidden))
    finally:
        database.close()
