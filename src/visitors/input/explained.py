"""Explain how each column of a file's first rows is mapped, for people who write a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from visitors.errors import InvalidData
from visitors.input.kinds import METADATA
from visitors.input.mapping import ColumnMapping
from visitors.input.readers import RawRow

ROWS = 3
"""The number of rows explained."""


def explained(rows: Iterable[RawRow], mapping: ColumnMapping) -> Iterator[dict[str, Any]]:
    """Return a record for each column of the first rows and each field that it sets, and one for each problem of a row.

    Raises InvalidData if none of the columns is known.
    """
    for row in islice(rows, ROWS):
        if row.error is not None:
            raise row.error
        flat = mapping.flat(row.values)
        try:
            fates, values = mapping.fates(flat)
        except InvalidData as error:
            yield _line(row, error.field, None, "refused", error.message)
            continue
        for column, fields in fates.items():
            told = flat.get(column)
            if not fields:
                yield _line(row, column, told, "dropped")
            for field in fields:
                outcome = "metadata" if field.startswith(METADATA) else "field"
                yield _line(row, column, told, outcome, values[field], field)
        for field, value in values.items():
            if not any(field in fields for fields in fates.values()):
                yield _line(row, None, None, "constant", value, field)
        try:
            mapping.row(row.values)
        except InvalidData as error:
            yield _line(row, mapping.column_of(error.field, row.values), None, "refused", error.message, error.field)


def _line(
    row: RawRow, column: str | None, value: Any, outcome: str, result: Any = None, field: str | None = None
) -> dict[str, Any]:
    return {
        "row": row.place.number,
        "column": column,
        "value": value,
        "outcome": outcome,
        "field": field,
        "result": result,
    }
