"""Hrana streams: a sequence of requests that share a transaction, connected by a baton. Their results come at once, or
step by step and row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar

from visitors.store.database import Row, Statement
from visitors.store.remote import hrana
from visitors.store.remote.connection import ANSWERS_WITHIN, AnswerLost, Connection, StreamOver
from visitors.store.servers import Server

_IN_MEMORY = 16 * 1024 * 1024
"""How many bytes of a response are buffered in memory; more go to a temporary file."""

Response = TypeVar("Response", hrana.Ran, hrana.Described)

_BRIEFLY = 5.0
"""Timeout for closing a stream, in seconds: the server closes idle streams itself."""


class Rows:
    """The complete result of one statement."""

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._left = iter(rows)
        self.rowcount = rowcount
        """The number of changed rows."""

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""
        return next(self._left, None)

    def fetchall(self) -> list[Row]:
        """Return the remaining rows."""
        return list(self._left)

    def __iter__(self) -> Iterator[Row]:
        return self._left


class StepFailed(Exception):
    """A step of a batch failed. `before` are the results of earlier steps; later ones did not run."""

    def __init__(self, step: int, failure: hrana.Failure, before: list[Rows]) -> None:
        super().__init__(failure.message)
        self.step = step
        self.failure = failure
        self.before = before


class Cursor:
    """The response to a batch. It is buffered if the connection is needed before all of it is read."""

    def __init__(self, lines: Iterator[bytes], *, is_transaction: bool) -> None:
        """Raises AnswerLost, and whatever reading `lines` raises."""
        self._lines = lines
        self._is_transaction = is_transaction
        self._step = -1
        self._given: list[Rows] = []
        self.columns: list[str] = []
        """The column names of the current step."""
        self.baton = hrana.cursor_start(next(lines, b"")).baton

    def results(self, count: int) -> list[Rows]:
        """Return the results of `count` steps. Raises AnswerLost, StepFailed, and StreamOver if one did not run."""
        self._read(count)
        if len(self._given) < count:
            raise self._cut()
        return self._given

    def skip_to(self, step: int) -> None:
        """Read up to the rows of this step. Raises like `results`."""
        if not self._read(step):
            raise self._cut()

    def _cut(self) -> Exception:
        return StreamOver("the transaction is closed") if self._is_transaction else AnswerLost(hrana.MALFORMED)

    def _read(self, step: int) -> bool:
        """Read up to the rows of this step; return whether it has begun."""
        rows: list[Row] = []
        for entry in self._entries():
            if entry.type == "step_begin":
                if self._step == step:
                    return True
                rows = []
            elif entry.type == "row":
                rows.append(hrana.row(entry.row))
            elif entry.type == "step_end":
                self._given.append(Rows(rows, entry.affected_row_count))
        return False

    def rows(self) -> Iterator[Row]:
        """Iterate over the rows of the last step, which has begun. Raises AnswerLost and StepFailed."""
        for entry in self._entries():
            if entry.type == "row":
                yield hrana.row(entry.row)
            elif entry.type == "step_end":
                self._given.append(Rows([], 0))
        if len(self._given) <= self._step:
            raise AnswerLost("the response was truncated")

    def keep(self) -> None:
        """Buffer the rest of the response, so that the connection is free. Raises AnswerLost."""
        kept: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed once it is read
        for line in self._lines:
            kept.write(line + b"\n")
        kept.seek(0)
        self._lines = _closing(kept)

    def _entries(self) -> Iterator[hrana.CursorEntry]:
        while line := next(self._lines, b""):  # `keep` may replace them meanwhile
            entry = hrana.cursor_entry(line)
            if entry.type == "step_begin" and entry.step is not None:
                self._step = entry.step
                self.columns = [one.name or "" for one in entry.cols]
            if entry.error is not None:
                step = self._step if entry.step is None else entry.step
                for _ in self._lines:
                    pass  # later steps did not run
                raise StepFailed(step, entry.error, self._given)
            yield entry


def _closing(kept: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file, then close it."""
    with kept:
        yield from kept


class Stream:
    """Successive streams on one connection: the first request opens one, the last one closes it."""

    def __init__(self, server: Server) -> None:
        self._connection = Connection(server)
        self._baton: str | None = None
        self._within = ANSWERS_WITHIN
        self._in_transaction = False

    @property
    def is_open(self) -> bool:
        """Whether there is an open stream."""
        return self._baton is not None

    def waits(self, seconds: float, *, in_transaction: bool) -> None:
        """Set the timeout of the next response, and whether its statements belong to a transaction."""
        self._within, self._in_transaction = seconds, in_transaction

    def cursor(self, statements: Sequence[Statement]) -> Cursor:
        """Run statements and return a cursor over their results. Raises StoreProblem, AnswerLost and StreamOver."""
        body = {"baton": self._baton, "batch": {"steps": self._steps(statements)}}
        lines = self._connection.lines("/v3/cursor", body, within=self._within, repeatable=not self.is_open)
        baton, self._baton = self._baton, None  # the response has the next one
        cursor = Cursor(lines, is_transaction=self._in_transaction)
        self._baton = cursor.baton
        if self._baton is None and baton is not None:
            raise StreamOver("the stream is closed")
        return cursor

    def pipeline(self, statements: Sequence[Statement], *, ends: bool = False) -> list[Rows]:
        """Run statements and return their results. With `ends`, the stream is closed afterwards. Raises like `cursor`,
        and StepFailed.
        """
        requests: list[dict[str, Any]] = [{"type": "batch", "batch": {"steps": self._steps(statements)}}]
        if ends:
            requests.append({"type": "close"})
        response = self._respond(requests, hrana.Ran, repeatable=not self.is_open and not ends)
        return _whole(response.result, len(statements), is_transaction=self._in_transaction)

    def is_readonly(self, sql: str) -> bool:
        """Return whether the server considers a statement read-only. Raises like `pipeline`."""
        return self._respond([{"type": "describe", "sql": sql}], hrana.Described).result.is_readonly

    def _respond(self, requests: list[dict[str, Any]], kind: type[Response], *, repeatable: bool = False) -> Response:
        """Send requests, and return the response to the first."""
        body = {"baton": self._baton, "requests": requests}
        self._baton = None
        sent = self._connection.post("/v3/pipeline", body, within=self._within, repeatable=repeatable)
        answer = hrana.pipeline_answer(sent)
        self._baton = answer.baton
        first = answer.results[0] if answer.results else hrana.PipelineResult()
        if first.error is not None:
            raise StepFailed(0, first.error, [])
        if not isinstance(first.response, kind):
            raise AnswerLost(hrana.MALFORMED)
        return first.response

    def end(self) -> None:
        """Close the stream, if one is open; uncommitted changes are rolled back. Raises like `cursor`."""
        if self._baton is None:
            return
        body = {"baton": self._baton, "requests": [{"type": "close"}]}
        self._baton = None
        self._connection.post("/v3/pipeline", body, within=_BRIEFLY)

    def leave(self) -> None:
        """Close the connection, and drop any pending response."""
        self._baton = None
        self._connection.close()

    def _steps(self, statements: Iterable[Statement]) -> list[dict[str, Any]]:
        steps = []
        for number, statement in enumerate(statements):
            conditions: list[dict[str, Any]] = [{"type": "ok", "step": number - 1}] if number else []
            if self._in_transaction and (number or self.is_open):  # not of the step that begins the transaction
                conditions.append(hrana.NOT_OVER)
            steps.append(hrana.step(statement, conditions))
        return steps


def _whole(found: hrana.BatchResult, count: int, *, is_transaction: bool) -> list[Rows]:
    """Return the results of `count` steps. Raises StepFailed for the first that failed, and StreamOver if one did not
    run although none failed.
    """
    given: list[Rows] = []
    for step, (result, failure) in enumerate(zip(found.step_results, found.step_errors, strict=False)):
        if failure is not None:
            raise StepFailed(step, failure, given)
        if result is None:
            break
        given.append(Rows([hrana.row(one) for one in result.rows], result.affected_row_count))
    if len(given) < count:
        raise StreamOver("the transaction is closed") if is_transaction else AnswerLost(hrana.MALFORMED)
    return given
