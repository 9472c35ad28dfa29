"""Format CSV, TSV and JSON from rows composed by SQLite: the same bytes as from values, for less work.

Cells joined without checking them are correct if they contain nothing that the format would quote or escape. That is
checked for many rows at once: no special character, and exactly the expected number of separators. The few other rows
are requested again, as values.

JSON was escaped by SQLite, and lacks only its numbers.

None of it is known to be UTF-8 yet: SQLite passes on stored bytes, and those in a damaged store may be invalid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol

import msgspec

from visitors.output.machine import as_record, as_text, csv_cell, csv_line, tsv_cell, tsv_line
from visitors.output.sanitise import json_bytes
from visitors.output.shape import Path, value_at

_BATCH = 100  # fits into the processor's cache: a fifth faster than ten times as many
_NUMBERS = {float, type(None)}


class Chosen(Protocol):
    """The records of an export, as values or as rows that are mostly text."""

    groups: tuple[int, ...]
    """The number of cells that each value of a row of `joined` stands for; a single cell is not formatted yet."""
    numbers: tuple[str, ...]
    """The fields between the two objects of a row of `objects`."""

    def joined(self, separator: str, /) -> Iterable[tuple[Any, ...]]:
        """Yield them as joined cells: UTF-8, or single values."""

    def objects(self) -> Iterable[tuple[Any, ...]]:
        """Yield them as JSON: an object in UTF-8, the numbers, and another object."""

    def again(self, record_ids: Sequence[str], /) -> Sequence[msgspec.Struct]:
        """Yield some of them as values, in order of id."""


class _Syntax(msgspec.Struct, frozen=True):
    separator: str
    special: tuple[bytes, ...]
    document: Callable[[bytes | None], bytes]
    line: Callable[[Sequence[str]], str]

    def is_plain(self, text: bytes, separators: int) -> bool:
        """Return whether `text` has this many separators, and nothing that needs quoting or escaping."""
        return text.count(self.separator.encode()) == separators and not any(one in text for one in self.special)


# Many visitors have equal documents, or none.
@lru_cache(maxsize=4_096)
def _csv_document(document: bytes | None) -> bytes:
    return b"" if document is None else csv_cell(document.decode()).encode()


@lru_cache(maxsize=4_096)
def _tsv_document(document: bytes | None) -> bytes:
    return b"" if document is None else tsv_cell(document.decode()).encode()


_SYNTAX: dict[str, _Syntax] = {
    "csv": _Syntax(",", (b'"', b"\n", b"\r"), _csv_document, csv_line),
    "tsv": _Syntax("\t", (b"\\", b"\n", b"\r"), _tsv_document, tsv_line),
}

FORMATS = (*_SYNTAX, "ndjson", "json")


def rows_for(format_: str, source: Chosen) -> Iterable[tuple[Any, ...]]:
    """Return the rows of `source` from which to make the format."""
    return source.joined(_SYNTAX[format_].separator) if format_ in _SYNTAX else source.objects()


def written(
    format_: str, paths: Sequence[Path], source: Chosen, rows: Iterable[tuple[Any, ...]], *, header: bool = True
) -> Iterator[str | bytes]:
    """Yield the file of `rows`, from `rows_for`, in pieces. Raises UnicodeDecodeError for invalid UTF-8."""
    for piece in _pieces(format_, paths, source, rows, header=header):
        if isinstance(piece, bytes) and not piece.isascii():
            piece.decode()
        yield piece


def _pieces(
    format_: str, paths: Sequence[Path], source: Chosen, rows: Iterable[tuple[Any, ...]], *, header: bool = True
) -> Iterator[str | bytes]:
    batches = _batches(rows)
    if format_ == "ndjson":
        return (_objects(source.numbers, batch) + b"\n" for batch in batches)
    if format_ == "json":
        return _array(_objects(source.numbers, batch) for batch in batches)
    return _lines(_SYNTAX[format_], paths, source, batches, header=header)


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the columns of so many rows at a time."""
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        yield list(zip(*batch, strict=True))


def _lines(
    syntax: _Syntax,
    paths: Sequence[Path],
    source: Chosen,
    batches: Iterable[list[tuple[Any, ...]]],
    *,
    header: bool,
) -> Iterator[str | bytes]:
    assert sum(source.groups) == len(paths), "a row has as many cells as the header"
    separator = syntax.separator.encode()
    if header:
        yield syntax.line([".".join(path) for path in paths])
    for columns in batches:
        odd = _odd(syntax, source.groups, columns)
        cells = [
            _cells(syntax, column) if size == 1 else column for size, column in zip(source.groups, columns, strict=True)
        ]
        lines = list(map(separator.join, zip(*cells, strict=True)))
        if odd:
            ids = [lines[place].partition(separator)[0].decode() for place in odd]
            for place, value in zip(odd, source.again(ids), strict=True):
                record = as_record(value)
                line = syntax.line([as_text(value_at(record, path)) for path in paths])
                lines[place] = line.removesuffix("\n").encode()
        lines.append(b"")
        yield b"\n".join(lines)


def _cells(syntax: _Syntax, column: Sequence[Any]) -> list[bytes]:
    """Format the cells of values that are not plain text: numbers or documents."""
    if {*map(type, column)} <= _NUMBERS:
        return [b"" if one == b"null" else one for one in _numbers(column)]
    return list(map(syntax.document, column))


def _numbers(column: Sequence[float | None]) -> list[bytes]:
    # formatting all at once takes a fraction of the time, and gives the same text for each
    return msgspec.json.encode(column)[1:-1].split(b",")


def _odd(syntax: _Syntax, groups: Sequence[int], columns: Sequence[tuple[Any, ...]]) -> list[int]:
    """Return the positions of rows with a cell that is not plain."""
    odd: set[int] = set()
    for size, column in zip(groups, columns, strict=True):
        if size > 1 and not syntax.is_plain(b"".join(column), (size - 1) * len(column)):
            odd.update(place for place, text in enumerate(column) if not syntax.is_plain(text, size - 1))
    return sorted(odd)


def _objects(numbers: Sequence[str], columns: list[tuple[Any, ...]]) -> bytes:
    """Format the records as JSON, one a line."""
    before, *values, after = columns
    pattern = b"%b," + b"".join(b'"%b":%%b,' % name.encode() for name in numbers) + b"%b"
    pieces = zip([one[:-1] for one in before], *map(_numbers, values), [one[1:] for one in after], strict=True)
    return json_bytes(b"\n".join(map(pattern.__mod__, pieces)))


def _array(batches: Iterable[bytes]) -> Iterator[bytes]:
    separator = b"["
    for lines in batches:
        yield separator + b"\n" + lines.replace(b"\n", b",\n")  # all others are escaped
        separator = b","
    yield b"[]\n" if separator == b"[" else b"\n]\n"
