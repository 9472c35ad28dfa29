"""A conversation: what a visitor writes, and who owns it.

It belongs to the visitor that started it; from the moment that visitor is identified, to the contact,
and it stays with that contact even when another person later uses the same browser.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from visitors.domain.times import Instant

Status = Literal["open", "resolved", "spam"]
Priority = Literal["low", "normal", "high", "urgent"]
STATUSES: tuple[Status, ...] = get_args(Status)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class Conversation(msgspec.Struct, frozen=True, rename="camel"):
    """One conversation as it is now."""

    id: str
    title: str | None
    status: Status
    priority: Priority
    visitor_id: str
    contact_id: str | None
    message_count: int
    created_at: Instant
    updated_at: Instant
    resolved_at: Instant | None


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """One message; its author is a visitor (`visitorId`) or an agent (`agent`)."""

    id: str
    conversation_id: str
    visitor_id: str | None
    agent: str | None
    body: str
    created_at: Instant
