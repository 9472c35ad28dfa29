"""What a store needs of a database: five verbs, whether it is a file's or a server's.

Every call is one round trip, and costs the distance to where the database is. So questions that do not need one
another's answers are asked together (`batch`), and many rows are sent as one statement (`execute_many`).
SQL takes `?` parameters only.
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
    """A statement that only reads, with its parameters, and what its rows mean."""

    sql: str
    parameters: Sequence[object]
    read: Callable[[list[Row]], Answer]


class Result(Protocol):
    """What one statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Row]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Row]:
        """The rows one by one."""


class Executor(Protocol):
    """What runs statements: a database, or an open store."""

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> Result:
        """Run one statement."""


class Database(Executor, Protocol):
    """One connection to one database."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute_many(self, sql: str, parameters: Iterable[Sequence[object]], /) -> int:
        """Run one statement for each of `parameters`; returns how many rows they changed."""

    def batch(self, statements: Sequence[tuple[str, Sequence[object]]], /) -> list[list[Row]]:
        """Run statements that do not need one another's rows; returns the rows of each."""

    def stream(self, sql: str, parameters: Sequence[object] = (), /) -> Iterator[Row]:
        """The rows of a statement that may give more than fit into memory."""

    def translated_errors(self) -> AbstractContextManager[None]:
        """Turns what the database says into `visitors.errors`."""

    def close(self) -> None:
        """Let go of it; an open transaction is rolled back."""


THESE = "IN (SELECT value FROM json_each(?))"
"""The SQL of being one of some values, which `rows` makes a parameter of."""


def rows(values: Iterable[object]) -> str:
    """`values` as the JSON array that `json_each(?)` takes: many rows as one parameter."""
    return msgspec.json.encode(list(values)).decode()


def decoded(document: str) -> Any:
    """The value of a JSON document that the database keeps. Raises StoreProblem where it is none: nothing of ours wrote
    it.
    """
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise StoreProblem(
            f"the store is damaged: a document in it is not JSON: {error}",
            code="store_corrupt",
            hint="visitors db check tells what is wrong and what helps",
        ) from error
