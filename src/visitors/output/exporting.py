"""Write an export: many records in a machine format, counted, with a progress bar for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from visitors.output.joined import FORMATS as JOINED
from visitors.output.joined import Chosen, rows_for, written
from visitors.output.machine import FileFormat, lines
from visitors.output.output import Output
from visitors.output.progress import Counting, watched
from visitors.output.shape import Record, Shape

SMALL_ROWS = 20_000
"""The number of records below which a bar would only flicker."""


class Records(Protocol):
    """The records of a file."""

    def count(self) -> int | None:
        """Return how many there are; None if that is unknown."""

    def records(self) -> Iterable[msgspec.Struct | Record]:
        """Yield them as values."""


def export(
    output: Output,
    path: str,
    format_: FileFormat,
    shape: Shape,
    source: Records,
    as_text: Chosen | None,
    *,
    safe: bool,
) -> int:
    """Write records to the file at `path` (`-`: standard output), completely or not at all.

    `as_text` are the same records as rows that are mostly text, if available. `safe` defuses spreadsheet formulas.
    Returns the number of records. Raises FileProblem.
    """
    paths = shape.paths(output.fields)
    text = as_text if format_ in JOINED and output.fields is None and not safe else None
    items: Iterable[Any] = source.records() if text is None else rows_for(format_, text)
    counted = Counting(items, source.count)
    quiet = output.quiet or path == "-"
    with watched(counted, counted, quiet=quiet, color=output.color, small=SMALL_ROWS) as watching:
        if format_ == "parquet":
            from visitors.output.parquet import parquet_pieces

            output.write(path, parquet_pieces(paths, watching))
        elif text is None:
            made = lines(format_, shape, watching, fields=output.fields, spreadsheet_safe=safe, header=output.header)
            output.write(path, made)
        else:
            output.write(path, written(format_, paths, text, watching, header=output.header))
    return counted.position
