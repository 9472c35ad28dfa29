"""Hrana streams: a sequence of requests that share a transaction, connected by a baton."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from visitors.store.database import Statement
from visitors.store.remote import hrana
from visitors.store.remote.connection import ANSWERS_WITHIN, AnswerLost, Connection, StreamOver
from visitors.store.remote.cursor import Cursor, Rows, StepFailed
from visitors.store.servers import Server

__all__ = ["StepFailed", "Stream"]

_NO_SENSE = "the response is malformed"

Result = TypeVar("Result")

_BRIEFLY = 5.0
"""Timeout for closing a stream, in seconds: the server closes idle streams itself."""


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
        lines = self._connection.lines("/v3/cursor", _json(body), within=self._within, repeatable=not self.is_open)
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
        body = {"baton": self._baton, "requests": requests}
        is_only_read = not self.is_open and not ends
        self._baton = None
        answer = self._connection.post("/v3/pipeline", _json(body), within=self._within, repeatable=is_only_read)
        try:
            decoded = hrana.pipeline_answer(answer)
            self._baton = None if ends else decoded.baton
            found = decoded.results[0]
        except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
            self._connection.close()
            raise AnswerLost(_NO_SENSE) from error
        if found.error is not None:
            raise StepFailed(0, found.error, [])
        result = _result(found, hrana.BatchResult)
        return _whole(result, len(statements), is_transaction=self._in_transaction)

    def is_readonly(self, sql: str) -> bool:
        """Return whether the server considers a statement read-only. Raises like
        `pipeline`.
        """
        body = {"baton": None, "requests": [{"type": "describe", "sql": sql}, {"type": "close"}]}
        answer = self._connection.post("/v3/pipeline", _json(body), within=self._within, repeatable=True)
        try:
            found = hrana.pipeline_answer(answer).results[0]
        except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
            raise AnswerLost(_NO_SENSE) from error
        if found.error is not None:
            raise StepFailed(0, found.error, [])
        return _result(found, hrana.DescribeResult).is_readonly

    def end(self) -> None:
        """Close the stream, if one is open; uncommitted changes are rolled back. Raises like `cursor`."""
        if self._baton is None:
            return
        body = {"baton": self._baton, "requests": [{"type": "close"}]}
        self._baton = None
        self._connection.post("/v3/pipeline", _json(body), within=_BRIEFLY)

    def leave(self) -> None:
        """Close the connection, and drop any pending response."""
        self._baton = None
        self._connection.close()

    def _steps(self, statements: Iterable[Statement]) -> list[dict[str, Any]]:
        steps = []
        for number, statement in enumerate(statements):
            # not of the step that begins the transaction
            still_there = [hrana.NOT_OVER] if self._in_transaction and (number or self.is_open) else []
            conditions = [*([hrana.after(number - 1)] if number else []), *still_there]
            steps.append(hrana.step(statement, hrana.all_of(conditions) if conditions else None))
        return steps


def _result(found: hrana.PipelineResult, type_: type[Result]) -> Result:
    try:
        return msgspec.convert(found.response.result if found.response is not None else None, type_)
    except msgspec.ValidationError as error:
        raise AnswerLost(_NO_SENSE) from error


def _json(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


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
        try:
            given.append(Rows([hrana.row(one) for one in result.rows], result.affected_row_count))
        except ValueError as error:
            raise AnswerLost(_NO_SENSE) from error
    if len(given) < count:
        raise StreamOver("the transaction is closed") if is_transaction else AnswerLost(_NO_SENSE)
    return given
