"""A fixture: the contacts, visitors, blocks and conversations that a store should hold, as data.

Records are complete: a field missing from the file is null, except for times that the program maintains (`MAY_STAY`),
which keep their stored value. Records refer to each other by id here, and by name in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.ids import ALPHABET
from visitors.domain.times import Instant, to_milliseconds

VERSION = 1
"""The format version; files of a newer version are rejected."""

Kind = Literal["contact", "visitor", "conversation", "block"]

CONTACT_FIELDS = ("id", *PERSON, "metadata", "mergedInto", "createdAt", "updatedAt", "deletedAt")
VISITOR_FIELDS = ("id", "contact", *BROWSER_DATA, "createdAt", "updatedAt", "lastSeenAt", "deletedAt")
BLOCK_FIELDS = (
    "visitor", "contact", "reason", "blockedAt", "blockedBy", "expiresAt", "liftedAt", "liftedBy",
)  # fmt: skip
CONVERSATION_FIELDS = (
    "id", "visitor", "contact", "title", "status", "priority", "createdAt", "updatedAt", "resolvedAt", "messages",
)  # fmt: skip
MESSAGE_FIELDS = ("visitor", "agent", "body", "createdAt")
TOP_FIELDS = ("version", "environment", "contacts", "visitors", "blocks", "conversations")

MAY_STAY = ("createdAt", "updatedAt", "lastSeenAt", "blockedAt", "resolvedAt")
"""Fields that keep their stored value when the file omits them."""

Values = dict[str, Any]


class Record(msgspec.Struct, frozen=True):
    """A contact, visitor or conversation. `values` are keyed by public name, without the id; references are ids.

    A conversation's `messages` are a list of values, in order.
    """

    kind: Kind
    name: str
    id: str
    values: Values


class Fixture(msgspec.Struct, frozen=True):
    """The combined content of fixture files, in file order. The `values` of a block name its visitor or contact."""

    contacts: tuple[Record, ...] = ()
    visitors: tuple[Record, ...] = ()
    conversations: tuple[Record, ...] = ()
    blocks: tuple[Values, ...] = ()


def differing(wanted: Values, current: Values) -> list[str]:
    """Return the fields whose current value differs from the wanted one, ignoring fields that are not in `wanted`."""
    return [field for field, value in wanted.items() if _canonical(value) != _canonical(current.get(field))]


def _canonical(value: Any) -> object:
    """Return `value` in a form that compares equal only if it prints the same: `1`, `1.0` and `true` all differ."""
    return msgspec.json.encode(value, order="sorted") if isinstance(value, dict) else value


def messages_differ(wanted: Sequence[Values], current: Sequence[Values]) -> bool:
    """Return whether two lists of messages differ."""
    if len(wanted) != len(current):
        return True
    return any(differing(one, other) for one, other in zip(wanted, current, strict=True))


def document(fixture: Fixture) -> dict[str, Any]:
    """Build the file representation of a fixture, keyed by id, without default values."""
    contact_of = {record.id: record.values["contact"] for record in fixture.visitors}

    def said(values: Values, fields: Sequence[str]) -> Values:
        return {field: values[field] for field in fields if not is_default(field, values)}

    def whole(record: Record, fields: Sequence[str]) -> Values:
        values = said(record.values, fields)
        if values.get("updatedAt") == values.get("createdAt"):
            values.pop("updatedAt", None)
        return values

    def conversation(record: Record) -> Values:
        values = whole(record, CONVERSATION_FIELDS)
        if values.get("priority") == "normal":
            del values["priority"]
        owner = record.values["contact"]
        if owner == contact_of.get(record.values["visitor"]):
            values.pop("contact", None)
        elif owner is None:
            values["contact"] = None
        if record.values["messages"]:
            values["messages"] = [said(message, MESSAGE_FIELDS) for message in record.values["messages"]]
        return {field: values[field] for field in CONVERSATION_FIELDS if field in values}

    sections: dict[str, Any] = {
        "contacts": {record.id: whole(record, CONTACT_FIELDS) for record in fixture.contacts},
        "visitors": {record.id: whole(record, VISITOR_FIELDS) for record in fixture.visitors},
        "blocks": [said(values, BLOCK_FIELDS) for values in fixture.blocks],
        "conversations": {record.id: conversation(record) for record in fixture.conversations},
    }
    return {"version": VERSION, **{name: section for name, section in sections.items() if section}}


def is_default(field: str, values: Values) -> bool:
    """Return whether a field has its default value, which a file can omit."""
    value = values.get(field)
    return value is None or (field in ("metadata", "messages") and not value)


def tombstones(contacts: Sequence[Record]) -> Mapping[str, str]:
    """Map the ids of merged contacts to the ids of the contacts that they were merged into."""
    merged = ((record.id, record.values["mergedInto"]) for record in contacts)
    return {contact_id: survivor for contact_id, survivor in merged if survivor is not None}


Action = Literal["create", "change", "remove"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A record that differs from the fixture.

    `before` and `after` hold its values; for a changed record, only those that differ. A block has the id and name of
    its target, and its own id, if it has one, in `block_id`.
    """

    kind: Kind
    id: str
    name: str | None
    action: Action
    before: Values | None = None
    after: Values | None = None
    block_id: str | None = None


def derived_id(instant: Instant, *parts: str | int) -> str:
    """Derive the ULID of something that has no name in a file: equal parts give the same id on every machine."""
    import hashlib

    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    number = (max(0, to_milliseconds(instant)) << 80) | int.from_bytes(digest[:10], "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
