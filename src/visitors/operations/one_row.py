"""Import one row, or set it aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from visitors.errors import Conflict, InvalidData, NotFound, UsageProblem, VisitorsError
from visitors.input.rows import Read
from visitors.store.store import Store

Reject = Callable[[Read[Any], VisitorsError], None]
"""A callback for a rejected row and its error."""

Row = TypeVar("Row")

_OF_A_ROW = (Conflict, InvalidData, NotFound, UsageProblem)
"""Errors of a single row, which do not prevent the others."""


def take_one(store: Store | None, read: Read[Row], take: Callable[[Row], None], reject: Reject | None) -> bool:
    """Take the row; return false if it was rejected.

    A bad row goes to `reject` and leaves nothing in the store; without `reject` its error is raised, with its position
    before the message. The store is None if `take` only writes once nothing can fail any more.
    """
    try:
        if read.problem is not None:
            raise read.problem.error()
        assert read.row is not None
        if store is None or reject is None:
            take(read.row)
        else:
            with store.savepoint():
                take(read.row)
    except _OF_A_ROW as error:
        if reject is None:
            raise _placed(read, error) from None
        reject(read, error)
        return False
    return True


def _placed(read: Read[Any], error: VisitorsError) -> VisitorsError:
    column = read.column or getattr(error, "field", None)
    error.message = read.place.reason(column, error.message)
    error.where = read.place.at(column)
    return error
