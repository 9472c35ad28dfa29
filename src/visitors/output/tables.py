"""Tables for people, by Rich: compact, and safe whatever the data contain."""

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
NARROWEST_WRAPPED = 12
"""The minimum width of a wrapping column; with less room there is no table."""
LONGEST_WORD = 28
"""The maximum length of words that a wrapping column keeps whole if there is room: an id, with punctuation."""
WIDE = 120
"""The terminal width from which extra columns are shown, if they fit; below it, the columns are always the same."""
PLAIN_FROM = 200
"""The number of rows from which a table is plain text: Rich takes about a millisecond a row."""


class _Console(Console):
    """A console that leaves a closed pipe to `main`; Rich would exit with status 1."""

    def on_broken_pipe(self) -> None:
        """Re-raise the BrokenPipeError that is being handled."""
        raise  # noqa: PLE0704 - called by Rich in its handler


def console(stream: TextIO | None = None, *, color: bool = True, is_terminal: bool = False) -> Console:
    """Make the console for tables; markup, emoji codes and highlighting are off, since the text is data. `is_terminal`
    is whether what is written to the stream ends up on the terminal.
    """
    return _Console(
        file=stream or sys.stdout,
        force_terminal=is_terminal or None,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        no_color=not color,
        color_system="auto" if color else None,
    )


def write_table(target: Console, shape: Shape, records: Iterable[Record], current: Instant) -> int:
    """Write the records as a table, or, if the terminal is too narrow, a line for each value; return the number of
    records.
    """
    cells = [[_cell(column, column.show(record, current)) for column in shape.columns] for record in records]
    if not cells:
        return 0
    used = _used(shape, cells, target.width)
    if len(cells) >= PLAIN_FROM:
        _write_plain(target, shape, cells, used)
        return len(cells)
    widths = _widths(shape, cells, used, target.width)
    if widths is None:
        _write_stacked(target, shape, cells, used)
        return len(cells)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
    for index, width in zip(used, widths, strict=True):
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
    """Sanitise a value; a wrapping column keeps its line breaks."""
    return "\n".join(map(visible, text.split("\n"))) if column.wraps else visible(text)


def _used(shape: Shape, cells: list[list[str]], available: int) -> list[int]:
    """Return the columns to show: those with a value, and as many extra ones as there is room for."""
    filled = [i for i, column in enumerate(shape.columns) if column.always or any(row[i] for row in cells)]
    used = [i for i in filled if not shape.columns[i].extra]
    for index in filled:
        if shape.columns[index].extra and available >= WIDE:
            more = sorted([*used, index])
            if sum(_natural(shape, cells, more)) + GAP * (len(more) - 1) <= available:
                used = more
    return used


def _natural(shape: Shape, cells: list[list[str]], used: list[int]) -> list[int]:
    """Return the width of each column that shows all of its values."""
    return [
        max(
            cell_len(line)
            for text in [shape.columns[i].heading, *(row[i] for row in cells)]
            for line in text.split("\n")
        )
        for i in used
    ]


def _widths(shape: Shape, cells: list[list[str]], used: list[int], available: int) -> list[int] | None:
    """Return the width of each column, shrinking the widest first if there is too little room. None if the columns do
    not fit at all.
    """
    columns = [shape.columns[i] for i in used]
    natural = _natural(shape, cells, used)
    longest = [max((cell_len(word) for row in cells for word in row[i].split()), default=0) for i in used]
    whole_words = [max(NARROWEST_WRAPPED, min(word, LONGEST_WORD)) for word in longest]
    room = available - GAP * (len(used) - 1)
    for of_wrapped in (whole_words, [NARROWEST_WRAPPED] * len(used)):
        floors = [
            min(width, (narrow if column.wraps else column.shrinks_to) or width)
            for column, width, narrow in zip(columns, natural, of_wrapped, strict=True)
        ]
        if sum(floors) <= room:
            break
    else:
        return None
    widths = list(natural)
    while sum(widths) > room:
        shrinkable = [i for i in range(len(widths)) if widths[i] > floors[i]]
        widths[max(shrinkable, key=lambda i: widths[i])] -= 1
    return widths


def _write_stacked(target: Console, shape: Shape, cells: list[list[str]], used: list[int]) -> None:
    """Write a line for each value, and a blank one between records. Unshrinkable values are wrapped by the terminal
    itself, so that they are copied in one piece.
    """
    for number, row in enumerate(cells):
        if number:
            target.print()
        for index in used:
            column = shape.columns[index]
            if row[index]:
                text = Text(f"{column.heading}  " if column.heading else "", style="bold")
                text.append(row[index], style=column.style or "not bold")
                target.print(text, soft_wrap=column.shrinks_to is None and not column.wraps)


def _write_plain(target: Console, shape: Shape, cells: list[list[str]], used: list[int]) -> None:
    headings = [shape.columns[index].heading for index in used]
    body = [[row[index] for index in used] for row in cells]
    widths = [max(map(cell_len, column)) for column in zip(headings, *body, strict=True)]
    for row in [headings, *body]:
        line = "  ".join(
            text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        target.file.write(line + "\n")
