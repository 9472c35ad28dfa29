"""Errors about columns that match no field, or the same one twice, with a guess at what was meant."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from visitors.errors import InvalidData
from visitors.input.delimiter import hint_of, shown_delimiter
from visitors.input.kinds import Kind, squeezed

_SEPARATORS = (";", "\t", "|", ",")
_OF_ERRORS = {"error", "errors", "detail", "message", "statusCode", "status_code"}
"""The keys of the message in an API's error response."""
_SHOWN = 10
"""The maximum number of columns named in an error."""


def no_column_known(columns: Sequence[str], kind: Kind) -> InvalidData:
    """Make the error for a file without any known column, with a guess at what it is."""
    shown = listed(columns)
    message = f"no column matches a field: {shown}"
    if len(columns) == 1:
        for separator in _SEPARATORS:
            if separator in columns[0]:
                return InvalidData(
                    f"no column matches a field: the cells of {shown!r} are separated by {shown_delimiter(separator)}",
                    code="no_known_column",
                    hint=f"use {hint_of(separator)}",
                )
    if any(column in _OF_ERRORS for column in columns):
        return InvalidData(
            f"no column matches a field; the file looks like an error response: {shown}",
            code="no_known_column",
            hint="check the program that wrote the file: it may have failed",
        )
    hint = _meant(columns, kind) or (
        f"use --map id=COLUMN to name the column with the id; for details: visitors {kind.command} --help"
    )
    return InvalidData(message, code="no_known_column", hint=hint)


def unmapped(columns: Sequence[str], kind: Kind) -> InvalidData:
    """Make the error for columns that match no field, in a file with others that do."""
    return InvalidData(
        f"{len(columns):,} columns match no field: {listed(columns)}"
        if len(columns) > 1
        else f"column {columns[0]!r} matches no field",
        code="unmapped_column",
        hint=_meant(columns, kind) or "use --map FIELD=COLUMN, or --ignore-unknown",
    )


def listed(columns: Sequence[str]) -> str:
    """List the first few columns."""
    more = f" and {len(columns) - _SHOWN:,} more" if len(columns) > _SHOWN else ""
    return ", ".join(columns[:_SHOWN]) + more


def _meant(columns: Iterable[str], kind: Kind) -> str | None:
    """Suggest the field that one of `columns` probably is, in another spelling."""
    from visitors.domain.spelling import bare

    known = {bare(name): name for name in (*kind.names, *kind.aliases)}
    for column in columns:
        field = known.get(bare(column))
        if field is not None and kind.field_of(column) in (None, *kind.more):  # else another column is this field
            return f"did you mean {field}? --map {kind.aliases.get(field, field)}={shlex.quote(column)}"
    return None


def refuse_alike(columns: Iterable[str], kind: Kind) -> None:
    """Raise InvalidData for two columns of the same field, ignoring case and white space in their names."""
    seen: dict[str, str] = {}
    for column in columns:
        field = kind.field_of(column)
        if field is None:
            continue
        other = seen.setdefault(squeezed(field), column)
        if other != column:
            raise InvalidData(
                f"columns {other!r} and {column!r} both match {field}",
                code="duplicate_column",
                hint=f"use --map {field}=COLUMN to choose one, and --ignore-unknown to ignore the other",
            )
