"""What was done: reading the operations and their changes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from visitors.domain.operation import Change, Link, Operation
from visitors.domain.times import Instant
from visitors.store.connection import THESE, Store, rows
from visitors.store.listing import Page, begins_after, order_by
from visitors.store.schema import RECORDED, REFERENCES

_OWNERS = ("visitor", "contact")
# Table and column where else the id of one stands: the history of these records is part of its own.
_BELONGINGS = [
    (RECORDED[kind], column) for kind, column, parent in REFERENCES if parent in _OWNERS and kind not in _OWNERS
]

# By itself SQLite takes the index of all removals, of which an undo may have made as many as there are visitors.
_BY_RECORD = "INDEXED BY changes_record"

_Columns = dict[str, Any] | None


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which operations to show; None means 'any'."""

    actor: str | None = None
    command: str | None = None
    since: Instant | None = None
    operation: str | None = None
    records: tuple[str, ...] | None = None


def select(store: Store, wanted: Filter, page: Page) -> list[Operation]:
    """The operations, with how many changes each made."""
    condition, parameters = _where(wanted)
    start, start_parameters = begins_after(store, "operations", "o", page)
    where = f"{condition} AND {start}{order_by(page, 'o')}"
    return _operations(store, where, [*parameters, *start_parameters])


def numbered(store: Store, number: int) -> Operation:
    """The operation with this number."""
    return _operations(store, "o.pk = ?", [number])[0]


def _operations(store: Store, condition: str, parameters: Sequence[object]) -> list[Operation]:
    sql = (
        "SELECT o.pk, o.id, o.at, o.actor, o.command, o.arguments,"
        " (SELECT count(*) FROM changes AS h WHERE h.operation = o.pk)"
        " + (SELECT coalesce(sum(last - first + 1), 0) FROM creations AS n WHERE n.operation = o.pk)"
        f" FROM operations AS o WHERE {condition}"
    )
    by = undos(store).standing
    ids = dict(store.execute(f"SELECT pk, id FROM operations WHERE pk {THESE}", (rows(by.values()),)))
    return [
        Operation(*(*row[1:5], msgspec.json.decode(row[5]), row[6], ids.get(by.get(row[0], 0))))
        for row in store.execute(sql, parameters)
    ]


class Undos:
    """Which operations took which others back. `pairs` are of an undo and what it took back, the newest undo first."""

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._pairs = pairs
        self.targets: dict[int, set[int]] = {}
        """All undos, each with what it took back, whether or not it was taken back in turn."""
        self.standing: dict[int, int] = {}
        """What is taken back now, each with the undo that did it and was not taken back itself."""
        # from the newest on: whether one stands is known before what it took back
        for undo, target in pairs:
            self.targets.setdefault(undo, set()).add(target)
            if undo not in self.standing:
                self.standing[target] = undo

    def and_now(self, undo: int, target: int) -> Undos:
        """These, once the newest operation of all has taken back one more."""
        return Undos([(undo, target), *self._pairs])


def undos(store: Store) -> Undos:
    """Everything that was ever taken back."""
    return Undos(store.execute("SELECT operation, target FROM undone ORDER BY operation DESC").fetchall())


def count(store: Store, wanted: Filter) -> int:
    """How many operations `select` would give without a page."""
    condition, parameters = _where(wanted)
    found: int = store.execute(f"SELECT count(*) FROM operations AS o WHERE {condition}", parameters).fetchone()[0]
    return found


def touched(store: Store, operation_id: str, kind: str) -> Iterator[str]:
    """The ids of the records of `kind` that the operation made, then of those that it changed, each once."""
    ranges = store.execute(
        "SELECT n.first, n.last FROM creations AS n JOIN operations AS o ON o.pk = n.operation"
        " WHERE o.id = ? AND n.kind = ? ORDER BY n.first",
        (operation_id, kind),
    ).fetchall()
    for one in ranges:
        for row in store.execute(f"SELECT id FROM {RECORDED[kind]} WHERE pk BETWEEN ? AND ? ORDER BY pk", one):
            yield row[0]
    changed = (
        "SELECT h.record FROM changes AS h JOIN operations AS o ON o.pk = h.operation"
        f" LEFT JOIN {RECORDED[kind]} AS r ON r.id = h.record"
        " LEFT JOIN creations AS n ON n.operation = o.pk AND n.kind = h.kind AND r.pk BETWEEN n.first AND n.last"
        " WHERE o.id = ? AND h.kind = ? AND n.pk IS NULL GROUP BY h.record ORDER BY min(h.pk)"
    )
    for row in store.execute(changed, (operation_id, kind)):
        yield row[0]


def removed(store: Store, kind: str, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that are of records of the kind which only the history has."""
    sql = f"SELECT h.record FROM changes AS h {_BY_RECORD} WHERE h.record {THESE} AND {is_removal(kind)}"
    return {row[0] for row in store.execute(sql, (rows(ids),))}


def is_removal(kind: str) -> str:
    """The SQL of whether a change `h` removed a record of the kind which did not come back."""
    return (
        f"h.kind = '{kind}' AND h.before IS NOT NULL AND h.after IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {RECORDED[kind]} WHERE id = h.record)"
    )


def changes(store: Store, wanted: Filter, *, limit: int = 0) -> list[Change]:
    """The single changes, newest first: of `wanted.records`, their blocks and conversations where given,
    else of the operations. An operation made its new records before it changed any.
    """
    operation, parameters = _where(wanted)
    ids = None if wanted.records is None else [*wanted.records, *_belongings(store, wanted.records)]
    return [change for change, _ in _newest_first(store, operation, parameters, ids, limit)]


def count_changes(store: Store, wanted: Filter) -> int:
    """How many changes `changes` would give without a limit."""
    operation, parameters = _where(wanted)
    ids = None if wanted.records is None else [*wanted.records, *_belongings(store, wanted.records)]
    made = [_creations(kind, operation, parameters, ids, "1") for kind in RECORDED]
    statements = [_changes(operation, parameters, ids, "1"), *made]
    return sum(store.execute(f"SELECT count(*) FROM ({sql})", values).fetchone()[0] for sql, values in statements)


def story(store: Store, visitor_id: str) -> list[tuple[Change, str | None]]:
    """Every change that can concern the visitor, oldest first, with its recorded cause: its own, and those
    of its blocks, of the conversations it started, and of every contact it was ever linked to.
    """
    sql = """
        WITH contact_ids (id) AS (
            SELECT contact_id FROM visitors WHERE id = ?
            UNION SELECT json_extract(before, '$.contact_id') FROM changes WHERE record = ? AND kind = 'visitor'
            UNION SELECT json_extract(after, '$.contact_id') FROM changes WHERE record = ? AND kind = 'visitor'
        )
        SELECT ?
        UNION SELECT id FROM contact_ids WHERE id IS NOT NULL
        UNION SELECT id FROM blocks WHERE visitor_id = ? OR contact_id IN (SELECT id FROM contact_ids)
        UNION SELECT id FROM conversations WHERE visitor_id = ?
    """
    ids = [row[0] for row in store.execute(sql, [visitor_id] * sql.count("?"))]
    causes = _causes(store, visitor_id)
    found = _newest_first(store, "1", [], ids)
    return [(change, causes.get(operation)) for change, operation in reversed(found)]


def links(store: Store, visitor_id: str) -> list[Link]:
    """Every link, unlink and relink of the visitor, oldest first."""
    causes = _causes(store, visitor_id)
    found = []
    for change, operation in reversed(_newest_first(store, "1", [], [visitor_id])):
        before, after = (columns or {} for columns in (change.before, change.after))
        if change.kind == "visitor" and before.get("contactId") != after.get("contactId"):
            who = (change.at, change.actor, change.command, change.operation_id)
            found.append(Link(*who, before.get("contactId"), after.get("contactId"), causes.get(operation)))
    return found


def timeline(store: Store, record_ids: Sequence[str]) -> list[tuple[Change, int]]:
    """Every change of these records alone, oldest first, each with its operation's number."""
    return _newest_first(store, "1", [], record_ids)[::-1]


def once_linked(store: Store, contact_ids: Sequence[str]) -> list[str]:
    """The ids of the visitors whose history tells that they were linked to one of the contacts and then were not,
    or were removed. Reads all changes.
    """
    sql = (
        "SELECT DISTINCT record FROM changes WHERE kind = 'visitor' AND instr(before, '\"contact_id\":\"')"
        f" AND json_extract(before, '$.contact_id') {THESE} ORDER BY record"
    )
    return [row[0] for row in store.execute(sql, (rows(contact_ids),))]


def removed_of(
    store: Store, kind: str, owners: Mapping[str, Sequence[str]]
) -> list[tuple[str, int, str | None, str | None]]:
    """The records of `kind` that were removed and had in one of the columns `owners` one of its values: of each the
    id, the operation, and whose it was, a contact's and a visitor's.
    """
    conditions = " OR ".join(f"json_extract(before, '$.{column}') {THESE}" for column in owners)
    sql = (
        "SELECT record, operation, json_extract(before, '$.contact_id'), json_extract(before, '$.visitor_id')"
        f" FROM changes WHERE kind = ? AND before IS NOT NULL AND after IS NULL AND ({conditions})"
    )
    return store.execute(sql, (kind, *map(rows, owners.values()))).fetchall()


def causes_of(store: Store, record_ids: Sequence[str]) -> dict[tuple[int, str], str]:
    """Operation and record -> the rule by which the one changed the other."""
    sql = f"SELECT operation, record, code FROM causes WHERE record {THESE} ORDER BY pk"
    return {(operation, record): code for operation, record, code in store.execute(sql, (rows(record_ids),))}


def _causes(store: Store, record_id: str) -> dict[int, str]:
    """Operation -> the rule by which it changed the record, for those that recorded one."""
    return dict(store.execute("SELECT operation, code FROM causes WHERE record = ? ORDER BY pk", (record_id,)))


def _belongings(store: Store, record_ids: Sequence[str]) -> list[str]:
    """The ids of what belongs to visitors or contacts: their blocks, conversations and messages."""
    sql = " UNION ".join(f"SELECT id FROM {table} WHERE {column} {THESE}" for table, column in _BELONGINGS)
    return [row[0] for row in store.execute(sql, [rows(record_ids)] * len(_BELONGINGS))]


def _newest_first(
    store: Store, operation: str, parameters: Sequence[object], ids: Sequence[str] | None, limit: int = 0
) -> list[tuple[Change, int]]:
    """The changes of the operations for which a condition holds, each with its operation's number."""
    order = " ORDER BY 1 DESC, 2 DESC" + (f" LIMIT {int(limit)}" if limit else "")
    columns = "o.pk, {}, o.id, o.at, o.actor, o.command, {}, {}"
    sql, values = _changes(operation, parameters, ids, columns.format("h.pk", "h.kind", "h.record, h.before, h.after"))
    # place in the order: the operation, what was changed after what was made, kind of record, its number
    found: list[tuple[tuple[int, int, int, int], tuple[Any, ...], _Columns, _Columns]] = [
        ((row[0], 1, 0, row[1]), row[2:8], _decoded(row[8]), _decoded(row[9]))
        for row in store.execute(sql + order, values)
    ]
    for place, kind in enumerate(RECORDED):
        sql, values = _creations(kind, operation, parameters, ids, columns.format("r.pk", f"'{kind}'", "r.id"))
        found += [((row[0], 0, place, row[1]), row[2:8], None, None) for row in store.execute(sql + order, values)]
    found.sort(key=itemgetter(0), reverse=True)
    found = found[: limit or None]
    as_made = {
        kind: _as_made(store, kind, [row[5] for _, row, before, after in found if row[4] == kind and before is after])
        for kind in RECORDED
    }
    changes = []
    for (number, is_change, _, pk), row, before, after in found:
        is_new = before is None and after is None
        # a record that was put back: what it was then; else what it was at first
        state = as_made[row[4]][row[5], pk if is_change else 0] if is_new else after
        changes.append((_change(row, before, state), number))
    return changes


def _changes(
    operation: str, parameters: Sequence[object], ids: Sequence[str] | None, columns: str
) -> tuple[str, list[object]]:
    """The SELECT of `columns` of changes `h` with their operations `o`, and its parameters."""
    of_records = "" if ids is None else f" AND h.record {THESE}"
    sql = f"SELECT {columns} FROM changes AS h JOIN operations AS o ON o.pk = h.operation WHERE {operation}{of_records}"
    return sql, [*parameters, *([] if ids is None else [rows(ids)])]


def _creations(
    kind: str, operation: str, parameters: Sequence[object], ids: Sequence[str] | None, columns: str
) -> tuple[str, list[object]]:
    """As `_changes`, of the records `r` that were made, whether they are there or were removed since."""
    table = RECORDED[kind]
    number = "json_extract(before, '$.pk')"
    by_record = "" if ids is None else _BY_RECORD
    removed = (
        f"SELECT DISTINCT {number} AS pk, record AS id FROM changes {by_record} WHERE kind = '{kind}'"
        " AND before IS NOT NULL AND after IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE pk = {number})"
    )
    if ids is None:
        join = (
            "FROM operations AS o JOIN creations AS n ON n.operation = o.pk"
            f" JOIN {{}} AS r ON r.pk BETWEEN n.first AND n.last WHERE n.kind = '{kind}' AND {operation}"
        )
        sql = f"SELECT {columns} {join.format(table)} UNION ALL SELECT {columns} {join.format(f'({removed})')}"
        return sql, [*parameters, *parameters]
    records = f"SELECT pk, id FROM {table} WHERE id {THESE} UNION ALL {removed} AND record {THESE}"
    sql = (
        f"SELECT {columns} FROM ({records}) AS r"
        f" JOIN creations AS n ON n.pk = (SELECT pk FROM creations WHERE kind = '{kind}' AND last >= r.pk"
        "  ORDER BY last LIMIT 1) AND n.first <= r.pk"
        f" JOIN operations AS o ON o.pk = n.operation WHERE {operation}"
    )
    return sql, [rows(ids), rows(ids), *parameters]


def _as_made(store: Store, kind: str, ids: Sequence[str]) -> dict[tuple[str, int], dict[str, Any]]:
    """The columns of records when they were made, by id and 0, and when they were put back, by id and the number of
    that change: as they are now, with their changes taken back.
    """
    if not ids:
        return {}
    cursor = store.execute(f"SELECT * FROM {RECORDED[kind]} WHERE id {THESE}", (rows(ids),))
    names = [column[0] for column in cursor.description]
    found = (dict(zip(names, row, strict=True)) for row in cursor)
    records: dict[str, dict[str, Any]] = {record["id"]: record for record in found}
    states = {}
    sql = f"SELECT pk, record, before FROM changes WHERE record {THESE} AND kind = ? ORDER BY pk DESC"
    for pk, record_id, before in store.execute(sql, (rows(ids), kind)):
        if before is None:
            states[record_id, pk] = dict(records[record_id])
        else:
            records.setdefault(record_id, {}).update(msgspec.json.decode(before))
    return {**states, **{(record_id, 0): record for record_id, record in records.items()}}


def _where(wanted: Filter) -> tuple[str, list[object]]:
    filters = {
        "o.actor = ?": wanted.actor,
        "o.command = ?": wanted.command,
        "o.at >= ?": wanted.since,
        "o.id = ?": wanted.operation,
    }
    given = {condition: value for condition, value in filters.items() if value is not None}
    return " AND ".join(given) or "1", list(given.values())


def _decoded(text: str | None) -> _Columns:
    return None if text is None else msgspec.json.decode(text)


def _change(row: tuple[Any, ...], before: _Columns, after: _Columns) -> Change:
    action = "created" if before is None else "removed" if after is None else "changed"
    told = (None if columns is None else _public(columns) for columns in (before, after))
    return Change(*(*row, action, *told))


def _public(columns: dict[str, Any]) -> dict[str, Any]:
    """Columns under the public field names that everything else prints: `external_id` is `externalId`."""
    return {_camel(column): value for column, value in columns.items() if column != "pk"}


def _camel(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(word.title() for word in rest)
