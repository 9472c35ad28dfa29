"""Iterate over all changes of many operations, in bounded memory.

One import can create a million records, so a large operation is read in parts: ranges of the numbers of its changes,
and of the records that it created. Both are contiguous for an operation, since operations never write at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator

from visitors.domain.operation import Change
from visitors.store.database import THESE, rows
from visitors.store.history.changes import CHANGED, Part, Wanted, rows_of, tell
from visitors.store.history.operations import Filter
from visitors.store.query.listing import Condition
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store

_OPERATIONS = 200
_RECORDS = 500
"""The maximum number of operations, and of changes and records, read at once."""


def every_change(store: Store, wanted: Filter, *, oldest_first: bool = False) -> Iterator[Change]:
    """Yield the changes of the chosen operations, of any record, newest or oldest first."""
    for numbers, part in _pieces(store, wanted, oldest_first=oldest_first):
        of_these = Condition(f"o.pk {THESE}", (rows(numbers),))
        found = store.ask(rows_of(Wanted(of_these, kinds=wanted.kinds, part=part)))
        yield from tell(store, found[::-1] if oldest_first else found)


def _pieces(store: Store, wanted: Filter, *, oldest_first: bool) -> Iterator[tuple[list[int], Part | None]]:
    """Split what to read, in order: the numbers of some operations, or of a large one with a part of it."""
    small: list[int] = []
    size = 0
    for operation, parts in _operations(store, wanted, oldest_first=oldest_first):
        count = sum(last - first + 1 for _, first, last in parts)
        if small and size + count > _RECORDS:
            yield small, None
            small, size = [], 0
        if count <= _RECORDS:
            small.append(operation)
            size += count
            continue
        for what, first, last in parts if oldest_first else reversed(parts):
            starts = range(first, last + 1, _RECORDS)
            for start in starts if oldest_first else reversed(starts):
                yield [operation], (what, start, min(last, start + _RECORDS - 1))
    if small:
        yield small, None


def _operations(store: Store, wanted: Filter, *, oldest_first: bool) -> Iterator[tuple[int, list[Part]]]:
    """Yield the numbers of the operations, in order, with their creations and changes, oldest first."""
    condition, parameters = wanted.condition
    compared, direction = (">", "ASC") if oldest_first else ("<", "DESC")
    sql = (
        "SELECT o.pk, (SELECT min(pk) FROM changes WHERE operation = o.pk),"
        f" (SELECT max(pk) FROM changes WHERE operation = o.pk) FROM operations AS o WHERE {condition}"
        f" AND o.pk {compared} ? ORDER BY o.pk {direction} LIMIT {_OPERATIONS}"
    )
    created = f"SELECT operation, kind, first, last FROM creations WHERE operation {THESE} ORDER BY first"
    last = 0 if oldest_first else _AFTER_ALL
    while found := store.execute(sql, (*parameters, last)).fetchall():
        last = found[-1][0]
        parts: dict[int, list[Part]] = {row[0]: [] for row in found}
        for operation, *part in store.execute(created, (rows(parts),)).fetchall():
            if not wanted.kinds or part[0] in wanted.kinds:
                parts[operation].append((part[0], part[1], part[2]))
        for operation, first_change, last_change in found:
            whole = sorted(parts[operation], key=lambda part: list(RECORDED).index(part[0]))
            if first_change is not None:
                whole.append((CHANGED, first_change, last_change))
            yield operation, whole


_AFTER_ALL = 2**63 - 1
