"""Rows in the shape in which `visitors export` writes them as NDJSON, read many at a time.

The shape is known, so that a line is decoded as that, each value as what JSON has for its field, and not as any
object, whose every key and value would be looked at. A block of lines in which anything is otherwise, or wrong, is
left to the readers for all files: this has no errors of its own, and no rules for values that they have not.

Values that tell of one thing, as a browser's name and its version, come together again and again, and so do the
objects. They are looked up as a whole, and parsed only the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from visitors.domain import normalise
from visitors.domain.identity import Identity
from visitors.domain.ids import given_contact_id, given_id
from visitors.domain.metadata import decode_value, parse_metadata
from visitors.domain.row import REMEMBERED, Together, VisitorRow, quick_ip
from visitors.domain.times import parse_instant
from visitors.domain.visitor import document
from visitors.errors import InvalidData
from visitors.input.source import LINE_LIMIT

_LARGEST_REMEMBERED = 1_024
"""The bytes of the largest object that is remembered."""
_NULL = msgspec.Raw(b"null")


class _Contact(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    id: str | None = None
    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    image: str | None = None
    metadata: msgspec.Raw = _NULL
    metadata_hash: Any = None  # computed
    is_blocked: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None
    deleted_at: str | None = None


class _Row(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    id: str | None = None
    language: str | None = None
    timezone: str | None = None
    is_blocked: bool | None = None
    contact: _Contact | None = None
    fingerprint: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    os: str | None = None
    os_version: str | None = None
    device: str | None = None
    device_type: str | None = None
    ip: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    country_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    screen_resolution: str | None = None
    viewport: str | None = None
    attribution: msgspec.Raw = _NULL
    current_page: msgspec.Raw = _NULL
    blocked_at: str | None = None
    blocked_by: str | None = None
    block_reason: str | None = None
    block_expires_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    last_seen_at: str | None = None
    deleted_at: str | None = None


class ExportedRows:
    """Reads blocks of lines."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Row).decode
        self._locale = Together("language", "timezone")
        self._machine = Together("browser", "browserVersion", "os", "osVersion", "device", "deviceType")
        self._city = Together("city", "region", "country", "countryCode", "latitude", "longitude")
        self._screen = Together("screenResolution", "viewport")
        self._attribution = _Objects(partial(document, field="attribution"))
        self._current_page = _Objects(partial(document, field="currentPage"))
        self._metadata = _Objects(parse_metadata)

    def read(self, block: bytearray) -> list[VisitorRow] | None:
        """One row for each line; None if not every line is a good row of an export."""
        if len(block) >= LINE_LIMIT:  # a line in it may be too long
            return None
        decode, row = self._decode, self._row
        try:
            return [row(decode(line)) for line in block.removesuffix(b"\n").split(b"\n")]
        except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidData):
            return None

    def _row(self, told: _Row) -> VisitorRow:
        contact = told.contact
        return VisitorRow(
            id=given_id(told.id) if told.id else None,
            data=(
                *self._locale[told.language, told.timezone],
                normalise.text(told.fingerprint, "fingerprint") if told.fingerprint else None,
                *self._machine[
                    told.browser, told.browser_version, told.os, told.os_version, told.device, told.device_type
                ],
                quick_ip(told.ip, "ip") if told.ip else None,
                *self._city[told.city, told.region, told.country, told.country_code, told.latitude, told.longitude],
                *self._screen[told.screen_resolution, told.viewport],
                self._attribution[bytes(told.attribution)],
                self._current_page[bytes(told.current_page)],
            ),
            created_at=_instant(told.created_at, "createdAt"),
            updated_at=_instant(told.updated_at, "updatedAt"),
            last_seen_at=_instant(told.last_seen_at, "lastSeenAt"),
            deleted_at=_instant(told.deleted_at, "deletedAt"),
            is_blocked=bool(told.is_blocked or told.blocked_at),
            blocked_at=_instant(told.blocked_at, "blockedAt"),
            blocked_by=normalise.text(told.blocked_by, "blockedBy") if told.blocked_by else None,
            block_reason=normalise.text(told.block_reason, "blockReason") if told.block_reason else None,
            block_expires_at=_instant(told.block_expires_at, "blockExpiresAt"),
            identity=self._identity(contact) if contact else None,
            contact_is_blocked=bool(contact and contact.is_blocked),
            contact_created_at=_instant(contact.created_at, "contact.createdAt") if contact else None,
            contact_updated_at=_instant(contact.updated_at, "contact.updatedAt") if contact else None,
            contact_deleted_at=_instant(contact.deleted_at, "contact.deletedAt") if contact else None,
        )

    def _identity(self, contact: _Contact) -> Identity:
        if not contact.id:
            raise InvalidData("an export tells the id of every contact")
        return Identity(
            contact_id=given_contact_id(contact.id),
            is_deleted=bool(contact.deleted_at),
            external_id=normalise.external_id(contact.external_id) if contact.external_id else None,
            email=normalise.email(contact.email) if contact.email else None,
            name=normalise.text(contact.name, "name") if contact.name else None,
            image=normalise.text(contact.image, "image", normalise.URL_LIMIT) if contact.image else None,
            metadata=self._metadata[bytes(contact.metadata)] or None,
        )


class _Objects(dict[bytes, Any]):
    """JSON -> what `parse` makes of the object that it is; of null None."""

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


def _instant(value: str | None, field: str) -> str | None:
    return parse_instant(value, field) if value else None
