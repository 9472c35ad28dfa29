"""One row of an import: a visitor as a file tells of it, checked and normalised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from visitors.domain import normalise
from visitors.domain.identity import Identity, parse_identity
from visitors.domain.ids import given_contact_id, given_id
from visitors.domain.metadata import decode_value, parse_metadata
from visitors.domain.times import Instant, parse_instant
from visitors.domain.visitor import BROWSER_DATA, BrowserData, browser_data
from visitors.errors import InvalidData

_TIMES = ("createdAt", "updatedAt", "lastSeenAt", "deletedAt", "blockedAt", "blockExpiresAt")
_CONTACT_TIMES = ("contact.createdAt", "contact.updatedAt", "contact.deletedAt")
_ALL_TIMES = (*_TIMES, *_CONTACT_TIMES)
_PERSON = ("externalId", "email", "name", "image", "metadata")
FIELDS = (
    "id",
    *BROWSER_DATA,
    *_TIMES,
    "isBlocked",
    "blockedBy",
    "blockReason",
    "contact.id",
    *(f"contact.{field}" for field in _PERSON),
    *_CONTACT_TIMES,
    "contact.isBlocked",
)
"""Every field that a row may have, beside single metadata keys (`contact.metadata.plan`)."""

_METADATA = "contact.metadata."
_BOOLEANS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}


class VisitorRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says; None means that it says nothing."""

    id: str | None
    data: BrowserData
    created_at: Instant | None
    updated_at: Instant | None
    last_seen_at: Instant | None
    deleted_at: Instant | None
    is_blocked: bool
    blocked_at: Instant | None
    blocked_by: str | None
    block_reason: str | None
    block_expires_at: Instant | None
    identity: Identity | None
    contact_is_blocked: bool
    contact_created_at: Instant | None
    contact_updated_at: Instant | None
    contact_deleted_at: Instant | None


def parse_row(values: Mapping[str, Any]) -> VisitorRow:
    """A row from values by field name; a blank one is not there. Raises InvalidData for the first bad value."""
    given = {field: value for field, value in values.items() if value is not None}
    times = {field: _instant(given[field], field) for field in _ALL_TIMES if field in given}
    return VisitorRow(
        id=given_id(_key(given["id"], "id")) if "id" in given else None,
        data=browser_data({field: given[field] for field in BROWSER_DATA if field in given}),
        created_at=times.get("createdAt"),
        updated_at=times.get("updatedAt"),
        last_seen_at=times.get("lastSeenAt"),
        deleted_at=times.get("deletedAt"),
        is_blocked=_boolean(given.get("isBlocked"), "isBlocked") or "blockedAt" in times,
        blocked_at=times.get("blockedAt"),
        blocked_by=_optional_text(given, "blockedBy"),
        block_reason=_optional_text(given, "blockReason"),
        block_expires_at=times.get("blockExpiresAt"),
        identity=_identity(given),
        contact_is_blocked=_boolean(given.get("contact.isBlocked"), "contact.isBlocked"),
        contact_created_at=times.get("contact.createdAt"),
        contact_updated_at=times.get("contact.updatedAt"),
        contact_deleted_at=times.get("contact.deletedAt"),
    )


def _identity(given: Mapping[str, Any]) -> Identity | None:
    told = {field: value for field, value in given.items() if field.startswith("contact.")}
    if not told:
        return None
    person = {field: told[f"contact.{field}"] for field in _PERSON if f"contact.{field}" in told}
    if person.get("metadata") in ({}, "{}"):
        del person["metadata"]  # it says nothing
    keys = {field.removeprefix(_METADATA): value for field, value in told.items() if field.startswith(_METADATA)}
    if not person and not keys and "contact.id" not in given:
        return None
    if isinstance(person.get("metadata"), str):
        person["metadata"] = decode_value(person["metadata"], "contact.metadata")
    try:
        if keys:
            whole = person.get("metadata")
            person["metadata"] = {**parse_metadata({} if whole is None else whole), **keys}
        identity = parse_identity(person)
    except InvalidData as error:
        error.field = f"contact.{error.field}" if error.field else None
        raise
    if "contact.id" in given:
        contact_id = given_contact_id(_key(given["contact.id"], "contact.id"), "contact.id")
        identity = msgspec.structs.replace(identity, contact_id=contact_id, is_deleted="contact.deletedAt" in given)
    if not identity.names_somebody:
        raise InvalidData(
            "the row tells something of a person, but not who: contact.id, contact.externalId and contact.email"
            " are blank",
            field="contact.externalId",
            code="nobody",
        )
    return identity


def _instant(value: object, field: str) -> Instant:
    return parse_instant(_string(value, field), field)


def _key(value: object, field: str) -> str:
    """An id; row_to_json and friends print numeric keys as numbers."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else _string(value, field)


def _string(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
    return value


def _optional_text(given: Mapping[str, Any], field: str) -> str | None:
    return normalise.text(_string(given[field], field), field) if field in given else None


def _boolean(value: object, field: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise InvalidData(f"{field} is not true or false", field=field, code="invalid_type")
