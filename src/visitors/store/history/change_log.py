"""Iterate over all changes of many operations, in bounded memory.

One import can create a million records, so reads are limited by ranges of change numbers and of created records'
numbers. Both are contiguous for an operation, since operations never write at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from visitors.domain.operation import Change
from visitors.store.database import THESE, Question, Row, rows
from visitors.store.history.changes import WHO, tell
from visitors.store.history.operations import Filter
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import Store

_OPERATIONS = 200
_RECORDS = 500
"""The maximum number of operations, and of changes and records, read at once."""

_CHANGED = "changed"

_Window = tuple[int, str, int, int]
"""The number of an operation, `_CHANGED` or the kind of created records, and the first and last number."""


def every_change(store: Store, wanted: Filter, *, oldest_first: bool = False) -> Iterator[Change]:
    """Yield the changes of the chosen operations, of any record, newest or oldest first."""
    batch: list[_Window] = []
    size = 0
    for window in _windows(store, wanted, oldest_first=oldest_first):
        batch.append(window)
        size += window[3] - window[2] + 1
        if size >= _RECORDS:
            yield from _changes_in(store, batch, wanted.kinds, oldest_first=oldest_first)
            batch, size = [], 0
    if batch:
        yield from _changes_in(store, batch, wanted.kinds, oldest_first=oldest_first)


def _windows(store: Store, wanted: Filter, *, oldest_first: bool) -> Iterator[_Window]:
    """Split the numbers to read, in order, into windows of at most `_RECORDS`."""
    condition, parameters = wanted.condition
    compared, direction = (">", "ASC") if oldest_first else ("<", "DESC")
    sql = (
        "SELECT o.pk, (SELECT min(pk) FROM changes WHERE operation = o.pk),"
        f" (SELECT max(pk) FROM changes WHERE operation = o.pk) FROM operations AS o WHERE {condition}"
        f" AND o.pk {compared} ? ORDER BY o.pk {direction} LIMIT {_OPERATIONS}"
    )
    places = {kind: place for place, kind in enumerate(RECORDED)}
    last = 0 if oldest_first else _AFTER_ALL
    while found := store.execute(sql, (*parameters, last)).fetchall():
        last = found[-1][0]
        created = f"SELECT operation, kind, first, last FROM creations WHERE operation {THESE}"
        ranges: dict[int, list[_Window]] = {row[0]: [] for row in found}
        for window in store.execute(created, (rows(ranges),)).fetchall():
            if not wanted.kinds or window[1] in wanted.kinds:
                ranges[window[0]].append(window)
        for number, first_change, last_change in found:
            whole = sorted(ranges[number], key=lambda window: (places[window[1]], window[2]))
            if first_change is not None:
                whole.append((number, _CHANGED, first_change, last_change))
            for window in whole if oldest_first else reversed(whole):
                yield from _parts(window, oldest_first=oldest_first)


_AFTER_ALL = 2**63 - 1


def _parts(window: _Window, *, oldest_first: bool) -> Iterator[_Window]:
    number, what, first, last = window
    starts = range(first, last + 1, _RECORDS)
    for start in starts if oldest_first else reversed(starts):
        yield number, what, start, min(last, start + _RECORDS - 1)


def _changes_in(store: Store, batch: list[_Window], kinds: tuple[str, ...], *, oldest_first: bool) -> Iterator[Change]:
    """Yield the changes in the windows, in order."""
    questions = []
    changed = rows(window for window in batch if window[1] == _CHANGED)
    of_kinds = f" AND h.kind {THESE}" if kinds else ""
    sql = (
        f"SELECT o.pk, 1, 0, h.pk, {WHO}, h.kind, h.record, h.before, h.after {_window('changes AS h', 'h.pk')}"
        f" WHERE h.operation = o.pk{of_kinds}"
    )
    questions.append(Question(sql, (changed, *([rows(kinds)] if kinds else [])), list))
    for place, (kind, table) in enumerate(RECORDED.items()):
        created = rows(window for window in batch if window[1] == kind)
        select = f"SELECT o.pk, 0, {place}, {{}}, {WHO}, '{kind}', {{}}, NULL, NULL"
        number = "json_extract(r.before, '$.pk')"
        removed = f"changes AS r INDEXED BY changes_removed ON r.kind = '{kind}' AND r.before IS NOT NULL"
        sql = (
            f"{select.format('r.pk', 'r.id')} {_window(f'{table} AS r', 'r.pk')}"
            f" UNION {select.format(number, 'r.record')} {_window(f'{removed} AND r.after IS NULL', number)}"
            f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE pk = {number})"
        )
        if created != "[]":
            questions.append(Question(sql, (created, created), list))
    found: list[Row] = [row for some in store.ask_all(*questions) for row in some]
    found.sort(key=itemgetter(0, 1, 2, 3), reverse=not oldest_first)
    yield from tell(store, found)


def _window(table: str, number: str) -> str:
    """Build the SQL for the rows of `table` whose number is in one of the windows in the parameter."""
    joined = table if " ON " in table else f"{table} ON 1"
    return (
        "FROM json_each(?) AS w CROSS JOIN operations AS o ON o.pk = json_extract(w.value, '$[0]')"
        f" CROSS JOIN {joined} AND {number} BETWEEN json_extract(w.value, '$[2]') AND json_extract(w.value, '$[3]')"
    )
