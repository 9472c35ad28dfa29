"""Create a visitor, anonymous and not seen yet."""

from __future__ import annotations

from visitors.domain.visitor import BrowserData
from visitors.errors import Conflict
from visitors.store.records import visitors
from visitors.store.store import OpenOperation, Store


def create(
    store: Store, operation: OpenOperation, visitor_id: str | None, data: BrowserData, *, exist_ok: bool = False
) -> tuple[str, bool]:
    """The id of a new visitor, and True; or with `exist_ok` that of the one that is there, untouched, and False.

    Raises Conflict when the id exists, unless `exist_ok`.
    """
    existing = visitors.find(store, visitor_id, operation.at) if visitor_id else None
    if existing is None:
        return visitors.insert(store, operation, data, visitor_id=visitor_id), True
    if not exist_ok:
        raise Conflict(
            f"visitor {existing.id} exists already" + (", deleted" if existing.deleted_at else ""),
            code="visitor_exists",
            hint=f"visitors restore {existing.id}" if existing.deleted_at else "--exist-ok makes this no error",
        )
    return existing.id, False
