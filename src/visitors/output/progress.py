"""A progress bar on standard error, for a person who waits; for nobody else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

Item = TypeVar("Item")

SMALL = 1_000_000
"""Bytes below which a bar would only flicker."""
_EVERY = 500


class _Measured(Protocol):
    size: int | None

    @property
    def position(self) -> int: ...


@contextmanager
def watched(items: Iterable[Item], source: _Measured, *, quiet: bool) -> Iterator[Iterable[Item]]:
    """`items`, with a bar that follows how far `source` has been read: rows, rate, time left."""
    if quiet or not sys.stderr.isatty() or (source.size is not None and source.size < SMALL):
        yield items
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.fields[rows]:,} rows"),
        BarColumn(),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("", total=source.size, rows=0, rate=0.0)

        def following() -> Iterator[Item]:
            for number, item in enumerate(items, start=1):
                if number % _EVERY == 0:
                    elapsed = progress.tasks[0].elapsed or 1.0
                    progress.update(task, completed=source.position, rows=number, rate=number / elapsed)
                yield item

        yield following()
