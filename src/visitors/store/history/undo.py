"""Undo one operation; `visitors.store.history.undo_conflicts` finds later operations that prevent it.

An operation is undone by its record: the records it created are removed, and its changes are reversed, newest first.
This restores the previous state only if no other operation has changed the same records since. The undo is itself
recorded, by the same triggers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import msgspec

from visitors.domain.folding import search_text
from visitors.domain.operation import Operation
from visitors.errors import StoreProblem
from visitors.store.database import THESE, Question, Row, decoded, rows
from visitors.store.history.operations import ALL_UNDOS, Undos, by_number
from visitors.store.history.undo_conflicts import Overlap, overlaps_since
from visitors.store.load.bulk import WORTH_IT, indexed_at_the_end
from visitors.store.schema.invariants import OF_TOMBSTONES, ONE_EMAIL
from visitors.store.schema.recorded import COLUMNS, DERIVED, RECORDED, REFERENCES, SEARCHED
from visitors.store.store import Store

_BATCH = 1_000

# Indexes on references and identities, used while rows are removed and restored; and the triggers that record restored
# rows.
_NEEDED = {
    "contacts_external_id",
    "contacts_merged_into",
    "visitors_contact",
    "visitors_insert",
    "contacts_insert",
}


def number(store: Store, operation_id: str) -> int:
    """Return the number of the operation with this id."""
    found: int = store.execute("SELECT pk FROM operations WHERE id = ?", (operation_id,)).fetchone()[0]
    return found


def newest(
    store: Store, but: Iterable[int], *, actor: str | None = None, not_erased: bool = False
) -> tuple[int, bool] | None:
    """Return the newest closed operation, of this actor if given, that is not an undo and not one of `but`, and whether
    it erased somebody; with `not_erased`, one that neither did nor lost data to an erasure.
    """
    found: tuple[int, bool] | None = store.execute(
        "SELECT pk, EXISTS (SELECT 1 FROM erasures WHERE operation = o.pk) FROM operations AS o"
        f" WHERE is_open IS NULL AND pk NOT IN (SELECT operation FROM undone) AND pk NOT {THESE}"
        f" AND actor = coalesce(?, actor) AND {_NOT_ERASED if not_erased else '1'} ORDER BY pk DESC LIMIT 1",
        (rows(but), actor),
    ).fetchone()
    return found


def newest_of_others(store: Store, actor: str, since: str) -> int | None:
    """Return the newest operation by another actor after the one with the id `since`, neither an undo nor undone."""
    later = Question(
        "SELECT pk FROM operations WHERE is_open IS NULL AND pk NOT IN (SELECT operation FROM undone)"
        " AND actor <> ? AND pk > (SELECT pk FROM operations WHERE id = ?) ORDER BY pk DESC",
        (actor, since),
        lambda found: [int(row[0]) for row in found],
    )
    numbers, undos = store.ask_all(later, ALL_UNDOS)
    return next((number for number in numbers if number not in undos.standing), None)


# All of its changes are still recorded, and so is some of what it created.
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


class Footprint(msgspec.Struct, frozen=True):
    """What is needed to undo an operation, queried in one round trip."""

    operation: Operation
    is_erasure: bool
    """Whether it erased somebody."""
    lost_changes: bool
    """Whether an erasure removed some of its changes, or all that was left of it."""
    overlaps: list[Overlap]
    """Other operations that changed the same records; see `visitors.store.history.undo_conflicts`."""
    undos: Undos
    created: list[tuple[str, int, int, int]]
    """Kind, first and last number of the records that it created, and how many of them still exist."""
    changes: list[Row]
    """Its latest changes, newest first."""
    comes: int
    """The number of visitors that its changes add or remove."""
    visitors: int
    """The number of visitors in the store."""

    @property
    def is_bulk(self) -> bool:
        """Whether so many visitors are added or removed that rebuilding the indexes is cheaper."""
        goes = sum(last - first + 1 for kind, first, last, _ in self.created if kind == "visitor")
        return goes + self.comes >= max(WORTH_IT, self.visitors / 2)


def footprint(store: Store, target: int) -> Footprint:
    """Return the footprint of one operation."""
    there = " UNION ALL ".join(
        f"SELECT kind, first, last, (SELECT count(*) FROM {table} WHERE pk BETWEEN first AND last)"
        f" FROM creations WHERE operation = ? AND kind = '{kind}'"
        for kind, table in reversed(RECORDED.items())
    )
    moved = "operation = ? AND kind = 'visitor' AND (before IS NULL) + (after IS NULL) > 0"
    return Footprint(
        *store.ask_all(
            by_number(target),
            Question("SELECT 1 FROM erasures WHERE operation = ?", (target,), bool),
            Question("SELECT 1 FROM erased_changes WHERE operation = ?", (target,), bool),
            overlaps_since(target),
            ALL_UNDOS,
            Question(there, (target,) * len(RECORDED), list),
            Question(_PAGE_OF_CHANGES, (target, _NEWER_THAN_ALL), list),
            Question(f"SELECT count(*) FROM changes WHERE {moved}", (target,), _number),
            Question("SELECT count(*) FROM visitors", (), _number),
        )
    )


_TEXTS = f"SELECT json_array({', '.join(SEARCHED['contact'])}) FROM contacts WHERE id = record"
_PAGE_OF_CHANGES = (
    f"SELECT pk, kind, record, before, after, iif(kind = 'contact', ({_TEXTS}), NULL)"
    " FROM changes WHERE operation = ? AND pk < ?"
    f" ORDER BY pk DESC LIMIT {_BATCH}"
)
_NEWER_THAN_ALL = 2**63 - 1


def _number(found: list[Row]) -> int:
    return int(found[0][0])


def reverse(store: Store, own: int, target: int, found: Footprint) -> Counter[tuple[str, str]]:
    """Undo one operation as part of the open one. Returns the number of records `removed`, `changed` or `restored`, by
    that word and the kind of record.

    No other operation may have changed its records since. Records it created are removed first, which frees unique
    values for their former owners.
    """
    done: Counter[tuple[str, str]] = Counter()
    with ExitStack() as stack:
        if found.is_bulk:
            stack.enter_context(indexed_at_the_end(store, keep=_NEEDED))
        store.later("PRAGMA defer_foreign_keys = ON")
        store.later("INSERT INTO undone (operation, target) VALUES (?, ?)", (own, target))
        for kind, first, last, count in found.created:
            store.later(f"DELETE FROM {RECORDED[kind]} WHERE pk BETWEEN ? AND ?", (first, last))
            done["removed", kind] += count
        for batch in _newest_first(store, target, found):
            changed = store.run([(sql, values) for (_, _, sql), values in batch])
            for ((what, kind, _), _), result in zip(batch, changed, strict=True):
                done[what, kind] += result.rowcount
    return +done


def unsound(store: Store, own: int) -> tuple[str, str] | None:
    """Record the causes of changed links, and look for a record changed by the open operation that refers to a missing
    record, or to a merged contact, or for a contact with another one's email; returns its kind and id. SQLite would
    report a missing reference at the end, but not the record.
    """
    *_, found = store.run([(_BECAUSE_UNDONE, (own,)), (UNSOUND, (own,))])
    first: tuple[str, str] | None = found.fetchone()
    return first


_BECAUSE_UNDONE = (
    "INSERT OR IGNORE INTO causes (operation, record, code) SELECT operation, record, 'undone' FROM changes"
    " WHERE operation = ? AND kind = 'visitor' AND json_type(after, '$.contact_id') IS NOT NULL"
)

_Texts = dict[tuple[str, str], dict[str, str | None]]
"""Contact -> its search text, as reverted so far."""

_Step = tuple[tuple[str, str, str], list[Any]]
"""What is done to records of a kind, the statement, and its parameters."""


def _newest_first(store: Store, target: int, found: Footprint) -> Iterator[list[_Step]]:
    """Yield the reversal of the operation's changes in batches, newest first."""
    ranges = [one[:3] for one in found.created]
    page = found.changes
    while page:
        texts: _Texts = {}
        yield [step for row in page if (step := _step(row[1:], ranges, texts)) is not None]
        if len(page) < _BATCH:
            return
        page = store.execute(_PAGE_OF_CHANGES, (target, page[-1][0])).fetchall()


def _step(row: Row, ranges: list[tuple[str, int, int]], texts: _Texts) -> _Step | None:
    kind, record, before, after, searched = row
    table = RECORDED[kind]
    if before is None:
        return ("removed", kind, f"DELETE FROM {table} WHERE id = ?"), [record]
    values: dict[str, Any] = decoded(before)
    if not values.keys() <= set(COLUMNS[kind]):
        raise StoreProblem(
            f"a recorded change of {kind} {record} has unknown columns",
            code="store_corrupt",
            hint="restore a backup",
        )
    if not values.keys().isdisjoint(SEARCHED.get(kind, ())):
        names = SEARCHED[kind]
        there = decoded(searched) if searched else [None] * len(names)  # no other batch sets only this column
        now = texts.setdefault((kind, record), dict(zip(names, there, strict=True)))
        now.update({column: values[column] for column in names if column in values})
        values[DERIVED] = search_text(*now.values())
    if after is not None:
        assignments = ", ".join(f"{column} = ?" for column in values)
        return ("changed", kind, f"UPDATE {table} SET {assignments} WHERE id = ?"), [*values.values(), record]
    if any(kind == of_kind and first <= values.get("pk", 0) <= last for of_kind, first, last in ranges):
        return None  # created and removed by the same operation
    marks = ", ".join("?" * len(values))
    return ("restored", kind, f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"), [*values.values()]


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
    shared = (
        "SELECT 'contact', x.id FROM own CROSS JOIN contacts AS x ON x.id = own.record"
        f" WHERE own.kind = 'contact' AND {ONE_EMAIL.broken}"
    )
    return (
        "WITH own (kind, record) AS (SELECT kind, record FROM changes WHERE operation = ?)"
        f" {' UNION ALL '.join([*dangling, *buried, shared])} LIMIT 1"
    )


UNSOUND = _unsound()
"""The query; its parameter is the number of the operation."""
