"""Start conversations, for whoever may."""

from __future__ import annotations

from visitors.domain.conversation import Priority
from visitors.domain.visitor import Visitor
from visitors.errors import Conflict
from visitors.operations import references
from visitors.store import conversations
from visitors.store.connection import OpenOperation, Store


def start(
    store: Store,
    operation: OpenOperation,
    visitor_reference: str,
    *,
    title: str | None = None,
    message: str | None = None,
    priority: Priority = "normal",
) -> str:
    """A new conversation; returns its id. Raises NotFound, and Conflict for a deleted or blocked visitor."""
    visitor = references.live_visitor(store, visitor_reference, operation.at)
    _refuse_blocked(visitor)
    return conversations.start(store, operation, visitor.id, title=title, message=message, priority=priority)


def _refuse_blocked(visitor: Visitor) -> None:
    if visitor.is_blocked:
        through = f" through its contact {visitor.contact.id}" if visitor.contact and visitor.contact.is_blocked else ""
        target = f"--contact {visitor.contact.id}" if through and visitor.contact else visitor.id
        raise Conflict(
            f"visitor {visitor.id} is blocked{through}", code="visitor_blocked", hint=f"visitors unblock {target}"
        )
