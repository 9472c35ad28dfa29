"""Read rows for an import: parsed, mapped to fields, and validated.

None of this needs a store, so it can run in a separate process (`ahead`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from visitors.domain.row import VisitorRow
from visitors.errors import InvalidData
from visitors.input.delimiter import delimiter_of, parse_delimiter
from visitors.input.exported import ExportedRows
from visitors.input.formats import Format
from visitors.input.kinds import VISITORS, Kind
from visitors.input.mapping import ColumnMapping, is_known
from visitors.input.other_content import refuse_envelope
from visitors.input.readers import Header, Place, RawRow, json_rows, read_records, read_rows
from visitors.input.source import Source

if TYPE_CHECKING:
    from visitors.input.mapping_files import Part


_OF_COLUMNS = ("duplicate_column", "missing_column", "no_known_column", "unmapped_column")
"""Codes of errors about the columns of a file, rather than one of its rows."""


class Problem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An InvalidData as a value."""

    message: str
    field: str | None
    hint: str | None
    code: str

    @classmethod
    def of(cls, error: InvalidData) -> Problem:
        """Convert an error."""
        return cls(error.message, error.field, error.hint, error.code)

    def error(self) -> InvalidData:
        """Return the error to raise."""
        return InvalidData(self.message, field=self.field, hint=self.hint, code=self.code)


class LeftOut(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value of a row that was dropped, its column, and its error."""

    column: str | None
    problem: Problem


Row = TypeVar("Row")


class Read(msgspec.Struct, Generic[Row], frozen=True, array_like=True, gc=False):
    """A row of a file: `row`, or its error and the column to blame.

    `values` are its cells by column, kept only if requested; `raw` is the text of an unreadable row. `left_out` are
    invalid optional values that were dropped.
    """

    place: Place
    row: Row | None
    values: dict[str, Any] | None = None
    raw: str = ""
    problem: Problem | None = None
    column: str | None = None
    left_out: tuple[LeftOut, ...] = ()


ReadRow = Read[VisitorRow]
"""The row of a visitor or a contact."""


def read_checked(
    source: Source,
    format_: Format,
    maps: Sequence[str],
    *,
    ignore_unknown: bool,
    keep_values: bool,
    delimiter: str | None = None,
    nulls: Sequence[str] = (),
    lenient: bool = False,
    kind: Kind = VISITORS,
    part: Part | None = None,
) -> tuple[Header, Iterator[Read[Any]]]:
    """Return the header of a file, and an iterator over its rows by field, good and bad.

    `maps`, `delimiter`, `nulls` and `lenient` are the values of `--map`, `--delimiter`, `--null` and `--lenient`;
    `kind` is the kind of rows, and `part` the matching part of a mapping. Raises InvalidData and UsageProblem for an
    invalid header or options.
    """
    delimiter = cell_delimiter(source, format_, delimiter, maps, kind)
    header, rows = read_any(source, format_, part, delimiter)
    with _of_file(source):
        mapping = ColumnMapping(maps, header, ignore_unknown=ignore_unknown, nulls=nulls, kind=kind, part=part)
    is_exported = kind is VISITORS and part is None and format_ == "ndjson" and not maps and not nulls
    if is_exported and not keep_values:
        return header, _naming(source, _mostly_exported(source, mapping, lenient=lenient))
    return header, _naming(source, checked_rows(rows, mapping, keep_values=keep_values, lenient=lenient))


def cell_delimiter(
    source: Source, format_: Format, given: str | None, maps: Sequence[str], kind: Kind, mapping: str = "none"
) -> str:
    """Return the delimiter of a table: that of `--delimiter`, or the one that splits its header into known columns:
    fields, columns in `maps`, or columns of the given mapping (see `choose_part`).

    Raises InvalidData if it is ambiguous, and UsageProblem.
    """
    if given is not None:
        return parse_delimiter(given)
    if format_ != "csv":
        return ","

    @cache
    def of_mapping() -> frozenset[str]:
        from visitors.input.recognise import known_to  # on demand: most files need none

        return known_to(mapping)

    def is_column(name: str) -> bool:
        return is_known(name, maps, kind) or name in of_mapping()

    return delimiter_of(source.head(), is_column, source.name)


def read_any(
    source: Source, format_: Format, part: Part | None, delimiter: str = ","
) -> tuple[Header, Iterator[RawRow]]:
    """Return the header of a file, and its raw rows, from where `part` says they are."""
    if part is None or not part.records:
        return read_rows(source, format_, delimiter)
    return read_records(source, format_, part.records, delimiter)


def _naming(source: Source, rows: Iterator[Read[Any]]) -> Iterator[Read[Any]]:
    """Yield `rows`, adding the file's name to errors about the whole file."""
    with _of_file(source):
        yield from rows


@contextmanager
def _of_file(source: Source) -> Iterator[None]:
    """Add the file's name to errors about its columns."""
    try:
        yield
    except InvalidData as error:
        if error.code in _OF_COLUMNS:
            error.message = f"{source.name}: {error.message}"
            error.where = source.name
        raise


def _mostly_exported(source: Source, mapping: ColumnMapping, *, lenient: bool) -> Iterator[Read[Any]]:
    """Like `checked_rows` for NDJSON lines; those in the shape of an export take a third less time."""
    exported = ExportedRows()
    for first, block in source.line_blocks():
        rows = exported.read(block)
        if rows is None:
            raw = json_rows(source, source.lines_in(block, first, keep_bad=True))
            yield from _checked(raw, mapping, keep_values=False, lenient=lenient)
        else:
            mapping.saw_known()
            for number, row in enumerate(rows, first):
                yield Read(Place(source.name, number), row)
    mapping.refuse_unknown()


def checked_rows(
    rows: Iterable[RawRow], mapping: ColumnMapping, *, keep_values: bool, lenient: bool = False
) -> Iterator[Read[Any]]:
    """Yield the rows by field, good and bad. Raises InvalidData at the end if a mapped column was in none, or no column
    was known.
    """
    yield from _checked(rows, mapping, keep_values=keep_values, lenient=lenient)
    mapping.refuse_unknown()


def _checked(
    rows: Iterable[RawRow], mapping: ColumnMapping, *, keep_values: bool, lenient: bool
) -> Iterator[Read[Any]]:
    read = False
    left_out: tuple[LeftOut, ...] = ()
    for raw in rows:
        values = raw.values if keep_values else None
        try:
            if raw.error is not None:
                raise raw.error
            if lenient:
                row, problems = mapping.row_leniently(raw.values)
                left_out = tuple(LeftOut(mapping.column_of(one.field, raw.values), Problem.of(one)) for one in problems)
            else:
                row = mapping.row(raw.values)
        except InvalidData as error:
            if error.code == "no_known_column":
                refuse_envelope(raw.values, raw.place.reason(None, ""))
            column = mapping.column_of(error.field, raw.values)
            text = raw.raw if raw.error is not None else ""
            yield Read(raw.place, None, values, text, Problem.of(error), column)
        else:
            read = True
            yield Read(raw.place, row, values, left_out=left_out)
    if read:
        mapping.refuse_unseen()
