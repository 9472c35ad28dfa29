"""Read operations, which of them were undone, and what each changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from visitors.domain.operation import Operation
from visitors.domain.times import Instant
from visitors.store.database import THESE, Question, decoded, rows
from visitors.store.history.targets import with_targets
from visitors.store.query.listing import Page, beyond, in_order, place_of
from visitors.store.schema.recorded import OPEN, RECORDED
from visitors.store.store import Store

BY_RECORD = "INDEXED BY changes_record"
"""SQLite would choose the index on removals, of which an undo may have made as many as there are visitors."""


Ids = Mapping[str, Sequence[str]]
"""Kind of record -> the ids of some records."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which operations to show; None means any."""

    actor: str | None = None
    command: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    kinds: tuple[str, ...] = ()
    """Those that created or changed a record of one of these kinds."""
    operation: str | None = None
    records: Ids | None = None
    numbers: tuple[int, ...] | None = None
    beyond: int | None = None
    """Those with a higher number, written later."""

    @property
    def condition(self) -> tuple[str, list[object]]:
        """Build the condition on the operations `o`, except for their records, and its parameters."""
        filters = {
            "o.actor = ?": self.actor,
            "o.command = ?": self.command,
            "o.at >= ?": self.since,
            "o.at < ?": self.until,
            "o.id = ?": self.operation,
            f"o.pk {THESE}": rows(self.numbers) if self.numbers is not None else None,
            "o.pk > ?": self.beyond,
            _OF_KINDS: rows(self.kinds) if self.kinds else None,
        }
        given = {condition: value for condition, value in filters.items() if value is not None}
        return " AND ".join(given) or "1", list(given.values())


# The kinds are literals in the SQL: separate parameters would count as two values of one filter.
_OF_KINDS = (
    "EXISTS (SELECT 1 FROM json_each(?) AS k WHERE"
    " EXISTS (SELECT 1 FROM creations AS n WHERE n.operation = o.pk AND n.kind = k.value)"
    " OR EXISTS (SELECT 1 FROM changes AS h WHERE h.operation = o.pk AND h.kind = k.value))"
)


def select(store: Store, wanted: Filter, page: Page) -> list[Operation]:
    """Return the operations, with the number of their changes and the records they changed."""
    condition, parameters = wanted.condition
    start = beyond(page, place_of(store, "operations", page), "o")
    sql = f"{_SELECT} WHERE {condition} AND {start.sql}{in_order(page, 'o')} LIMIT {page.limit or -1:d}"
    found, undos = store.ask_all(Question(sql, [*parameters, *start.parameters], list), ALL_UNDOS)
    ids: dict[int, str] = dict(
        store.execute(f"SELECT pk, id FROM operations WHERE pk {THESE}", (rows(undos.standing.values()),)).fetchall()
    )
    return with_targets(store, {row[0]: _operation(row, ids.get(undos.standing.get(row[0], 0))) for row in found})


def numbered(store: Store, number: int) -> Operation:
    """Return the operation with this number, undone or not."""
    return store.ask(by_number(number))


def by_number(number: int) -> Question[Operation]:
    """Like `numbered`, as a question to combine with others."""
    return Question(f"{_SELECT} WHERE o.pk = ?", (number,), lambda found: _operation(found[0], None))


COLUMNS = (
    "o.id, o.at, o.actor, o.command, o.arguments,"
    " (SELECT count(*) FROM changes AS h WHERE h.operation = o.pk)"
    " + (SELECT coalesce(sum(last - first + 1), 0) FROM creations AS n WHERE n.operation = o.pk)"
)
"""The columns of an operation `o`, in the order of its fields, except the operation that undid it."""

_SELECT = f"SELECT o.pk, {COLUMNS} FROM operations AS o"


def _operation(row: Sequence[object], undone_by: str | None) -> Operation:
    return Operation(*(*row[1:5], decoded(str(row[5])), row[6], undone_by))


class Undos:
    """Which operations undid which others. `pairs` are (undo, undone), the newest undo first."""

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        self.targets: dict[int, set[int]] = {}
        """All undos with what they undid, whether or not that was undone in turn."""
        self.standing: dict[int, int] = {}
        """The operations that are currently undone, with the undo that is in force."""
        # newest first: whether an undo is in force is known before the operations that it undid
        for undo, target in pairs:
            self.targets.setdefault(undo, set()).add(target)
            if undo not in self.standing:
                self.standing[target] = undo


OPEN_NUMBER = Question(f"SELECT {OPEN}", (), lambda found: int(found[0][0]))
"""The query for the number of the open operation."""

ALL_UNDOS = Question("SELECT operation, target FROM undone ORDER BY operation DESC", (), Undos)
"""Every operation that was ever undone."""


def count(store: Store, wanted: Filter) -> int:
    """Return how many operations `select` would return without a page."""
    condition, parameters = wanted.condition
    found: int = store.execute(f"SELECT count(*) FROM operations AS o WHERE {condition}", parameters).fetchone()[0]
    return found


def actors(store: Store) -> list[str]:
    """Return every actor."""
    return [row[0] for row in store.execute("SELECT DISTINCT actor FROM operations ORDER BY actor").fetchall()]


def newest(store: Store) -> int:
    """Return the number of the newest operation; 0 if there is none."""
    found: int = store.execute("SELECT coalesce(max(pk), 0) FROM operations").fetchone()[0]
    return found


def changed_ids(store: Store, operation_id: str, kind: str) -> Iterator[str]:
    """Return the ids of the records of `kind` that the operation created, then of those that it changed, without
    duplicates.
    """
    ranges = store.execute(
        "SELECT n.first, n.last FROM creations AS n JOIN operations AS o ON o.pk = n.operation"
        " WHERE o.id = ? AND n.kind = ? ORDER BY n.first",
        (operation_id, kind),
    ).fetchall()
    for one in ranges:
        for row in store.stream(f"SELECT id FROM {RECORDED[kind]} WHERE pk BETWEEN ? AND ? ORDER BY pk", one):
            yield row[0]
    changed = (
        "SELECT h.record FROM changes AS h JOIN operations AS o ON o.pk = h.operation"
        f" LEFT JOIN {RECORDED[kind]} AS r ON r.id = h.record"
        " LEFT JOIN creations AS n ON n.operation = o.pk AND n.kind = h.kind AND r.pk BETWEEN n.first AND n.last"
        " WHERE o.id = ? AND h.kind = ? AND n.pk IS NULL GROUP BY h.record ORDER BY min(h.pk)"
    )
    for row in store.stream(changed, (operation_id, kind)):
        yield row[0]


def removed(store: Store, kind: str, ids: Iterable[str]) -> set[str]:
    """Return those of `ids` whose record of the kind exists only in the history."""
    sql = f"SELECT h.record FROM changes AS h {BY_RECORD} WHERE h.record {THESE} AND {is_removal(kind)}"
    return {row[0] for row in store.execute(sql, (rows(ids),))}


def is_removal(kind: str) -> str:
    """Build the SQL condition that change `h` removed a record of the kind that did not come back."""
    return (
        f"h.kind = '{kind}' AND h.before IS NOT NULL AND h.after IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {RECORDED[kind]} WHERE id = h.record)"
    )
