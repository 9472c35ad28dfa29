"""The record of what was done: one operation per command that wrote, one change per record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from visitors.domain.times import Instant


class Target(msgspec.Struct, frozen=True):
    """A visitor, contact or conversation that an operation changed."""

    kind: str
    id: str


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    """One run of a command that wrote.

    `arguments` are the names of the given options, never their values: those are personal data, kept only in the
    changes, where erasing finds them.
    """

    id: str
    at: Instant
    actor: str
    command: str
    arguments: list[str]
    change_count: int
    undone_by: str | None = None
    """The operation that undid it, unless that was undone too."""
    targets: list[Target] = []
    """The first few records that it changed."""
    target_count: int | None = 0
    """The number of records that it changed; None if more than were counted."""
    reason: str | None = None
    """The reason of its block."""
    expires_at: Instant | None = None
    """The expiry of its block."""


class Change(msgspec.Struct, frozen=True, rename="camel"):
    """One record before and after: None where it did not exist, else the fields that differ."""

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
    """Split a change into fields. A created record lists only the fields that have a value."""
    before, after = change.before or {}, change.after or {}
    is_whole = change.before is None or change.after is None
    for field in after or before:
        values = before.get(field), after.get(field)
        if not (is_whole and (field == "id" or values == (None, None))):
            yield FieldChange(
                change.record_id, change.kind, field, *values, change.operation_id, change.at, change.actor
            )


class Link(msgspec.Struct, frozen=True, rename="camel"):
    """A change of a visitor's link: the contacts before and after (None: none), and the rule."""

    at: Instant
    actor: str
    command: str
    operation_id: str
    from_contact_id: str | None
    to_contact_id: str | None
    cause: str | None
