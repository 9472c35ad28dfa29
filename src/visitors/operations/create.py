"""Create a visitor, anonymous and not yet seen."""

from __future__ import annotations

from visitors.domain.visitor import BrowserData
from visitors.errors import Conflict
from visitors.store.records import visitors
from visitors.store.store import OpenOperation, Store


def create(
    store: Store, operation: OpenOperation, visitor_id: str | None, data: BrowserData, *, exist_ok: bool = False
) -> tuple[str, bool]:
    """Create a visitor; return its id, and True. With `exist_ok`, an existing one is left as it is: returns its id, and
    False.

    Raises Conflict if the id exists, unless `exist_ok` is set.
    """
    existing = visitors.find(store, visitor_id, operation.at) if visitor_id else None
    if existing is None:
        return visitors.insert(store, operation, data, visitor_id=visitor_id), True
    if not exist_ok:
        raise Conflict(
            f"visitor {existing.id} already exists" + (", but is deleted" if existing.deleted_at else ""),
            code="visitor_exists",
            hint=f"visitors restore {existing.id}"
            if existing.deleted_at
            else "to accept existing visitors, add --exist-ok",
        )
    return existing.id, False
