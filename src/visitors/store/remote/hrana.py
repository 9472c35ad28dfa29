"""The JSON encoding of the Hrana 3 protocol: values, statements and responses.

https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from visitors.store.database import Row, Statement
from visitors.store.remote.connection import AnswerLost

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

NOT_OVER = {"type": "not", "cond": {"type": "is_autocommit"}}
"""The condition that the transaction is still open. A server may have rolled it back."""

MALFORMED = "the response is malformed"

Answer = TypeVar("Answer")


def value(given: object) -> dict[str, Any]:
    """Encode a parameter. Raises OverflowError for an integer of more than 64 bits, like Python's driver."""
    if given is None:
        return {"type": "null"}
    if isinstance(given, str):
        return {"type": "text", "value": given}
    if isinstance(given, int):
        if not _SMALLEST <= given <= _LARGEST:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return {"type": "integer", "value": str(int(given))}
    if isinstance(given, float):
        return {"type": "float", "value": given}
    if isinstance(given, bytes):
        return {"type": "blob", "base64": base64.b64encode(given).decode()}
    raise TypeError(f"no value of a database: {type(given).__name__}")


def step(statement: Statement, conditions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Encode a statement as a step of a batch, which runs if all `conditions` hold."""
    sql, parameters = statement
    stated: dict[str, Any] = {"sql": sql, "want_rows": True}
    if isinstance(parameters, Mapping):
        stated["named_args"] = [{"name": name, "value": value(one)} for name, one in parameters.items()]
    else:
        stated["args"] = [value(one) for one in parameters]
    return {"stmt": stated, "condition": {"type": "and", "conds": conditions}}


class _Integer(msgspec.Struct, tag="integer"):
    value: str


class _Float(msgspec.Struct, tag="float"):
    value: float | None


class _Text(msgspec.Struct, tag="text"):
    value: str


class _Blob(msgspec.Struct, tag="blob"):
    base64: str


class _Null(msgspec.Struct, tag="null"):
    pass


_Value = _Integer | _Float | _Text | _Blob | _Null


def row(values: Sequence[_Value]) -> Row:
    """Decode a row. Raises AnswerLost if it is malformed."""
    try:
        return tuple(_python(one) for one in values)
    except ValueError as error:
        raise AnswerLost(MALFORMED) from error


def _python(given: _Value) -> object:
    if isinstance(given, _Text | _Float):
        return given.value
    if isinstance(given, _Integer):
        return int(given.value)
    if isinstance(given, _Blob):
        return base64.b64decode(given.base64 + "=" * (-len(given.base64) % 4), validate=True)
    return None


class Failure(msgspec.Struct):
    """An error reported by the server."""

    message: str
    code: str | None = None


class StepResult(msgspec.Struct):
    """The result of one statement."""

    rows: list[list[_Value]] = []
    affected_row_count: int = 0


class BatchResult(msgspec.Struct):
    """The results of a batch: for each step a result, an error, or neither if it did not run."""

    step_results: list[StepResult | None]
    step_errors: list[Failure | None]


class DescribeResult(msgspec.Struct):
    """The properties of a statement that was not run."""

    is_readonly: bool


class Ran(msgspec.Struct, tag="batch"):
    """The response to a batch."""

    result: BatchResult


class Described(msgspec.Struct, tag="describe"):
    """The response to the question for the properties of a statement."""

    result: DescribeResult


class Closed(msgspec.Struct, tag="close"):
    """The response to the end of a stream."""


class PipelineResult(msgspec.Struct):
    """The response to one request of a pipeline, or its error."""

    response: Ran | Described | Closed | None = None
    error: Failure | None = None


class PipelineAnswer(msgspec.Struct):
    """The response to a pipeline."""

    results: list[PipelineResult]
    baton: str | None = None


class CursorStart(msgspec.Struct):
    """The first line of the response to a cursor."""

    baton: str | None = None


class Column(msgspec.Struct):
    """A column of a result."""

    name: str | None = None


class CursorEntry(msgspec.Struct):
    """One of the following lines."""

    type: str
    step: int | None = None
    row: list[_Value] = []
    cols: list[Column] = []
    affected_row_count: int = 0
    error: Failure | None = None


def _decoder(of: type[Answer]) -> Callable[[bytes], Answer]:
    """Return a function that decodes a response, and raises AnswerLost if it is malformed."""
    decode = msgspec.json.Decoder(of).decode

    def decoded(given: bytes) -> Answer:
        try:
            return decode(given)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AnswerLost(MALFORMED) from error

    return decoded


pipeline_answer = _decoder(PipelineAnswer)
cursor_start = _decoder(CursorStart)
cursor_entry = _decoder(CursorEntry)
