"""Read single changes of records, and their state at creation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from visitors.domain.operation import Change, Link
from visitors.store.database import THESE, Question, Row, decoded, rows
from visitors.store.history.operations import BY_RECORD, Filter, Ids
from visitors.store.query.listing import Condition
from visitors.store.schema.recorded import COLUMNS, RECORDED, REFERENCES, public_name
from visitors.store.store import Store

_OWNERS = ("visitor", "contact")
# Kind of record -> the columns with the id of the record it belongs to, whose history includes its own, and that kind.
_BELONGINGS = {
    kind: [(column, owner) for child, column, owner in REFERENCES if child == kind and kind not in _OWNERS]
    for kind in RECORDED
}


class Wanted(msgspec.Struct, frozen=True):
    """Which changes: of operations `o` that match `operation`, and of the records that `ids` selects, by kind, since
    records of two kinds may have the same id; or, without `ids`, only a `part` of them.
    """

    operation: Condition = Condition("1")
    ids: Mapping[str, Condition] | None = None
    kinds: tuple[str, ...] = ()
    limit: int = 0
    part: Part | None = None


CHANGED = "changed"

Part = tuple[str, int, int]
"""Creations of a kind of record, or all that is `CHANGED`: the first and last number of the records, or changes."""


def changes(store: Store, wanted: Filter, *, limit: int = 0) -> list[Change]:
    """Return single changes, newest first: of `wanted.records` with their blocks and conversations if given, else of
    the operations. Within an operation, creations come before changes.
    """
    return changes_and(store, wanted, limit)[0]


def changes_and(store: Store, wanted: Filter, limit: int, *beside: Question[Any]) -> tuple[list[Change], list[Any]]:
    """Like `changes`, with the answers to the questions `beside`, in the same round trip."""
    found, *answers = store.ask_all(rows_of(_of(wanted, limit)), *beside)
    return tell(store, found), answers


def count_changes(store: Store, wanted: Filter) -> int:
    """Return how many changes `changes` would return without a limit."""
    sql, parameters = _statement(_of(wanted))
    found: int = store.execute(f"SELECT count(*) FROM ({sql})", parameters).fetchone()[0]
    return found


def links_and_changes(
    store: Store, visitor_id: str, limit: int, *beside: Question[Any]
) -> tuple[tuple[list[Link], list[Change]], list[Any]]:
    """Return every change of the visitor's link, oldest first, and its latest changes, newest first."""
    own, latest, causes, *answers = store.ask_all(
        rows_of(Wanted(ids={"visitor": _listed([visitor_id])})),
        rows_of(_of(Filter(records={"visitor": [visitor_id]}), limit)),
        causes_of([visitor_id]),
        *beside,
    )
    told = tell(store, [*own, *latest])
    links = []
    for row, change in zip(own, told, strict=False):
        before, after = (columns or {} for columns in (change.before, change.after))
        if before.get("contactId") != after.get("contactId"):
            who = (change.at, change.actor, change.command, change.operation_id)
            links.append(Link(*who, before.get("contactId"), after.get("contactId"), causes.get((row[0], visitor_id))))
    return (links[::-1], told[len(own) :]), answers


def story(store: Store, visitor_id: str) -> list[tuple[Change, str | None]]:
    """Return every change relevant to the visitor, oldest first, with its recorded cause: those of the visitor, its
    blocks, the conversations it started, and every contact it was ever linked to.
    """
    contacts = """
        SELECT contact_id FROM visitors WHERE id = ?
        UNION SELECT json_extract(before, '$.contact_id') FROM changes WHERE record = ? AND kind = 'visitor'
        UNION SELECT json_extract(after, '$.contact_id') FROM changes WHERE record = ? AND kind = 'visitor'
    """
    selects = {
        "visitor": "SELECT ?",
        "contact": contacts,
        "block": f"SELECT id FROM blocks WHERE visitor_id = ? OR contact_id IN ({contacts})",
        "conversation": "SELECT id FROM conversations WHERE visitor_id = ?",
    }
    ids = {kind: Condition(sql, (visitor_id,) * sql.count("?")) for kind, sql in selects.items()}
    found, causes = store.ask_all(rows_of(Wanted(ids=ids)), causes_of([visitor_id]))
    told = zip(found, tell(store, found), strict=True)
    return [(change, causes.get((row[0], visitor_id))) for row, change in told][::-1]


def operations_of(store: Store, records: Ids) -> tuple[int, ...]:
    """Return the numbers of operations that created or changed the records, or what belongs to them."""
    sql, parameters = _statement(_of(Filter(records=records)))
    return tuple(row[0] for row in store.execute(f"SELECT DISTINCT op FROM ({sql})", parameters))


def timeline(store: Store, records: Ids) -> list[tuple[Change, int]]:
    """Return every change of exactly these records, oldest first, each with its operation's number."""
    found = store.ask(rows_of(Wanted(ids={kind: _listed(ids) for kind, ids in records.items()})))
    return [(change, row[0]) for row, change in zip(found, tell(store, found), strict=True)][::-1]


def causes_of(record_ids: Sequence[str]) -> Question[dict[tuple[int, str], str]]:
    """Map (operation, record) to the rule by which the operation changed the record."""
    return Question(
        f"SELECT operation, record, code FROM causes WHERE record {THESE}",
        (rows(record_ids),),
        lambda found: {(operation, record): code for operation, record, code in found},
    )


def _of(wanted: Filter, limit: int = 0) -> Wanted:
    """Extend `wanted` with what belongs to its records: blocks, conversations and messages."""
    condition, parameters = wanted.condition
    operation = Condition(condition, tuple(parameters))
    if wanted.records is None:
        return Wanted(operation, kinds=wanted.kinds, limit=limit)
    ids: dict[str, Condition] = {}
    for kind, table in RECORDED.items():
        selects = {"SELECT value FROM json_each(?)": wanted.records.get(kind, ())}
        for column, owner in _BELONGINGS[kind]:
            selects[f"SELECT id FROM {table} WHERE {column} {THESE}"] = wanted.records.get(owner, ())
        given = {sql: some for sql, some in selects.items() if some}
        if given:
            ids[kind] = Condition(" UNION ".join(given), tuple(map(rows, given.values())))
    return Wanted(operation, ids, wanted.kinds, limit)


def _listed(ids: Sequence[str]) -> Condition:
    return Condition("SELECT value FROM json_each(?)", (rows(ids),))


def rows_of(wanted: Wanted) -> Question[list[Row]]:
    """Ask for the rows of the changes, newest first, for `tell`."""
    sql, parameters = _statement(wanted)
    return Question(f"{sql} ORDER BY 1 DESC, 2 DESC, 3 DESC, 4 DESC{_limit(wanted)}", parameters, list)


def _limit(wanted: Wanted) -> str:
    return f" LIMIT {int(wanted.limit)}" if wanted.limit else ""


_WHO = "o.id, o.at, o.actor, o.command"


def _statement(wanted: Wanted) -> tuple[str, tuple[object, ...]]:
    """Build the statement for changes, and for creations of each kind of record.

    Its columns: operation, creations before changes, kind of record and number, by which they are in order; then the
    operation's, kind and id of the record, columns before and after.
    """
    kinds = [kind for kind in RECORDED if not wanted.kinds or kind in wanted.kinds]
    if wanted.ids is None:
        parts = {CHANGED: _changed(wanted)} | {kind: _creations(kind, wanted) for kind in kinds}
        found = list(parts.values()) if wanted.part is None else [parts[wanted.part[0]]]
    else:
        given = [kind for kind in kinds if kind in wanted.ids]
        found = [part for kind in given for part in (_changed(wanted, kind), _creations(kind, wanted))]
        found = found or [_changed(Wanted(Condition("0")))]
    newest = f"ORDER BY 1 DESC, 4 DESC{_limit(wanted)}" if wanted.limit else ""
    union = " UNION ALL ".join(f"SELECT * FROM ({sql} {newest})" for sql, _ in found)
    return union, tuple(value for _, values in found for value in values)


def _changed(wanted: Wanted, kind: str | None = None) -> tuple[str, tuple[object, ...]]:
    """Build the statement for changes; if ids are given, for those of one kind."""
    where = wanted.operation
    sql = (
        f"SELECT o.pk AS op, 1, 0, h.pk, {_WHO}, h.kind, h.record, h.before, h.after"
        f" FROM changes AS h JOIN operations AS o ON o.pk = h.operation WHERE {where.sql}"
    )
    values = list(where.parameters)
    if wanted.ids is not None and kind is not None:
        sql += f" AND h.kind = '{kind}' AND h.record IN ({wanted.ids[kind].sql})"
        values += wanted.ids[kind].parameters
    elif wanted.kinds:
        sql += f" AND h.kind {THESE}"
        values.append(rows(wanted.kinds))
    if wanted.part is not None:
        sql += " AND h.pk BETWEEN ? AND ?"
        values += wanted.part[1:]
    return sql, tuple(values)


def _creations(kind: str, wanted: Wanted) -> tuple[str, tuple[object, ...]]:
    """Build the statement for the creations of the records, existing or removed."""
    table, where = RECORDED[kind], wanted.operation
    select = f"SELECT {{}} o.pk AS op, 0, {list(RECORDED).index(kind)}, {{}}, {_WHO}, '{kind}', {{}}, NULL, NULL"
    number = "json_extract(h.before, '$.pk')"
    is_removed = (
        f"h.kind = '{kind}' AND h.before IS NOT NULL AND h.after IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE pk = {number})"
    )
    if wanted.ids is None:
        created = f"FROM operations AS o CROSS JOIN creations AS n ON n.operation = o.pk AND n.kind = '{kind}'"
        within = "BETWEEN max(n.first, ?) AND min(n.last, ?)"
        sql = (
            f"{select.format('', 'r.pk', 'r.id')} {created} CROSS JOIN {table} AS r ON r.pk {within} WHERE {where.sql}"
            f" UNION ALL {select.format('DISTINCT', number, 'h.record')} {created}"
            f" CROSS JOIN changes AS h INDEXED BY changes_removed ON {number} {within} AND {is_removed}"
            f" WHERE {where.sql}"
        )
        _, first, last = wanted.part or (kind, 0, 2**63 - 1)
        return sql, (first, last, *where.parameters) * 2
    ids = wanted.ids[kind]
    records = (
        f"SELECT pk, id FROM {table} WHERE id IN ({ids.sql}) UNION ALL"
        f" SELECT DISTINCT {number}, h.record FROM changes AS h {BY_RECORD} WHERE {is_removed}"
        f" AND h.record IN ({ids.sql})"
    )
    sql = (
        f"{select.format('', 'r.pk', 'r.id')} FROM ({records}) AS r"
        f" JOIN creations AS n ON n.pk = (SELECT pk FROM creations WHERE kind = '{kind}' AND last >= r.pk"
        "  ORDER BY last LIMIT 1)"
        f" JOIN operations AS o ON o.pk = n.operation WHERE {where.sql}"
    )
    return sql, (*ids.parameters * 2, *where.parameters)


def tell(store: Store, found: Sequence[Row]) -> list[Change]:
    """Return the changes in these rows, in at most one more round trip."""
    created = _as_created(store, found)
    return [_as_told(row, created) for row in found]


_States = dict[tuple[str, str, int], dict[str, Any]]
"""(kind, id, 0 or the number of a change) -> the record's columns when it was created, or restored by that change."""


def _as_created(store: Store, found: Sequence[Row]) -> _States:
    """Return the initial columns of records created by these changes: their current ones with all changes reverted."""
    ids: dict[str, list[str]] = {}
    for row in found:
        if row[10] is row[11] is None:
            ids.setdefault(row[8], []).append(row[9])
    questions: list[Question[Any]] = []
    for kind, some in ids.items():
        columns = COLUMNS[kind]
        of_them = (rows(some),)
        sql = f"SELECT {', '.join(columns)} FROM {RECORDED[kind]} WHERE id {THESE}"
        questions.append(Question(sql, of_them, partial(_by_id, columns)))
        sql = f"SELECT pk, record, before FROM changes WHERE record {THESE} AND kind = '{kind}' ORDER BY pk DESC"
        questions.append(Question(sql, of_them, list))
    answers = iter(store.ask_all(*questions) if questions else ())
    states: _States = {}
    for kind in ids:
        records: dict[str, dict[str, Any]] = next(answers)
        for pk, record_id, before in next(answers):
            if before is None:
                states[kind, record_id, pk] = dict(records[record_id])
            else:
                records.setdefault(record_id, {}).update(decoded(before))
        states |= {(kind, record_id, 0): record for record_id, record in records.items()}
    return states


def _by_id(columns: Sequence[str], found: list[Row]) -> dict[str, dict[str, Any]]:
    records = (dict(zip(columns, row, strict=True)) for row in found)
    return {record["id"]: record for record in records}


def _as_told(row: Row, created: _States) -> Change:
    """Return the change in a row; the columns of a creation are looked up in `created`."""
    is_change, pk, kind, record = row[1], row[3], row[8], row[9]
    before, after = (None if text is None else decoded(text) for text in row[10:12])
    if before is after is None:
        after = created[kind, record, pk if is_change else 0]
    action = "created" if before is None else "removed" if after is None else "changed"
    told = (None if columns is None else _public(columns) for columns in (before, after))
    return Change(*(*row[4:10], action, *told))


def _public(columns: dict[str, Any]) -> dict[str, Any]:
    """Rename columns to public field names: `external_id` to `externalId`."""
    return {public_name(column): value for column, value in columns.items() if column != "pk"}
