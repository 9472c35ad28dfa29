"""Read NDJSON rows as written by `visitors export`, many at a time.

With the shape known, a line is decoded directly into the expected types, instead of into an arbitrary object whose keys
and values all have to be checked. A block with any deviation or error is left to the general readers: this has neither
errors nor validation rules of its own.

Related values, such as a browser's name and version, repeat together, and so do whole objects, so each is parsed once
and cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec

from visitors.domain import normalise
from visitors.domain.contact import Identity
from visitors.domain.fields import BROWSER_DATA, CONTACT, PERSON, VISITOR, Field, Type, groups
from visitors.domain.ids import given_contact_id, given_id
from visitors.domain.metadata import decode_value, parse_metadata
from visitors.domain.row import REMEMBERED, Together, VisitorRow, quick_ip
from visitors.domain.times import parse_instant
from visitors.errors import InvalidData
from visitors.input.source import LINE_LIMIT

_LARGEST_REMEMBERED = 1_024
"""The maximum size in bytes of a cached object."""
_NULL = msgspec.Raw(b"null")


_JSON: dict[Type, tuple[Any, Any]] = {
    "text": (str | None, None),
    "number": (float | None, None),
    "boolean": (bool | None, None),
    "time": (str | None, None),
    "document": (msgspec.Raw, _NULL),
}
"""Type of a field -> its JSON type, and the default if it is missing."""


def _shape(name: str, fields: Iterable[Field], more: dict[Type, tuple[Any, Any]]) -> Any:
    """Make a struct that decodes exactly these fields, by public name."""
    types = _JSON | more
    members = [(field.name, *types[field.type]) for field in fields]
    return msgspec.defstruct(name, members, forbid_unknown_fields=True, gc=False)


_Contact = _shape("_Contact", CONTACT, {})
_Row = _shape("_Row", VISITOR, {"contact": (_Contact | None, None)})


_PERSON = [(name, field.column, field.rule) for name, field in PERSON.items() if field.rule is not None]


class ExportedRows:
    """A reader of blocks of lines."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Row).decode
        self._parts = [(attrgetter(*group), _parser_of(group)) for group in groups(BROWSER_DATA.values())]
        self._metadata = _Objects(parse_metadata)

    def read(self, block: bytearray) -> list[VisitorRow] | None:
        """Return one row for each line; None if any line is not a valid row of an export."""
        if len(block) >= LINE_LIMIT:  # a line in it may be too long
            return None
        decode, row = self._decode, self._row
        try:
            return [row(decode(line)) for line in block.removesuffix(b"\n").split(b"\n")]
        except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidData):
            return None

    def _row(self, told: Any) -> VisitorRow:
        contact = told.contact
        data: list[str | float | None] = []
        for pick, parse in self._parts:
            data += parse(pick(told))
        return VisitorRow(
            id=given_id(told.id) if told.id else None,
            data=tuple(data),
            created_at=_instant(told.createdAt, "createdAt"),
            updated_at=_instant(told.updatedAt, "updatedAt"),
            last_seen_at=_instant(told.lastSeenAt, "lastSeenAt"),
            deleted_at=_instant(told.deletedAt, "deletedAt"),
            is_blocked=True if told.blockedAt else told.isBlocked,
            blocked_at=_instant(told.blockedAt, "blockedAt"),
            blocked_by=normalise.text(told.blockedBy, "blockedBy") if told.blockedBy else None,
            block_reason=normalise.text(told.blockReason, "blockReason") if told.blockReason else None,
            block_expires_at=_instant(told.blockExpiresAt, "blockExpiresAt"),
            identity=self._identity(contact) if contact else None,
            contact_is_blocked=contact.isBlocked if contact else None,
            contact_created_at=_instant(contact.createdAt, "contact.createdAt") if contact else None,
            contact_updated_at=_instant(contact.updatedAt, "contact.updatedAt") if contact else None,
            contact_deleted_at=_instant(contact.deletedAt, "contact.deletedAt") if contact else None,
        )

    def _identity(self, contact: Any) -> Identity:
        if not contact.id:
            raise InvalidData("an export has the id of every contact")
        texts = {column: rule(value, name) for name, column, rule in _PERSON if (value := getattr(contact, name))}
        return Identity(
            contact_id=given_contact_id(contact.id),
            is_deleted=bool(contact.deletedAt),
            metadata=self._metadata[bytes(contact.metadata)] or None,
            **texts,
        )


class _Objects(dict[bytes, Any]):
    """A cache of parsed objects: JSON -> the result of `parse`; None for null."""

    def __init__(self, parse: Callable[[dict[str, Any]], Any]) -> None:
        self[b"null"] = None
        self._parse = parse

    def __missing__(self, content: bytes) -> Any:
        value = decode_value(content.decode(), "it")
        if not isinstance(value, dict):
            raise InvalidData("an export has an object there")
        found = self._parse(value)
        if len(self) < REMEMBERED and len(content) <= _LARGEST_REMEMBERED:
            self[content] = found
        return found


def _parser_of(group: list[str]) -> Callable[[Any], Iterable[str | float | None]]:
    """Return the parser of a group's values, or of a single value."""
    if len(group) > 1:
        return Together(*group).__getitem__
    (name,) = group
    field = BROWSER_DATA[name]
    rule = field.rule
    assert rule is not None
    if field.type == "document":
        objects = _Objects(lambda value: rule(value, name))
        return lambda value: (objects[bytes(value)],)
    of_text = quick_ip if name == "ip" else rule
    return lambda value: (of_text(value, name) if value else None,)


def _instant(value: str | None, field: str) -> str | None:
    return parse_instant(value, field) if value else None
