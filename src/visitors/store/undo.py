"""Taking one operation back, whatever was done since; what stands in the way is found by `store.touched`.

An operation is taken back by its record: what it made is removed, and its changes are reversed, newest
first. That gives what was there before it only while nothing else has touched the same records since.
Taking back is itself recorded, by the same triggers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any

import msgspec

from visitors.errors import StoreProblem
from visitors.store.bulk import WORTH_IT, derived_at_the_end
from visitors.store.connection import OpenOperation, Store, rows
from visitors.store.invariants import OF_TOMBSTONES
from visitors.store.schema import RECORDED, REFERENCES

_BATCH = 1_000

# By which references and the identity of contacts are looked up while rows go and come; and what records rows
# that come back.
_NEEDED = {
    "contacts_external_id",
    "contacts_merged_into",
    "visitors_contact",
    "visitors_insert",
    "contacts_insert",
}


def number(store: Store, operation_id: str) -> int:
    """The number of the operation with this id."""
    found: int = store.execute("SELECT pk FROM operations WHERE id = ?", (operation_id,)).fetchone()[0]
    return found


def newest(store: Store, but: Iterable[int], condition: str = "1") -> int | None:
    """The newest closed operation that is no undo and not one of `but`, and for which the `condition` holds."""
    found = store.execute(
        "SELECT pk FROM operations AS o WHERE is_open IS NULL AND pk NOT IN (SELECT operation FROM undone)"
        f" AND pk NOT IN (SELECT value FROM json_each(?)) AND {condition} ORDER BY pk DESC LIMIT 1",
        (rows(but),),
    ).fetchone()
    return None if found is None else found[0]


def newest_not_erased(store: Store, but: Iterable[int]) -> int | None:
    """As `newest`, of those that neither erased anybody nor lost anything to an erasure."""
    return newest(store, but, _NOT_ERASED)


# What it changed is there in full; of what it made, something.
_NOT_ERASED = (
    "NOT EXISTS (SELECT 1 FROM erasures WHERE operation = o.pk)"
    " AND NOT EXISTS (SELECT 1 FROM erased_changes WHERE operation = o.pk)"
    " AND (EXISTS (SELECT 1 FROM changes WHERE operation = o.pk)"
    + "".join(
        f" OR EXISTS (SELECT 1 FROM creations AS n JOIN {table} AS r ON r.pk BETWEEN n.first AND n.last"
        f" WHERE n.operation = o.pk AND n.kind = '{kind}')"
        for kind, table in RECORDED.items()
    )
    + ")"
)


def is_erasure(store: Store, target: int) -> bool:
    """Whether the operation erased somebody."""
    return store.execute("SELECT 1 FROM erasures WHERE operation = ?", (target,)).fetchone() is not None


def lost_changes(store: Store, target: int) -> bool:
    """Whether an erasure took some of the operation's changes, or all that was left of it."""
    sql = "SELECT 1 FROM erased_changes WHERE operation = ?"
    return store.execute(sql, (target,)).fetchone() is not None


def reverse(store: Store, operation: OpenOperation, target: int) -> Counter[tuple[str, str]]:
    """Take one operation back, in the name of the open one. Returns how many records were `removed`,
    `changed` or `restored`, by that word and the kind of record.

    Nothing may have touched its records since. What it made goes first: so a value that must be unique is
    free when its former owner gets it back.
    """
    store.execute("PRAGMA defer_foreign_keys = ON")
    store.execute("INSERT INTO undone (operation, target) VALUES (?, ?)", (operation.pk, target))
    done: Counter[tuple[str, str]] = Counter()
    with ExitStack() as stack:
        if _is_bulk(store, target):
            stack.enter_context(derived_at_the_end(store, keep=_NEEDED))
        for kind, table in reversed(RECORDED.items()):
            ranges = store.execute(
                "SELECT first, last FROM creations WHERE operation = ? AND kind = ?", (target, kind)
            ).fetchall()
            for one in ranges:
                removed = store.execute(f"DELETE FROM {table} WHERE pk BETWEEN ? AND ?", one).rowcount
                done["removed", kind] += removed
        for batch in _newest_first(store, target):
            for (what, kind, sql), group in groupby(batch, key=lambda step: step[0]):
                done[what, kind] += store.execute_many(sql, [values for _, values in group])
    store.execute(
        "INSERT INTO causes (operation, record, code) SELECT DISTINCT operation, record, 'undone' FROM changes"
        " WHERE operation = ? AND kind = 'visitor' AND json_type(after, '$.contact_id') IS NOT NULL"
        " AND record NOT IN (SELECT record FROM causes WHERE operation = ?)",
        (operation.pk, operation.pk),
    )
    return +done


def _is_bulk(store: Store, target: int) -> bool:
    """Whether so many visitors go or come that the indexes are better made anew."""
    goes, comes, there = store.execute(
        "SELECT (SELECT coalesce(sum(last - first + 1), 0) FROM creations WHERE operation = ? AND kind = 'visitor'),"
        " (SELECT count(*) FROM changes WHERE operation = ? AND kind = 'visitor'"
        "  AND (before IS NULL) + (after IS NULL) > 0),"
        " (SELECT count(*) FROM visitors)",
        (target, target),
    ).fetchone()
    return bool(goes + comes >= max(WORTH_IT, there / 2))


_Step = tuple[tuple[str, str, str], list[Any]]
"""What is done to which kind of record by which statement, and its parameters."""


def _newest_first(store: Store, target: int) -> Iterator[list[_Step]]:
    """The reversal of the operation's changes, in batches."""
    before_this = store.execute("SELECT coalesce(max(pk), 0) + 1 FROM changes WHERE operation = ?", (target,))
    place = before_this.fetchone()[0]
    columns = {kind: {row[0] for row in _columns(store, table)} for kind, table in RECORDED.items()}
    ranges = store.execute("SELECT kind, first, last FROM creations WHERE operation = ?", (target,)).fetchall()
    while True:
        found = store.execute(
            "SELECT pk, kind, record, before, after FROM changes WHERE operation = ? AND pk < ?"
            f" ORDER BY pk DESC LIMIT {_BATCH}",
            (target, place),
        ).fetchall()
        if not found:
            return
        place = found[-1][0]
        yield [step for row in found if (step := _step(row[1:], columns[row[1]], ranges)) is not None]


def _columns(store: Store, table: str) -> Iterable[Sequence[str]]:
    return store.execute(f"SELECT name FROM pragma_table_info('{table}')")


def _step(
    row: tuple[str, str, str | None, str | None], known: set[str], ranges: list[tuple[str, int, int]]
) -> _Step | None:
    kind, record, before, after = row
    table = RECORDED[kind]
    if before is None:
        return ("removed", kind, f"DELETE FROM {table} WHERE id = ?"), [record]
    values: dict[str, Any] = msgspec.json.decode(before)
    if not values.keys() <= known:
        raise StoreProblem(
            f"the record of a change of {kind} {record} names unknown columns",
            code="store_corrupt",
            hint="restore a backup",
        )
    if after is not None:
        assignments = ", ".join(f"{column} = ?" for column in values)
        return ("changed", kind, f"UPDATE {table} SET {assignments} WHERE id = ?"), [*values.values(), record]
    if any(kind == of_kind and first <= values.get("pk", 0) <= last for of_kind, first, last in ranges):
        return None  # made and removed by the same operation
    marks = ", ".join("?" * len(values))
    return ("restored", kind, f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"), [*values.values()]


def unsound(store: Store, operation: OpenOperation) -> tuple[str, str] | None:
    """A record that the open operation changed, and that refers to what is not there, or to a contact that was
    merged into another: its kind and id. The first is what SQLite would tell at the end, but not of which record.
    """
    found: tuple[str, str] | None = store.execute(UNSOUND, (operation.pk,)).fetchone()
    return found


def _unsound() -> str:
    dangling = [
        f"SELECT '{kind}', r.id FROM own CROSS JOIN {RECORDED[kind]} AS r ON r.id = own.record"
        f" WHERE own.kind = '{kind}' AND r.{column} IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {RECORDED[parent]} AS p WHERE p.id = r.{column})"
        for kind, column, parent in REFERENCES
    ]
    buried = [
        f"SELECT '{kind}', x.id FROM own CROSS JOIN {RECORDED[kind]} AS x ON x.id = own.record"
        f" WHERE own.kind = '{kind}' AND ({rule.broken})"
        for kind, rule in OF_TOMBSTONES.items()
    ]
    return (
        "WITH own (kind, record) AS (SELECT kind, record FROM changes WHERE operation = ?)"
        f" {' UNION ALL '.join([*dangling, *buried])} LIMIT 1"
    )


UNSOUND = _unsound()
"""The query: its parameter is the number of the operation."""
