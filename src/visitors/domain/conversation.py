"""Conversations: messages of a visitor, and who owns them.

A conversation belongs to the visitor that started it. Once that visitor is identified it belongs to the contact, and
stays with that contact even if another person later uses the same browser.
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
    """The current state of a conversation."""

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
    """A message, written by either a visitor (`visitorId`) or an agent (`agent`)."""

    id: str
    conversation_id: str
    visitor_id: str | None
    agent: str | None
    body: str
    created_at: Instant
