"""A `Database` on a libSQL server.

A transaction is a Hrana stream. The first request begins it, checks that the database is a store of this version, and
runs the first statement; the last request commits and closes the stream. Nothing is written before that. A server rolls
back a transaction that is older than 5 seconds if another writer waits, and one that was idle for 10 seconds. Therefore
each statement runs only if the previous one did and the transaction is still open, and never outside of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import islice
from threading import get_ident
from typing import TypeVar

from visitors.errors import StoreProblem, closed, in_another_thread
from visitors.store.database import Commit, Row, Statement
from visitors.store.remote.connection import ANSWERS_WITHIN, AnswerLost, StreamOver
from visitors.store.remote.errors import Refusal, error_of, locked, translated_errors
from visitors.store.remote.json_rows import as_one
from visitors.store.remote.outcome import was_committed
from visitors.store.remote.stream import Cursor, Rows, StepFailed, Stream
from visitors.store.servers import Server

_AT_ONCE = 1_000
"""How many statements or rows are sent in one request, and how many statements may be deferred."""

_LARGE = 4_000_000
"""How many characters may be deferred."""

_READ: Statement = ("BEGIN DEFERRED", ())
_WRITE: Statement = ("BEGIN IMMEDIATE", ())

_TOO_LARGE = "RESPONSE_TOO_LARGE"
"""The error code for a result that only a cursor can return."""

_BUSY = "SQLITE_BUSY"
"""The error code if there is another writer. A server mostly makes writers wait, but not always."""

_PAUSE = 0.05
"""How long to wait before asking such a server again, in seconds."""

_SHORTEST_WAIT = 1.0
"""The shortest timeout for the write lock, in seconds: it includes the latency."""

_NOTHING = "json('')"
"""An SQL expression that fails, so that later steps do not run."""

Judge = Callable[[Row], bool]
"""Called if the database is not a store of this version; returns whether it is one now. Raises StoreProblem."""

Found = TypeVar("Found")


class ReadsOnly(Exception):
    """The statement is not read-only."""


class ServerDatabase:
    """A connection to a database on a server."""

    refusals: tuple[type[Exception], ...] = (Refusal,)

    def __init__(self, server: Server, whose: str, condition: str, judge: Judge, timeout: float = 30.0) -> None:
        """The first request checks the SQL `condition`; if it is false, `judge` gets the row selected by `whose`.
        `timeout` limits the wait for the write lock, in seconds.
        """
        self.name = server.name
        """The name used in errors."""
        self._server = server
        self._stream = Stream(server)
        self._timeout = max(timeout, _SHORTEST_WAIT)
        self._asked_first: list[Statement] = [(whose, ()), (_unless(condition), ())]
        self._judge = judge
        self._thread = get_ident()
        self._is_closed = False
        self._begin: Statement | None = None
        """The statement that begins the open transaction, if there is one."""
        self._waiting: list[Statement] = []
        self._waiting_size = 0
        self._cursor: Cursor | None = None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open. Raises UsageProblem if closed or in another thread."""
        self._refuse_misuse()
        return self._begin is not None

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> Rows:
        """Run one statement."""
        return self._ask([(sql, parameters)])[0]

    def batch(self, statements: Sequence[Statement], /) -> list[Rows]:
        """Run statements in order, in one round trip; return the result of each."""
        return self._ask(statements) if statements else []

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]], /) -> None:
        """Run one statement for each of `parameters` together with the next one; if possible, one for many."""
        remaining = iter(parameters)
        while rows := list(islice(remaining, _AT_ONCE)):
            whole = as_one(sql, rows) if len(rows) > 1 else None
            for statement in [whole] if whole is not None else [(sql, one) for one in rows]:
                self.later(*statement)

    def stream(self, sql: str, parameters: Sequence[object] = (), /) -> Iterator[Row]:
        """Stream the rows of a statement."""
        if self._begins_write:
            self._ask([])

        def first(steps: Sequence[Statement], _: int) -> Cursor:
            cursor = self._stream.cursor(steps)
            cursor.skip_to(len(steps) - 1)
            return cursor

        self._cursor = self._run([(sql, parameters)], first)
        return self._rows_of(self._cursor)

    def query(self, sql: str, parameters: Mapping[str, object]) -> tuple[list[str], Iterator[Row]]:
        """Return the columns and rows of a read-only statement with named parameters. Raises ReadsOnly."""
        self._refuse_misuse()
        self._stream.waits(ANSWERS_WITHIN, in_transaction=False)
        try:
            if not self._stream.is_readonly(sql):
                raise ReadsOnly
        except StepFailed as failed:
            raise error_of(failed.failure) from None
        rows = self.stream(sql, parameters)  # type: ignore[arg-type]  # by name
        assert self._cursor is not None
        return self._cursor.columns, rows

    def begin(self, kind: str, /) -> None:
        """Begin a transaction together with its first statement."""
        self._refuse_misuse()
        self._begin = _READ if kind == "DEFERRED" else _WRITE

    def later(self, sql: str, parameters: Sequence[object] = (), /) -> None:
        """Run one statement together with the next one."""
        self._waiting.append((sql, parameters))
        self._waiting_size += sum(len(one) for one in parameters if isinstance(one, str))
        if len(self._waiting) >= _AT_ONCE or self._waiting_size >= _LARGE:
            self._ask([])

    def commit(self, last: Commit, /) -> bool:
        """Commit, or roll back if the condition of `last` is false. If the response is lost, the server is asked for
        the outcome. Raises StoreProblem if that fails, too.
        """
        needed = [] if last.needs is None else [(_unless(f"EXISTS ({last.needs[0]})"), last.needs[1])]
        asked = [*last.first, *needed, *last.last, ("COMMIT", ())]
        needs_at = len(asked) - len(last.last) - 2 if needed else None

        def all_of_it(steps: Sequence[Statement], start: int) -> bool:
            try:
                self._stream.pipeline(steps, ends=True)
            except StepFailed as failed:
                if needs_at is not None and failed.step == start + needs_at:
                    return False
                raise
            return True

        try:
            return self._run(asked, all_of_it)
        except AnswerLost as lost:
            if was_committed(self._server, last, self._timeout):
                return True
            raise AnswerLost(str(lost)) from lost
        finally:
            self._is_over()

    def rollback(self) -> None:
        """Roll back by closing the stream."""
        self._refuse_misuse()
        if self._cursor is not None:
            self._stream.leave()
        self._is_over()

    def translated_errors(self) -> AbstractContextManager[None]:
        """Translate the errors of the server."""
        return translated_errors(self.name)

    def close(self) -> None:
        """Close it; an open transaction is rolled back. Raises UsageProblem in another thread."""
        if self._is_closed:
            return
        if self.in_transaction:
            self.rollback()
        self._stream.leave()
        self._is_closed = True

    def _ask(self, asked: Sequence[Statement]) -> list[Rows]:
        def whole(steps: Sequence[Statement], _: int) -> list[Rows]:
            if self._begin is None:
                return self._stream.pipeline(steps, ends=True)
            if self._begins_write:
                try:  # reports missing permissions; a cursor only breaks off
                    return self._stream.pipeline(steps)
                except StepFailed as failed:
                    if failed.failure.code != _TOO_LARGE:
                        raise
                    self._stream.end()
            return self._stream.cursor(steps).results(len(steps))

        found = self._run(asked, whole)
        return found[len(found) - len(asked) :]

    def _run(self, asked: Sequence[Statement], take: Callable[[Sequence[Statement], int], Found]) -> Found:
        """Call `take` with all pending statements, the last of which are `asked`, and their start. If the database is
        not a store yet, create it and retry.
        """
        self._refuse_misuse()
        if self._cursor is not None:
            self._cursor.keep()
            self._cursor = None
        waiting, self._waiting, self._waiting_size = self._waiting, [], 0
        deadline = time.monotonic() + self._timeout
        while True:
            begin = [self._begin] if self._begin is not None and not self._stream.is_open else []
            steps = [*begin, *self._asked_first, *waiting, *asked]
            is_write = self._begins_write
            self._stream.waits(self._timeout if is_write else ANSWERS_WITHIN, in_transaction=self._begin is not None)
            try:
                found = take(steps, len(steps) - len(asked))
            except StepFailed as failed:
                is_busy = is_write and failed.step == 0 and failed.failure.code == _BUSY
                if is_busy and time.monotonic() < deadline:  # it has not begun
                    self._stream.end()
                    time.sleep(_PAUSE)
                    continue
                if self._asked_first and failed.step == len(begin) + 1:
                    self._stream.end()
                    if self._judge(failed.before[-1].fetchall()[0]):
                        self._asked_first = []
                        continue
                error = error_of(failed.failure)
                if isinstance(error, StreamOver):
                    self._is_over()
                raise error from None
            except (AnswerLost, StreamOver) as error:
                self._is_over()
                if is_write and isinstance(error, AnswerLost) and error.timed_out:
                    raise locked(self.name) from error
                raise
            self._asked_first = []
            return found

    def _rows_of(self, cursor: Cursor) -> Iterator[Row]:
        try:
            yield from cursor.rows()
        except StepFailed as failed:
            raise error_of(failed.failure) from None
        except AnswerLost:
            self._is_over()
            raise
        if self._cursor is cursor:
            self._cursor = None

    @property
    def _begins_write(self) -> bool:
        return self._begin == _WRITE and not self._stream.is_open

    def _is_over(self) -> None:
        """Reset the state of the transaction, and close its stream if the server still has it."""
        self._begin, self._cursor = None, None
        self._waiting, self._waiting_size = [], 0
        with suppress(AnswerLost, StreamOver, StoreProblem):  # the server closes idle streams itself
            self._stream.end()

    def _refuse_misuse(self) -> None:
        if self._is_closed:
            raise closed(self.name)
        if get_ident() != self._thread:
            raise in_another_thread(self.name)


def _unless(condition: str) -> str:
    """Return a statement that fails if the condition is false, so that later steps do not run."""
    return f"SELECT iif({condition}, 1, {_NOTHING})"
