"""CSV, TSV and JSON out of rows that are mostly text already: the same bytes as from values, for less work.

Cells that were joined without a look at what is in them are right if they hold nothing that the
format would quote or escape. That shows in many rows at once: no such character, and exactly as many
separators as there are between the cells. The few others are asked for again, as values.

JSON was written with a look at everything, and lacks but its numbers.

Nobody saw yet that all of it is UTF-8: SQLite passes on what it has, and a damaged store has something else, too.
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

_BATCH = 100  # what stays in the cache of a processor meanwhile: a fifth faster than ten times as many
_NUMBERS = {float, type(None)}


class Chosen(Protocol):
    """The records of an export, as values or as rows that are mostly text."""

    groups: tuple[int, ...]
    """How many cells each value of a row of `joined` stands for; one that stands for one cell is not text yet."""
    numbers: tuple[str, ...]
    """The fields between the two objects of a row of `objects`."""

    def joined(self, separator: str, /) -> Iterable[tuple[Any, ...]]:
        """As joined cells: UTF-8, or what stands alone."""

    def objects(self) -> Iterable[tuple[Any, ...]]:
        """As JSON: an object in UTF-8, the numbers, and another object."""

    def again(self, record_ids: Sequence[str], /) -> Sequence[msgspec.Struct]:
        """Some of them, as values, in the order of the ids."""


class _Syntax(msgspec.Struct, frozen=True):
    separator: str
    special: tuple[bytes, ...]
    document: Callable[[bytes | None], bytes]
    line: Callable[[Sequence[str]], str]

    def is_plain(self, text: bytes, separators: int) -> bool:
        """Whether `text` has this many separators, and nothing that would have to be quoted or escaped."""
        return text.count(self.separator.encode()) == separators and not any(one in text for one in self.special)


# Many visitors have the same document, or none.
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
    """The rows of `source` that the format is made of."""
    return source.joined(_SYNTAX[format_].separator) if format_ in _SYNTAX else source.objects()


def written(
    format_: str, paths: Sequence[Path], source: Chosen, rows: Iterable[tuple[Any, ...]], *, header: bool = True
) -> Iterator[str | bytes]:
    """The file of `rows`, which `rows_for` gave, in pieces. Raises UnicodeDecodeError for what is not UTF-8."""
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
    """The columns of so many rows."""
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
    """The cells of values that are no plain text: numbers, or documents."""
    if {*map(type, column)} <= _NUMBERS:
        return [b"" if one == b"null" else one for one in _numbers(column)]
    return list(map(syntax.document, column))


def _numbers(column: Sequence[float | None]) -> list[bytes]:
    # one text of all is made in a fraction of the time that as many texts take, and spells each the same
    return msgspec.json.encode(column)[1:-1].split(b",")


def _odd(syntax: _Syntax, groups: Sequence[int], columns: Sequence[tuple[Any, ...]]) -> list[int]:
    """The places of the rows with a cell that is not plain."""
    odd: set[int] = set()
    for size, column in zip(groups, columns, strict=True):
        if size > 1 and not syntax.is_plain(b"".join(column), (size - 1) * len(column)):
            odd.update(place for place, text in enumerate(column) if not syntax.is_plain(text, size - 1))
    return sorted(odd)


def _objects(numbers: Sequence[str], columns: list[tuple[Any, ...]]) -> bytes:
    """The records as JSON, one a line."""
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
