"""What visitors and contacts have in common: soft deletion, and when they were last updated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from visitors.store.database import THESE, rows
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import OpenOperation, Store

Kind = Literal["visitor", "contact"]


def touch(store: Store, operation: OpenOperation, kind: Kind, ids: Iterable[str]) -> None:
    """Set the `updatedAt` of records after a change to related ones."""
    sql = f"UPDATE {RECORDED[kind]} SET updated_at = max(updated_at, ?) WHERE id {THESE}"
    store.later(sql, (operation.at, rows(ids)))


def set_deleted(store: Store, operation: OpenOperation, kind: Kind, ids: Iterable[str], *, deleted: bool) -> set[str]:
    """Delete softly, or restore. Returns the ids of the changed records."""
    changed = store.execute(
        f"UPDATE {RECORDED[kind]} SET deleted_at = ?, updated_at = max(updated_at, ?)"
        f" WHERE id {THESE} AND deleted_at IS {'' if deleted else 'NOT '}NULL RETURNING id",
        (operation.at if deleted else None, operation.at, rows(ids)),
    )
    return {row[0] for row in changed}
