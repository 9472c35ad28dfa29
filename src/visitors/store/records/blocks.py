"""Blocks in the store. A block is never deleted: it is lifted, or it expires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from visitors.domain.block import Block
from visitors.domain.times import Instant
from visitors.store.database import THESE, Question, Row, rows
from visitors.store.query.filters import LIVE
from visitors.store.schema import recorded
from visitors.store.store import OpenOperation, Store

Target = Literal["visitor", "contact"]

NewBlock = tuple[str, str | None, str | None, str | None, Instant, str | None, Instant | None]
"""A new block: id, visitor or contact, reason, blockedAt, blockedBy, expiresAt."""

COLUMNS = ", ".join(recorded.COLUMNS["block"][1:])
"""The columns of a block, in the order of its fields."""


def add(
    store: Store,
    operation: OpenOperation,
    target: Target,
    ids: Sequence[str],
    *,
    reason: str | None = None,
    blocked_at: Instant | None = None,
    blocked_by: str | None = None,
    expires_at: Instant | None = None,
) -> None:
    """Block each of `ids`, in one statement."""
    values = (reason, blocked_at or operation.at, blocked_by, expires_at)
    whom: Iterable[tuple[str | None, str | None]] = ((one, None) if target == "visitor" else (None, one) for one in ids)
    add_many(store, ((id_, *one, *values) for id_, one in zip(operation.new_ids(len(ids)), whom, strict=True)))


def add_many(store: Store, new: Iterable[NewBlock]) -> None:
    """Add many blocks with individual terms."""
    store.insert("block", ("id", "visitor_id", "contact_id", "reason", "blocked_at", "blocked_by", "expires_at"), new)


def lift(store: Store, operation: OpenOperation, block_ids: Iterable[str]) -> None:
    """Lift the blocks with these ids."""
    sql = f"UPDATE blocks SET lifted_at = max(blocked_at, ?), lifted_by = ? WHERE id {THESE}"
    store.later(sql, (operation.at, operation.actor, rows(block_ids)))


def live(store: Store, target: Target, ids: Sequence[str], current: Instant) -> dict[str, list[Block]]:
    """Return the live blocks on each of `ids` itself, oldest first."""
    sql = f"SELECT {COLUMNS} FROM blocks WHERE {target}_id {THESE} AND {LIVE} ORDER BY pk"
    found: dict[str, list[Block]] = {}
    for block in _blocks(store.execute(sql, (rows(ids), current)).fetchall()):
        found.setdefault(str(block.visitor_id or block.contact_id), []).append(block)
    return found


def blocked_contacts_of(store: Store, visitor_ids: Sequence[str], current: Instant) -> dict[str, str]:
    """Map visitor ids to contact ids, for those of `visitor_ids` whose contact is blocked."""
    sql = (
        f"SELECT v.id, v.contact_id FROM visitors AS v WHERE v.id {THESE}"
        f" AND EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id AND {LIVE})"
    )
    return dict(store.execute(sql, (rows(visitor_ids), current)))


def of_visitor(visitor_id: str) -> Question[list[Block]]:
    """Return every block of the visitor and of its contact, newest first."""
    sql = (
        f"SELECT {COLUMNS} FROM blocks WHERE visitor_id = ?"
        " OR contact_id = (SELECT contact_id FROM visitors WHERE id = ?) ORDER BY pk DESC"
    )
    return Question(sql, (visitor_id, visitor_id), _blocks)


def of_contact(contact_id: str) -> Question[list[Block]]:
    """Return every block of the contact itself, newest first."""
    sql = f"SELECT {COLUMNS} FROM blocks WHERE contact_id = ? ORDER BY pk DESC"
    return Question(sql, (contact_id,), _blocks)


def _blocks(found: list[Row]) -> list[Block]:
    return [Block(*row) for row in found]


def of_any(store: Store, contact_ids: Sequence[str], visitor_ids: Sequence[str]) -> list[Block]:
    """Return every block of these contacts and visitors, oldest first."""
    sql = f"SELECT {COLUMNS} FROM blocks WHERE contact_id {THESE} OR visitor_id {THESE} ORDER BY pk"
    return [Block(*row) for row in store.execute(sql, (rows(contact_ids), rows(visitor_ids)))]


def move(store: Store, contact_id: str, to: str) -> int:
    """Move all blocks of a contact to another one, live or not. Returns how many."""
    return store.execute("UPDATE blocks SET contact_id = ? WHERE contact_id = ?", (to, contact_id)).rowcount


def copy(store: Store, operation: OpenOperation, contact_id: str, to: str) -> None:
    """Copy the live blocks of this contact to another one, with the same reason, author, start and expiry."""
    sql = f"SELECT reason, blocked_at, blocked_by, expires_at FROM blocks WHERE contact_id = ? AND {LIVE} ORDER BY pk"
    for reason, blocked_at, blocked_by, expires_at in store.execute(sql, (contact_id, operation.at)).fetchall():
        add(
            store,
            operation,
            "contact",
            [to],
            reason=reason,
            blocked_at=blocked_at,
            blocked_by=blocked_by,
            expires_at=expires_at,
        )
