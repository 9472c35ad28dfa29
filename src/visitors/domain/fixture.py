"""A fixture: the contacts, visitors, blocks and conversations that a store is to hold, as data.

A record is whole: a field that its file does not mention is null. Only times that somebody else keeps
(`MAY_STAY`) are left as they are where nothing is said. Records refer to one another by id here, in the
file by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.ids import ALPHABET
from visitors.domain.times import Instant, to_milliseconds

VERSION = 1
"""The version of the format; a file of a newer one is refused."""

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
"""What stays as it is in the store where the file does not say it."""

Values = dict[str, Any]


class Record(msgspec.Struct, frozen=True):
    """A contact, visitor or conversation: `values` by public name, references as ids, without the id.

    Of a conversation, `messages` is a list of values, in order.
    """

    kind: Kind
    name: str
    id: str
    values: Values


class Fixture(msgspec.Struct, frozen=True):
    """What files say together, in their order. Of a block, `values` name the visitor or the contact."""

    contacts: tuple[Record, ...] = ()
    visitors: tuple[Record, ...] = ()
    conversations: tuple[Record, ...] = ()
    blocks: tuple[Values, ...] = ()


def differing(wanted: Values, current: Values) -> list[str]:
    """The fields in which a record is not as it is wanted; those not wanted in any way do not count."""
    return [field for field, value in wanted.items() if _canonical(value) != _canonical(current.get(field))]


def _canonical(value: Any) -> object:
    """`value` so that what prints the same is the same: `1`, `1.0` and `true` are three things."""
    return msgspec.json.encode(value, order="sorted") if isinstance(value, dict) else value


def messages_differ(wanted: Sequence[Values], current: Sequence[Values]) -> bool:
    """Whether messages are not as they are wanted."""
    if len(wanted) != len(current):
        return True
    return any(differing(one, other) for one, other in zip(wanted, current, strict=True))


def document(fixture: Fixture) -> dict[str, Any]:
    """The fixture as a file has it, under its ids: nothing that goes without saying."""
    contact_of = {record.id: record.values["contact"] for record in fixture.visitors}

    def said(values: Values, fields: Sequence[str]) -> Values:
        return {field: values[field] for field in fields if not goes_without_saying(field, values)}

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


def goes_without_saying(field: str, values: Values) -> bool:
    """Whether a file need not say what `values` say of a field."""
    value = values.get(field)
    return value is None or (field in ("metadata", "messages") and not value)


def tombstones(contacts: Sequence[Record]) -> Mapping[str, str]:
    """Contact id -> id of the contact that it was merged into."""
    merged = ((record.id, record.values["mergedInto"]) for record in contacts)
    return {contact_id: survivor for contact_id, survivor in merged if survivor is not None}


Action = Literal["create", "change", "remove"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One record that is not as the files say: `before` and `after` are its values, of a changed one
    those that differ. A block goes by the id and name of whom it blocks; `block_id` is its own, where it
    has one.
    """

    kind: Kind
    id: str
    name: str | None
    action: Action
    before: Values | None = None
    after: Values | None = None
    block_id: str | None = None


def derived_id(instant: Instant, *parts: str | int) -> str:
    """The ULID of what has no name in a file: the same for the same parts, on every machine."""
    import hashlib

    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    number = (max(0, to_milliseconds(instant)) << 80) | int.from_bytes(digest[:10], "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
