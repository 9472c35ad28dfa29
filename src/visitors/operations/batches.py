"""Import rows in batches: what the rows of a batch refer to is looked up at once, and what they change is written at
once, after the last one. The result is the same as importing row by row.

A few rows need more: they change other records in the store itself, as a merge does, or refer to what an earlier row of
the batch changed. Such a row ends the batch before it, and is taken again in a batch of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol

from visitors.domain.row import VisitorRow
from visitors.input.rows import ReadRow
from visitors.operations.one_row import Reject, take_one
from visitors.store.store import Store

BATCH = 1_000
"""The number of rows written at once; the next ones are read when these are written."""


class NeedsOwnBatch(Exception):
    """Raised for a row that has to be in a batch of its own, before anything is queued for it."""


class Batch(Protocol):
    """Rows being imported."""

    def take(self, row: VisitorRow) -> None:
        """Queue what the row changes. Raises NeedsOwnBatch, unless it is the only one, and errors of the row."""

    def write(self) -> None:
        """Write what is queued."""


def taken_in_batches(
    store: Store,
    rows: Iterable[ReadRow],
    begin: Callable[[list[VisitorRow]], Batch],
    reject: Reject | None,
) -> Iterator[ReadRow]:
    """Import every row; yield those that were not rejected. `begin` makes a batch, and looks up what its rows refer to.

    A bad row goes to `reject` and leaves nothing in the store; without `reject` its error is raised, with its position
    before the message.
    """
    remaining = iter(rows)
    waiting: deque[ReadRow] = deque()
    size = BATCH
    while True:
        waiting.extend(islice(remaining, max(0, size - len(waiting))))
        reads = [waiting.popleft() for _ in range(min(size, len(waiting)))]
        if not reads:
            return
        good = [read.row for read in reads if read.row is not None]
        batch = begin(good)
        # what needs a batch of its own comes in groups: many rows looked up for nothing would take long
        size = min(2 * size, BATCH)
        for position, read in enumerate(reads):
            try:
                # only a single row may write something before the batch does
                is_taken = take_one(store if len(good) == 1 else None, read, batch.take, reject)
            except NeedsOwnBatch:
                waiting.extendleft(reversed(reads[position:]))
                size = 1
                break
            if is_taken:
                yield read
        batch.write()
