"""The interface between a store and its database, in a file or on a server: five methods.

Every call is one round trip and costs the latency to the database. Independent queries are therefore sent together
(`batch`), and many rows as one statement (`execute_many`). SQL uses `?` parameters only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from visitors.errors import StoreProblem

Row = tuple[Any, ...]
Answer = TypeVar("Answer")


class Question(msgspec.Struct, Generic[Answer], frozen=True):
    """A read-only statement with its parameters, and the interpretation of its rows."""

    sql: str
    parameters: Sequence[object]
    read: Callable[[list[Row]], Answer]


class Result(Protocol):
    """The result of one statement."""

    @property
    def rowcount(self) -> int:
        """The number of changed rows."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Row]:
        """Return all remaining rows."""

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""


class Executor(Protocol):
    """Anything that runs statements: a database, or an open store."""

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> Result:
        """Run one statement."""


class Database(Executor, Protocol):
    """One connection to one database."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]], /) -> int:
        """Run one statement for each of `parameters`; return the number of changed rows."""

    def batch(self, statements: Sequence[tuple[str, Sequence[object]]], /) -> list[list[Row]]:
        """Run independent statements in one round trip; return the rows of each."""

    def stream(self, sql: str, parameters: Sequence[object] = (), /) -> Iterator[Row]:
        """Iterate over the rows of a statement whose result may not fit into memory."""

    def translated_errors(self) -> AbstractContextManager[None]:
        """Convert database errors to those of `visitors.errors`."""

    def close(self) -> None:
        """Close the connection, rolling back an open transaction."""


THESE = "IN (SELECT value FROM json_each(?))"
"""An SQL condition: one of the values in the parameter, encoded by `rows`."""


def rows(values: Iterable[object]) -> str:
    """Encode `values` as the JSON array for `json_each(?)`: many rows as one parameter."""
    return msgspec.json.encode(list(values)).decode()


def decoded(document: str) -> Any:
    """Decode a JSON document from the database. Raises StoreProblem if it is invalid: not written by us."""
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise StoreProblem(
            f"the store is damaged: a document in it is not JSON: {error}",
            code="store_corrupt",
            hint="to find out what is wrong and how to fix it: visitors db check",
        ) from error
