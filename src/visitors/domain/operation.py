"""The record of what was done: one operation per command that wrote, one change per record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from visitors.domain.times import Instant


class Target(msgspec.Struct, frozen=True):
    """A visitor, contact or conversation that an operation touched."""

    kind: str
    id: str


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    """One run of a command that wrote.

    `arguments` are the names of the options given, never their values: those are personal data, and
    stand in the changes, where erasing finds them.
    """

    id: str
    at: Instant
    actor: str
    command: str
    arguments: list[str]
    change_count: int
    undone_by: str | None = None
    """The operation that took it back, if that still stands."""
    targets: list[Target] = []
    """The first few of what it touched."""
    target_count: int | None = 0
    """How many it touched; None for more than were counted."""
    reason: str | None = None
    """Why it blocked."""
    expires_at: Instant | None = None
    """Until when it blocked."""


class Change(msgspec.Struct, frozen=True, rename="camel"):
    """One record before and after: None for a record that did not exist, else the fields that differ."""

    operation_id: str
    at: Instant
    actor: str
    command: str
    kind: str
    record_id: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class FieldChange(msgspec.Struct, frozen=True, rename="camel"):
    """One field of one record before and after."""

    record_id: str
    kind: str
    field: str
    before: Any
    after: Any
    operation_id: str
    at: Instant
    actor: str


def field_changes(change: Change) -> Iterator[FieldChange]:
    """The change, a field at a time. What is new had nothing before, so that only what has a value is told."""
    before, after = change.before or {}, change.after or {}
    is_whole = change.before is None or change.after is None
    for field in after or before:
        values = before.get(field), after.get(field)
        if not (is_whole and (field == "id" or values == (None, None))):
            yield FieldChange(
                change.record_id, change.kind, field, *values, change.operation_id, change.at, change.actor
            )


class Link(msgspec.Struct, frozen=True, rename="camel"):
    """A visitor's link as it changed: from one contact, or none, to another, or none, and by which rule."""

    at: Instant
    actor: str
    command: str
    operation_id: str
    from_contact_id: str | None
    to_contact_id: str | None
    cause: str | None
