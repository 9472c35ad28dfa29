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

Response = TypeVar("Response", hrana.Ran, hrana.Described)

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
        response = self._respond(requests, hrana.Ran, repeatable=not self.is_open and not ends)
        return _whole(response.result, len(statements), is_transaction=self._in_transaction)

    def is_readonly(self, sql: str) -> bool:
        """Return whether the server considers a statement read-only. Raises like `pipeline`."""
        return self._respond([{"type": "describe", "sql": sql}], hrana.Described).result.is_readonly

    def _respond(self, requests: list[dict[str, Any]], kind: type[Response], *, repeatable: bool = False) -> Response:
        """Send requests, and return the response to the first."""
        body = {"baton": self._baton, "requests": requests}
        self._baton = None
        sent = self._connection.post("/v3/pipeline", _json(body), within=self._within, repeatable=repeatable)
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
        self._connection.post("/v3/pipeline", _json(body), within=_BRIEFLY)

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
        given.append(Rows([hrana.row(one) for one in result.rows], result.affected_row_count))
    if len(given) < count:
        raise StreamOver("the transaction is closed") if is_transaction else AnswerLost(hrana.MALFORMED)
    return given
