"""A progress bar on standard error, shown only to a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")

SMALL = 1_000_000
"""Bytes below which a bar would only flicker."""
SMALL_PAGES = 20_000
"""Like SMALL, in pages of a store."""
_EVERY = 500


class _Measured(Protocol):
    @property
    def size(self) -> int | None: ...

    @property
    def position(self) -> int: ...


class Counting(Generic[Item]):
    """An iterable that counts the items taken from it, and knows how many there are."""

    def __init__(self, items: Iterable[Item], count: Callable[[], int | None] = lambda: None) -> None:
        self._items = items
        self._count = count
        self.position = 0

    @cached_property
    def size(self) -> int | None:
        """Return the number of items; None if it is unknown."""
        return self._count()

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            self.position += 1
            yield item


@contextmanager
def watched(
    items: Iterable[Item], source: _Measured, *, quiet: bool, color: bool, small: int = SMALL
) -> Iterator[Iterable[Item]]:
    """Yield `items`, with a bar that follows how far `source` has been read: rows, rate, time left.

    There is no bar without a terminal, or if the size of `source` (bytes or rows) is below `small`.
    """
    if quiet or not sys.stderr.isatty() or (source.size is not None and source.size < small):
        yield items
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from visitors.output.tables import console

    columns = (
        TextColumn("{task.fields[rows]:,} rows"),
        BarColumn(),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(sys.stderr, color=color), transient=True) as progress:
        task = progress.add_task("", total=source.size, rows=0, rate=0.0)

        def following() -> Iterator[Item]:
            for number, item in enumerate(items, start=1):
                if number % _EVERY == 0:
                    elapsed = progress.tasks[0].elapsed or 1.0
                    progress.update(task, completed=source.position, rows=number, rate=number / elapsed)
                yield item

        yield following()


@contextmanager
def watched_pages(*, quiet: bool, color: bool) -> Iterator[Callable[[int, int], None]]:
    """Return a callback for the number of pages done and the total, which shows a bar to a person if there are many."""
    with ExitStack() as stack:
        update: Callable[[int, int], None] | None = None

        def watch(done: int, total: int) -> None:
            nonlocal update
            if quiet or total < SMALL_PAGES or not sys.stderr.isatty():
                return
            if update is None:
                update = _page_bar(stack, color=color)
            update(done, total)

        yield watch


def _page_bar(stack: ExitStack, *, color: bool) -> Callable[[int, int], None]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from visitors.output.tables import console

    columns = (TextColumn("{task.completed:,.0f} pages"), BarColumn(), TimeRemainingColumn())
    progress = stack.enter_context(Progress(*columns, console=console(sys.stderr, color=color), transient=True))
    task = progress.add_task("")
    return lambda done, total: progress.update(task, completed=done, total=total)
