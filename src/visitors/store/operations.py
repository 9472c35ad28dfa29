"""What was done: reading the operations and their changes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from visitors.domain.operation import Change, Link, Operation
from visitors.domain.times import Instant
from visitors.store.connection import Store, rows
from visitors.store.listing import Page, begins_after, order_by

# Where else the id of a visitor or contact stands: the history of these records is part of its own.
_BELONGINGS = (
    ("blocks", "visitor_id"),
    ("blocks", "contact_id"),
    ("conversations", "visitor_id"),
    ("conversations", "contact_id"),
    ("messages", "visitor_id"),
)


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
    sql = (
        "SELECT o.id, o.at, o.actor, o.command, o.arguments,"
        " (SELECT count(*) FROM changes AS h WHERE h.operation = o.pk)"
        f" FROM operations AS o WHERE {condition} AND {start}{order_by(page, 'o')}"
    )
    return [
        Operation(*(*row[:4], msgspec.json.decode(row[4]), row[5]))
        for row in store.execute(sql, [*parameters, *start_parameters])
    ]


def count(store: Store, wanted: Filter) -> int:
    """How many operations `select` would give without a page."""
    condition, parameters = _where(wanted)
    found: int = store.execute(f"SELECT count(*) FROM operations AS o WHERE {condition}", parameters).fetchone()[0]
    return found


def touched(store: Store, operation_id: str, kind: str) -> Iterator[str]:
    """The ids of the records of `kind` that the operation changed, each once, in order of their changes."""
    sql = (
        "SELECT h.record FROM changes AS h JOIN operations AS o ON o.pk = h.operation"
        " WHERE o.id = ? AND h.kind = ? GROUP BY h.record ORDER BY min(h.pk)"
    )
    return (row[0] for row in store.execute(sql, (operation_id, kind)))


def changes(store: Store, wanted: Filter, *, limit: int = 0) -> list[Change]:
    """The single changes, newest first: of `wanted.records`, their blocks and conversations where given,
    else of the operations.
    """
    condition, parameters = _where_changes(wanted)
    sql = (
        "SELECT o.id, o.at, o.actor, o.command, h.kind, h.record, h.before, h.after"
        f" FROM changes AS h JOIN operations AS o ON o.pk = h.operation WHERE {condition} ORDER BY h.pk DESC"
    )
    if limit:
        sql += f" LIMIT {int(limit)}"
    return [_change(row) for row in store.execute(sql, parameters)]


def count_changes(store: Store, wanted: Filter) -> int:
    """How many changes `changes` would give without a limit."""
    condition, parameters = _where_changes(wanted)
    sql = f"SELECT count(*) FROM changes AS h JOIN operations AS o ON o.pk = h.operation WHERE {condition}"
    found: int = store.execute(sql, parameters).fetchone()[0]
    return found


def _where_changes(wanted: Filter) -> tuple[str, list[object]]:
    condition, parameters = _where(wanted)
    if wanted.records is None:
        return condition, parameters
    theirs = " UNION ".join(
        f"SELECT id FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))" for table, column in _BELONGINGS
    )
    records = f"h.record IN (SELECT value FROM json_each(?) UNION {theirs})"
    ids = rows(wanted.records)
    return f"{condition} AND {records}", [*parameters, ids, *(ids for _ in _BELONGINGS)]


def _where(wanted: Filter) -> tuple[str, list[object]]:
    filters = {
        "o.actor = ?": wanted.actor,
        "o.command = ?": wanted.command,
        "o.at >= ?": wanted.since,
        "o.id = ?": wanted.operation,
    }
    given = {condition: value for condition, value in filters.items() if value is not None}
    return " AND ".join(given) or "1", list(given.values())


def _change(row: tuple[Any, ...]) -> Change:
    before, after = (None if text is None else _public(msgspec.json.decode(text)) for text in row[6:8])
    action = "created" if before is None else "removed" if after is None else "changed"
    return Change(*(*row[:6], action, before, after))


def _public(columns: dict[str, Any]) -> dict[str, Any]:
    """Column names as the public field names that everything else prints: `external_id`, `externalId`."""
    return {_camel(column): value for column, value in columns.items()}


def _camel(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(word.title() for word in rest)


def story(store: Store, visitor_id: str) -> list[tuple[Change, str | None]]:
    """Every change that can concern the visitor, oldest first, with its recorded cause: its own, and those
    of its blocks, of the conversations it started, and of every contact it was ever linked to.
    """
    sql = """
        WITH contact_ids (id) AS (
            SELECT json_extract(after, '$.contact_id') FROM changes WHERE record = ? AND kind = 'visitor'
        ), records (id) AS (
            SELECT ?
            UNION SELECT id FROM contact_ids WHERE id IS NOT NULL
            UNION SELECT id FROM blocks WHERE visitor_id = ? OR contact_id IN (SELECT id FROM contact_ids)
            UNION SELECT id FROM conversations WHERE visitor_id = ?
        )
        SELECT o.id, o.at, o.actor, o.command, h.kind, h.record, h.before, h.after,
            (SELECT code FROM causes WHERE operation = h.operation AND record = ? ORDER BY pk DESC LIMIT 1)
        FROM records JOIN changes AS h ON h.record = records.id JOIN operations AS o ON o.pk = h.operation
        ORDER BY h.pk
    """
    return [(_change(row), row[8]) for row in store.execute(sql, [visitor_id] * sql.count("?"))]


def links(store: Store, visitor_id: str) -> list[Link]:
    """Every link, unlink and relink of the visitor, oldest first."""
    sql = """
        SELECT o.at, o.actor, o.command, o.id,
            json_extract(h.before, '$.contact_id'), json_extract(h.after, '$.contact_id'),
            (SELECT code FROM causes WHERE operation = h.operation AND record = h.record ORDER BY pk DESC LIMIT 1)
        FROM changes AS h JOIN operations AS o ON o.pk = h.operation
        WHERE h.record = ? AND h.kind = 'visitor' AND json_type(h.after, '$.contact_id') IS NOT NULL
            AND json_extract(h.before, '$.contact_id') IS NOT json_extract(h.after, '$.contact_id')
        ORDER BY h.pk
    """
    return [Link(*row) for row in store.execute(sql, (visitor_id,))]
