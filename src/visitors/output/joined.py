"""CSV and TSV out of rows whose cells are joined already: the same bytes as from values, for less work.

Cells that were joined without a look at what is in them are right if they hold nothing that the
format would quote or escape. That shows in many rows at once: no such character, and exactly as many
separators as there are between the cells. The few others are asked for again, as values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import msgspec

from visitors.output.machine import as_record, as_text, csv_cells, csv_line, tsv_cells, tsv_line
from visitors.output.shape import Path, value_at

_BATCH = 1000
_NUMBERS = {float, type(None)}


class Joined(Protocol):
    """Where the rows come from."""

    groups: tuple[int, ...]
    """How many cells each value of a row stands for; a value that stands for one cell is not text yet."""

    def again(self, record_ids: Sequence[str], /) -> Sequence[msgspec.Struct]:
        """The records with these ids as values, in the order of the ids."""


class _Syntax(msgspec.Struct, frozen=True):
    separator: str
    special: tuple[str, ...]
    cells: Callable[[Sequence[str | None]], list[str]]
    line: Callable[[Sequence[str]], str]

    def is_plain(self, text: str, separators: int) -> bool:
        """Whether `text` has this many separators, and nothing that would have to be quoted or escaped."""
        return text.count(self.separator) == separators and not any(one in text for one in self.special)


_SYNTAX: dict[str, _Syntax] = {
    "csv": _Syntax(",", ('"', "\n", "\r"), csv_cells, csv_line),
    "tsv": _Syntax("\t", ("\\", "\n", "\r"), tsv_cells, tsv_line),
}

FORMATS = tuple(_SYNTAX)


def separator_of(format_: str) -> str:
    """What stands between the cells."""
    return _SYNTAX[format_].separator


def joined_lines(format_: str, paths: Sequence[Path], source: Joined, rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """The header and the lines of `rows`, which `source` gave with the format's separator, in pieces."""
    syntax = _SYNTAX[format_]
    yield syntax.line([".".join(path) for path in paths])
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        columns = list(zip(*batch, strict=True))
        odd = _odd(syntax, source.groups, columns)
        cells = [
            _cells(syntax, column) if size == 1 else column for size, column in zip(source.groups, columns, strict=True)
        ]
        lines = list(map(syntax.separator.join, zip(*cells, strict=True)))
        if odd:
            ids = [lines[place].partition(syntax.separator)[0] for place in odd]
            for place, value in zip(odd, source.again(ids), strict=True):
                record = as_record(value)
                lines[place] = syntax.line([as_text(value_at(record, path)) for path in paths]).removesuffix("\n")
        lines.append("")
        yield "\n".join(lines)


def _cells(syntax: _Syntax, column: Sequence[Any]) -> list[str]:
    """The cells of values that are no plain text: numbers, or documents."""
    if {*map(type, column)} <= _NUMBERS:
        # one text of all is made in a fraction of the time that as many texts take, and spells each the same
        return msgspec.json.encode(column).decode()[1:-1].replace("null", "").split(",")
    return syntax.cells(column)


def _odd(syntax: _Syntax, groups: Sequence[int], columns: Sequence[tuple[Any, ...]]) -> list[int]:
    """The places of the rows with a cell that is not plain."""
    odd: set[int] = set()
    for size, column in zip(groups, columns, strict=True):
        if size > 1 and not syntax.is_plain("".join(column), (size - 1) * len(column)):
            odd.update(place for place, text in enumerate(column) if not syntax.is_plain(text, size - 1))
    return sorted(odd)
