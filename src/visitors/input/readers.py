"""Read text formats row by row: each row with its position and values.

A malformed row is returned too, with its error, so that the caller can set it aside and continue.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from visitors.errors import InvalidData
from visitors.input.formats import BINARY, Format
from visitors.input.paths import at
from visitors.input.source import DUMP_LINE_LIMIT, LINE_LIMIT, Source, not_utf8

_decode = msgspec.json.Decoder().decode
_TSV_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The position of a row: the file, and its first line number, or its index in a JSON list."""

    file: str
    number: int
    unit: str = "line"

    def reason(self, column: str | None, message: str) -> str:
        """Format an error with its position: `web.csv, line 7, column 'lang': …`."""
        return f"{self.at(column)}: {message}"

    def at(self, column: str | None) -> str:
        """Format the position: `web.csv, line 7, column 'lang'`."""
        of_column = f", column {column!r}" if column else ""
        return f"{self.file}, {self.unit} {self.number:,}{of_column}"


class RawRow(msgspec.Struct, frozen=True):
    """A row as in the file: `values` by column, or `error` and the raw text."""

    place: Place
    values: dict[str, Any]
    raw: str = ""
    error: InvalidData | None = None


class Header(msgspec.Struct, frozen=True):
    """The columns of a CSV or TSV file; None for JSON, where each row has its own keys.

    A `note` says what is not read.
    """

    columns: tuple[str, ...] | None
    note: str | None = None


def read_rows(source: Source, format_: Format, delimiter: str = ",") -> tuple[Header, Iterator[RawRow]]:
    """Return the header, and an iterator over the rows; an empty file has none. CSV cells are separated by `delimiter`.

    Raises InvalidData for a repeated column, and UsageProblem if the package for a format is missing.
    """
    if format_ in BINARY:
        from visitors.input import binary_tables

        return binary_tables.excel(source) if format_ == "xlsx" else binary_tables.parquet(source)
    if source.is_empty:
        return Header(() if format_ in ("csv", "tsv") else None), iter(())
    if format_ == "csv":
        return _csv(source, delimiter)
    if format_ == "tsv" and source.head().startswith(b'"'):
        return _csv(source, "\t")  # the dialect of spreadsheets; our own headers have no quotes
    return _READERS[format_](source)


def read_records(
    source: Source, format_: Format, paths: Sequence[tuple[str, ...]], delimiter: str = ","
) -> tuple[Header, Iterator[RawRow]]:
    """Like `read_rows`, for a file whose records are at one of `paths` in its rows, or in the whole file."""
    if format_ in BINARY:
        header, rows = read_rows(source, format_)
        return Header(None, header.note), (record for row in rows for record in _expanded(row, paths))
    head = source.head()
    is_one = format_ == "ndjson" and head.lstrip().startswith(b"{") and b"\n" not in head.strip()
    if source.is_empty or format_ in ("csv", "tsv"):
        return read_rows(source, format_, delimiter)
    if format_ == "json" or is_one:  # one line may be a whole API response, longer than the limit for lines
        return Header(None), _records(source, paths)
    _, rows = read_rows(source, format_)
    return Header(None), (record for row in rows for record in _expanded(row, paths))


def _records(source: Source, paths: Sequence[tuple[str, ...]]) -> Iterator[RawRow]:
    from visitors.input.json_items import json_records

    for number, (item, is_record) in enumerate(json_records(source, paths), start=1):
        row = _item_row(source, number, item)
        if is_record:
            yield row
        else:
            yield from _expanded(row, paths)


def _expanded(row: RawRow, paths: Sequence[tuple[str, ...]]) -> Iterator[RawRow]:
    """Return the records in a row, or the row itself."""
    for path in paths:
        found = at(row.values, path)
        if found is not None:
            for item in found if isinstance(found, list) else [found]:
                yield object_row(row.place, item)
            return
    yield row


def json_lines(source: Source) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of an NDJSON file with their positions. Raises InvalidData for the first invalid line."""
    if source.is_empty:
        raise InvalidData(f"{source.name} is empty", code="empty_file")
    for number, line in source.lines(DUMP_LINE_LIMIT):
        row = _json_row(Place(source.name, number), line)
        if row.error is not None:
            raise InvalidData(row.place.reason(None, row.error.message), code=row.error.code)
        yield row.place.at(None), row.values


def _csv(source: Source, delimiter: str) -> tuple[Header, Iterator[RawRow]]:
    read: list[str] = []  # the lines of the current row
    csv.field_size_limit(LINE_LIMIT)  # no cell can be longer than the limit on rows
    reader = csv.reader(_csv_lines(source, read), delimiter=delimiter, strict=True)
    try:
        header = header_of(next(reader, []), source)
    except csv.Error as error:
        raise InvalidData(f"{source.name}, line 1: {error}", code="invalid_csv") from None
    _refuse_bad_header(source)

    def rows() -> Iterator[RawRow]:
        while True:
            place = Place(source.name, reader.line_num + 1)
            read.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = InvalidData(f"not CSV: {error}", code="invalid_csv")
                source.not_utf8.clear()
                yield RawRow(place, {}, raw="".join(read).rstrip("\n"), error=problem)
                continue
            if source.not_utf8:
                yield _bad_row(source, place, "".join(read))
            elif cells:
                yield _table_row(place, header, cells, "".join(read))

    return Header(header), rows()


def _csv_lines(source: Source, read: list[str]) -> Iterator[str]:
    """Yield the lines, adding each to `read`, which the caller empties after each row."""
    size = 0
    for number, line in source.lines(keep_bad=True):
        size = size + len(line) if read else len(line)
        if size > LINE_LIMIT:  # a quoted cell may span lines: limit a row that never ends
            raise source.too_long(number)
        read.append(line)
        yield line


def _tsv(source: Source) -> tuple[Header, Iterator[RawRow]]:
    lines = source.lines(keep_bad=True)
    header = header_of([_unescaped(cell) or "" for cell in _split(next(lines)[1])], source)
    _refuse_bad_header(source)

    def rows() -> Iterator[RawRow]:
        for number, line in lines:
            if source.not_utf8:
                yield _bad_row(source, Place(source.name, number), line)
            elif line.strip("\r\n"):
                yield _table_row(Place(source.name, number), header, [_unescaped(cell) for cell in _split(line)], line)

    return Header(header), rows()


def _ndjson(source: Source) -> tuple[Header, Iterator[RawRow]]:
    return Header(None), json_rows(source, source.lines(keep_bad=True))


def json_rows(source: Source, lines: Iterable[tuple[int, str]]) -> Iterator[RawRow]:
    """Yield the rows of NDJSON lines of `source`, including bad ones; blank lines are skipped."""
    for number, line in lines:
        if source.not_utf8:
            yield _bad_row(source, Place(source.name, number), line)
        elif line.strip():
            yield _json_row(Place(source.name, number), line)


def _bad_row(source: Source, place: Place, raw: str) -> RawRow:
    """Return the current row, which has a line that is not UTF-8."""
    problem = source.not_utf8.pop(min(source.not_utf8))
    source.not_utf8.clear()
    return RawRow(place, {}, raw=raw.rstrip("\n"), error=problem)


def _refuse_bad_header(source: Source) -> None:
    for number, problem in source.not_utf8.items():
        problem.message = Place(source.name, number).reason(None, problem.message)
        raise problem


def _json(source: Source) -> tuple[Header, Iterator[RawRow]]:
    from visitors.input.json_items import json_items

    def rows() -> Iterator[RawRow]:
        for number, item in enumerate(json_items(source), start=1):
            yield _item_row(source, number, item)

    return Header(None), rows()


def _item_row(source: Source, number: int, item: object) -> RawRow:
    from visitors.input.json_items import NotUtf8

    place = Place(source.name, number, "item")
    if isinstance(item, NotUtf8):
        problem = not_utf8("", item.byte, "item", takes_encoding=source.takes_encoding)
        return RawRow(place, {}, raw=item.text, error=problem)
    return object_row(place, item)


_READERS: dict[Format, Callable[[Source], tuple[Header, Iterator[RawRow]]]] = {
    "tsv": _tsv,
    "json": _json,
    "ndjson": _ndjson,
}


def header_of(cells: list[str], source: Source) -> tuple[str, ...]:
    """Return the column names. Raises InvalidData for a repeated one, or if there are none."""
    columns = tuple(cell.strip() for cell in cells)
    if not any(columns):
        raise InvalidData(f"{source.name} has no header line", code="empty_file")
    twice = sorted(column for column, count in Counter(columns).items() if column and count > 1)
    if twice:
        raise InvalidData(
            f"{source.name} has two columns named {twice[0]!r}",
            code="duplicate_column",
            hint="rename or remove one of the two",
        )
    return columns


def _table_row(place: Place, header: tuple[str, ...], cells: list[str] | list[str | None], raw: str) -> RawRow:
    if len(cells) != len(header):
        return RawRow(place, {}, raw=raw.rstrip("\n"), error=wrong_cell_count(len(cells), len(header)))
    return RawRow(place, dict(zip(header, cells, strict=True)))


def wrong_cell_count(cells: int, columns: int) -> InvalidData:
    """Make the error for a row with so many cells, in a table with so many columns."""
    counted = [f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in ((cells, "cell"), (columns, "column"))]
    return InvalidData(" for ".join(counted), code="wrong_cell_count")


def _json_row(place: Place, line: str) -> RawRow:
    try:
        return object_row(place, _decode(line), line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        problem = InvalidData(f"not JSON: {_reason(error, line)}", code="invalid_json")
        return RawRow(place, {}, raw=line.rstrip("\n"), error=problem)


def object_row(place: Place, item: object, raw: str = "") -> RawRow:
    """Make a row of a value, or its error if that is not an object."""
    if isinstance(item, dict):
        return RawRow(place, item)
    return RawRow(place, {}, raw=raw.rstrip("\n"), error=InvalidData("not a JSON object", code="invalid_json"))


def _reason(error: Exception, line: str) -> str:
    from visitors.input.json_items import TRUNCATED, reason

    # msgspec calls half an emoji truncated data, too; a program that cuts text by length leaves one
    return "a lone surrogate" if str(error).startswith(TRUNCATED) and _is_complete(line) else reason(error)


def _is_complete(line: str) -> bool:
    import json

    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _split(line: str) -> list[str]:
    return line.rstrip("\n").removesuffix("\r").split("\t")


def _unescaped(cell: str) -> str | None:
    r"""Unescape a TSV cell; `\N` is null, as in PostgreSQL's COPY."""
    if "\\" not in cell:
        return cell
    if cell == "\\N":
        return None
    pieces, escaped = [], False
    for character in cell:
        if escaped:
            pieces.append(_TSV_ESCAPES.get(character, "\\" + character))
        elif character != "\\":
            pieces.append(character)
        escaped = character == "\\" and not escaped
    return "".join(pieces) + ("\\" if escaped else "")
