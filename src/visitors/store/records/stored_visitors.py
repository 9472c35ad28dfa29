"""Visitors as bulk jobs compare them with input, read and written many at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from visitors.domain.times import Instant
from visitors.store.database import THESE, rows
from visitors.store.records.visitors import COLUMNS, EVERY_COLUMN
from visitors.store.store import OpenOperation, Store


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A visitor as bulk jobs compare it with input: its browser data as stored, in the order of COLUMNS."""

    id: str
    contact_id: str | None
    created_at: Instant
    last_seen_at: Instant | None
    deleted_at: Instant | None
    data: tuple[str | float | None, ...]

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Stored:
        """Return the visitor of values for `insert_many`."""
        visitor_id, contact_id, created_at, _, last_seen_at, deleted_at, *data = values
        return cls(visitor_id, contact_id, created_at, last_seen_at, deleted_at, tuple(data))

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint."""
        told = self.data[_FINGERPRINT]
        return None if told is None else str(told)


_FINGERPRINT = list(COLUMNS).index("fingerprint")


def find(store: Store, visitor_ids: Iterable[str]) -> dict[str, Stored]:
    """Return those of the visitors that exist, deleted or not, by id."""
    sql = f"SELECT {', '.join(EVERY_COLUMN)} FROM visitors WHERE id {THESE}"
    return {row[0]: Stored.of(row) for row in store.execute(sql, (rows(visitor_ids),))}


def replace(store: Store, operation: OpenOperation, before: Stored, after: Stored) -> None:
    """Write what differs. A visitor that was only seen is not updated."""
    names = ("contact_id", *COLUMNS.values())
    old, new = (before.contact_id, *before.data), (after.contact_id, *after.data)
    columns = {name: value for name, was, value in zip(names, old, new, strict=True) if value != was}
    assignments = [f"{name} = ?" for name in columns] + (["updated_at = max(updated_at, ?)"] if columns else [])
    values = [*columns.values(), *([operation.at] if columns else [])]
    for name in ("created_at", "last_seen_at"):
        if getattr(before, name) != getattr(after, name):
            assignments.append(f"{name} = ?")
            values.append(getattr(after, name))
    store.later(f"UPDATE visitors SET {', '.join(assignments)} WHERE id = ?", [*values, before.id])


def ids_by_fingerprint(store: Store, fingerprints: Iterable[str]) -> dict[str, list[str]]:
    """Map fingerprints to the ids of up to two live visitors with each: two make it ambiguous."""
    sql = """
        SELECT v.fingerprint, v.id FROM (SELECT DISTINCT value FROM json_each(?)) AS wanted
        JOIN visitors AS v ON v.pk IN (
            SELECT pk FROM visitors WHERE fingerprint = wanted.value AND deleted_at IS NULL LIMIT 2
        ) ORDER BY v.pk
    """
    found: dict[str, list[str]] = {}
    for fingerprint, visitor_id in store.execute(sql, (rows(fingerprints),)):
        found.setdefault(fingerprint, []).append(visitor_id)
    return found
