"""Visitors as bulk jobs compare them with input, read and written many at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from visitors.domain.times import Instant
from visitors.store.database import THESE, rows
from visitors.store.records.visitors import COLUMNS, EVERY_COLUMN
from visitors.store.store import Store


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A visitor as bulk jobs compare it with input: its browser data as stored, in the order of COLUMNS."""

    id: str
    contact_id: str | None
    created_at: Instant
    updated_at: Instant
    last_seen_at: Instant | None
    deleted_at: Instant | None
    data: tuple[str | float | None, ...]

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Stored:
        """Return the visitor of values for `insert_many`."""
        return cls(*(*values[:_DATA], values[_DATA:]))

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint."""
        told = self.data[_FINGERPRINT]
        return None if told is None else str(told)


_DATA = len(EVERY_COLUMN) - len(COLUMNS)
"""The position of the first browser data."""
_FINGERPRINT = list(COLUMNS).index("fingerprint")


def find(store: Store, visitor_ids: Iterable[str]) -> dict[str, Stored]:
    """Return those of the visitors that exist, deleted or not, by id."""
    sql = f"SELECT {', '.join(EVERY_COLUMN)} FROM visitors WHERE id {THESE}"
    return {row[0]: Stored.of(row) for row in store.execute(sql, (rows(visitor_ids),))}


def replace(store: Store, before: Stored, after: Stored) -> None:
    """Write what differs. `updated_at` stays the latest."""
    names = ("contact_id", "created_at", "last_seen_at", "updated_at", *COLUMNS.values())
    columns = {name: new for name, old, new in zip(names, _values(before), _values(after), strict=True) if new != old}
    assignments = [f"{name} = max(updated_at, ?)" if name == "updated_at" else f"{name} = ?" for name in columns]
    store.later(f"UPDATE visitors SET {', '.join(assignments)} WHERE id = ?", [*columns.values(), before.id])


def _values(one: Stored) -> tuple[object, ...]:
    return (one.contact_id, one.created_at, one.last_seen_at, one.updated_at, *one.data)


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
