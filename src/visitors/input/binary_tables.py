"""Excel workbooks and Parquet files, read with optional packages that are imported only here.

Workbook cells become text, as in the CSV file that a person would save; Parquet rows become objects, as in JSON. Times
without a zone are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from visitors.errors import InvalidData
from visitors.input.optional import needed
from visitors.input.readers import Header, Place, RawRow, header_of, wrong_cell_count
from visitors.input.source import Source

_AT_ONCE = 1_000
_EXACT = 2**53
"""Workbooks keep numbers as floats: whole ones from here on are rounded."""


def excel(source: Source) -> tuple[Header, Iterator[RawRow]]:
    """Read the first sheet of a workbook: the column names in its first row, and the rows below.

    Raises UsageProblem without the package, and InvalidData for a file that is not a workbook.
    """
    openpyxl = needed("openpyxl", "openpyxl", "reading an Excel file")
    content = source.binary()
    try:
        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        first = next(rows, ())
        others = [sheet.title for sheet in book.worksheets[1:] if _has_cells(sheet)]
    except Exception as error:  # noqa: BLE001 - whatever a damaged archive makes it raise
        raise InvalidData(f"{source.name} is not an Excel workbook (.xlsx): {error}", code="invalid_xlsx") from None
    cells = _texts(first)
    header = header_of([cell or "" for cell in cells], source) if cells else ()

    def below() -> Iterator[RawRow]:
        for number, row in enumerate(rows, start=2):
            if any(cell is not None for cell in row):
                yield _row(Place(source.name, number), header, _texts(row))

    note = f"{source.name}: only the first sheet is read, not {', '.join(others)}" if others else None
    return Header(header, note), _readable(below(), source, "invalid_xlsx")


def _has_cells(sheet: Any) -> bool:
    return any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)


def _row(place: Place, header: tuple[str, ...], cells: list[str | None]) -> RawRow:
    if len(cells) > len(header):
        raw = ",".join(cell or "" for cell in cells)
        return RawRow(place, {}, raw=raw, error=wrong_cell_count(len(cells), len(header)))
    cells += [None] * (len(header) - len(cells))
    return RawRow(place, dict(zip(header, cells, strict=True)))


def _texts(row: Iterable[Any]) -> list[str | None]:
    """Return the cells of a row up to the last that is not blank."""
    cells = [_text(cell) for cell in row]
    while cells and not (cells[-1] or "").strip():
        cells.pop()
    return cells


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)) if abs(cell) < _EXACT else f"{cell:.15e}"
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _readable(rows: Iterator[RawRow], source: Source, code: str) -> Iterator[RawRow]:
    """Yield the rows. Raises InvalidData where the file turns out to be damaged, or has what Python cannot hold."""
    try:
        yield from rows
    except Exception as error:  # noqa: BLE001 - of the packages' own kinds
        raise InvalidData(f"{source.name} is damaged, or has an invalid value: {error}", code=code) from None


def parquet(source: Source) -> tuple[Header, Iterator[RawRow]]:
    """Read the rows of a Parquet file. Raises UsageProblem without the package, and InvalidData for another file."""
    arrow = needed("pyarrow.parquet", "pyarrow", "reading a Parquet file")
    content = source.binary()
    try:
        file = arrow.ParquetFile(content)
    except Exception as error:  # noqa: BLE001 - of the package's own kinds
        raise InvalidData(f"{source.name} is not a Parquet file: {error}", code="invalid_parquet") from None

    def rows() -> Iterator[RawRow]:
        number = 0
        for batch in file.iter_batches(batch_size=_AT_ONCE, use_threads=False):
            for row in _in_microseconds(batch).to_pylist():
                number += 1
                yield RawRow(Place(source.name, number, "row"), _plain(row))

    return Header(None), _readable(rows(), source, "invalid_parquet")


def _in_microseconds(batch: Any) -> Any:
    """Return the rows of the batch as a table, without the nanoseconds of times, which Python's cannot hold."""
    pyarrow = needed("pyarrow", "pyarrow", "reading a Parquet file")
    table = pyarrow.Table.from_batches([batch])
    for at, field in enumerate(table.schema):
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            cut = table.column(at).cast(pyarrow.timestamp("us", field.type.tz), safe=False)
            table = table.set_column(at, field.name, cut)
    return table


def _plain(value: Any) -> Any:
    """Convert the value to its JSON form."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
