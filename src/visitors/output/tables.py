"""Tables for people, by Rich: short, quiet, and safe whatever the data hold."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from visitors.domain.times import Instant
from visitors.output.sanitise import visible
from visitors.output.shape import Column, Record, Shape

GAP = 2
NARROWEST = 4
PLAIN_FROM = 200
"""From this many rows on a table is plain text: Rich takes about a millisecond a row."""


def console(stream: TextIO | None = None, *, color: bool = True) -> Console:
    """Where tables go; markup, emoji codes and highlighting are off, since the text is data."""
    return Console(
        file=stream or sys.stdout,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        no_color=not color,
        color_system="auto" if color else None,
    )


def write_table(target: Console, shape: Shape, records: Iterable[Record], current: Instant) -> int:
    """Write the records as a table; returns how many there were."""
    cells = [[_cell(column, column.show(record, current)) for column in shape.columns] for record in records]
    if not cells:
        return 0
    used = [i for i, column in enumerate(shape.columns) if column.always or any(row[i] for row in cells)]
    if len(cells) >= PLAIN_FROM:
        _write_plain(target, shape, cells, used)
        return len(cells)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
    for index, width in zip(used, _widths(shape, cells, used, target.width), strict=True):
        column = shape.columns[index]
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(
            column.heading,
            style=column.style,
            width=width,
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
            justify=justify,
        )
    for row in cells:
        table.add_row(*(Text(row[index]) for index in used))
    target.print(table)
    return len(cells)


def _cell(column: Column, text: str) -> str:
    """A value made harmless; a column that wraps keeps the line breaks of what was written."""
    return "\n".join(map(visible, text.split("\n"))) if column.wraps else visible(text)


def _widths(shape: Shape, cells: list[list[str]], used: list[int], available: int) -> list[int]:
    """How wide each column is: what it needs, and where that is too much, less of the widest first."""
    natural = [
        max(
            cell_len(line)
            for text in [shape.columns[i].heading, *(row[i] for row in cells)]
            for line in text.split("\n")
        )
        for i in used
    ]
    floors = [
        min(width, (20 if shape.columns[i].wraps else shape.columns[i].shrinks_to) or width)
        for i, width in zip(used, natural, strict=True)
    ]
    widths = list(natural)
    room = available - GAP * len(used)
    while sum(widths) > room:
        shrinkable = [i for i in range(len(widths)) if widths[i] > floors[i]]
        if not shrinkable:
            floors = [min(floor, NARROWEST) for floor in floors]
            shrinkable = [i for i in range(len(widths)) if widths[i] > floors[i]]
            if not shrinkable:
                break
        widths[max(shrinkable, key=lambda i: widths[i])] -= 1
    return widths


def _write_plain(target: Console, shape: Shape, cells: list[list[str]], used: list[int]) -> None:
    headings = [shape.columns[index].heading for index in used]
    body = [[row[index] for index in used] for row in cells]
    widths = [max(map(cell_len, column)) for column in zip(headings, *body, strict=True)]
    for row in [headings, *body]:
        line = "  ".join(
            text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        target.file.write(line + "\n")
