"""Recognise or create a visitor, as the widget does on page load."""

from __future__ import annotations

from typing import Literal

import msgspec

from visitors.domain.visitor import BrowserData, seen_again
from visitors.errors import Conflict
from visitors.store.records import stored_visitors, visitors
from visitors.store.store import OpenOperation, Store

ResolvedBy = Literal["id", "fingerprint", "created"]


class Tracked(msgspec.Struct, frozen=True):
    """The visitor, and how it was recognised."""

    visitor_id: str
    resolved_by: ResolvedBy


def track(store: Store, operation: OpenOperation, stored_id: str | None, data: BrowserData) -> Tracked:
    """Return the visitor with the stored id, else the only live one with the fingerprint, else a new one.

    Its browser data and `lastSeenAt` are updated, by the rules of `seen_again`. Raises Conflict if the stored id
    belongs to a deleted visitor, which tracking must not restore.
    """
    found = _recognise(store, operation, stored_id, data)
    if found is None:
        visitor_id = visitors.insert(store, operation, data, visitor_id=stored_id, last_seen_at=operation.at)
        return Tracked(visitor_id, "created")
    if found.resolved_by == "fingerprint":
        operation.record_causes(store, [(found.visitor_id, "fingerprint")])
    known = visitors.find(store, found.visitor_id, operation.at)
    assert known is not None
    visitors.update(store, operation, [found.visitor_id], seen_again(known, data))
    visitors.saw(store, operation, found.visitor_id)
    return found


def _recognise(store: Store, operation: OpenOperation, stored_id: str | None, data: BrowserData) -> Tracked | None:
    if stored_id is not None:
        known = visitors.find(store, stored_id, operation.at)
        if known is not None:
            if known.deleted_at is not None:
                raise Conflict(
                    f"visitor {known.id} is deleted", code="visitor_deleted", hint=f"visitors restore {known.id}"
                )
            return Tracked(known.id, "id")
    if data.get("fingerprint") is not None:
        fingerprint = str(data["fingerprint"])
        candidates = stored_visitors.ids_by_fingerprint(store, [fingerprint]).get(fingerprint, [])
        if len(candidates) == 1:
            return Tracked(candidates[0], "fingerprint")
    return None
