"""The record of what was done: one operation per command that wrote, one change per record."""

from __future__ import annotations

from typing import Any

import msgspec

from visitors.domain.times import Instant


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


class Link(msgspec.Struct, frozen=True, rename="camel"):
    """A visitor's link as it changed: from one contact, or none, to another, or none, and by which rule."""

    at: Instant
    actor: str
    command: str
    operation_id: str
    from_contact_id: str | None
    to_contact_id: str | None
    cause: str | None
