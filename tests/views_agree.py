"""Check that the views of a store match its records, for any test with a store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from visitors.domain.fields import FLAT
from visitors.store.history import changes, operations
from visitors.store.query.listing import Page
from visitors.store.records import blocks, contacts, conversations, visitors
from visitors.store.store import Store
from visitors.store.views import VIEWS, of_connection

DOCUMENTS = {"metadata", "contact.metadata", "attribution", "currentPage", "arguments", "before", "after"}
BOOLEANS = {"isBlocked", "contact.isBlocked"}

Rows = list[dict[str, Any]]


def read(store: Store, view: str, now: str) -> Rows:
    """Return the rows of the view as `visitors sql` returns them, by id, with values as in the machine formats."""
    store.execute(f"DROP VIEW IF EXISTS temp.{view}")
    store.execute(of_connection(view, f"'{now}'"))
    try:
        found = store.execute(f"SELECT * FROM temp.{view}").fetchall()
    finally:
        store.execute(f"DROP VIEW temp.{view}")
    return [as_told(dict(zip(VIEWS[view], row, strict=True))) for row in found]


def as_told(row: dict[str, Any]) -> dict[str, Any]:
    """Convert a row of a view to JSON types that SQL lacks."""
    return {column: _typed(column, value) for column, value in row.items()}


def _typed(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in BOOLEANS:
        assert value in (0, 1)
        return bool(value)
    return json.loads(value) if column in DOCUMENTS else value


def flat(record: Any) -> dict[str, Any]:
    """Flatten a visitor: its contact's values by path, null if it has none."""
    told = record if isinstance(record, dict) else msgspec.to_builtins(record)
    contact = told["contact"] or {}
    return {path: contact.get(path[8:]) if path.startswith("contact.") else told[path] for path in FLAT}


def told(structs: Iterable[msgspec.Struct]) -> Rows:
    """Return the records as in the machine formats."""
    return [msgspec.to_builtins(struct) for struct in structs]


def assert_views_agree(store: Store, now: str) -> None:
    """Compare every row of every view with the records as read by their modules."""

    def ids(table: str, condition: str = "1") -> list[str]:
        return [row[0] for row in store.execute(f"SELECT id FROM {table} WHERE {condition} ORDER BY pk").fetchall()]

    everybody = ids("visitors")
    assert read(store, "visitors", now) == list(map(flat, visitors.find_many(store, everybody, now)))
    standing = [store.ask(contacts.listed(one, now)) for one in ids("contacts", "merged_into IS NULL")]
    assert read(store, "contacts", now) == told(one for one in standing if one is not None)
    talks = [one for one in (conversations.find(store, one) for one in ids("conversations")) if one is not None]
    assert read(store, "conversations", now) == told(talks)
    written = [one for some in conversations.messages_of(store, ids("conversations")).values() for one in some]
    assert by_id(read(store, "messages", now)) == by_id(told(written))
    barred = blocks.of_any(store, ids("contacts"), everybody)
    expected = [{**msgspec.to_builtins(one), "state": one.state(now)} for one in barred]
    assert read(store, "blocks", now) == expected
    done = operations.select(store, operations.Filter(), Page())
    expected = [{name: one[name] for name in VIEWS["operations"]} for one in told(done)]
    assert by_id(read(store, "operations", now)) == by_id(expected)
    changed = changes.changes(store, operations.Filter())
    assert in_any_order(read(store, "changes", now)) == in_any_order(told(changed))


def by_id(rows: Rows) -> dict[str, Any]:
    """Return rows by id."""
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def in_any_order(rows: Rows) -> list[str]:
    """Return rows as sorted JSON."""
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
