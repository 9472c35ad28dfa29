"""One row of an import: a visitor as a file tells of it, checked and normalised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from visitors.domain import normalise
from visitors.domain.identity import Identity, parse_identity
from visitors.domain.ids import given_contact_id, given_id
from visitors.domain.metadata import decode_value, parse_metadata
from visitors.domain.times import Instant, parse_instant
from visitors.domain.visitor import BROWSER_DATA, NOT_TEXT, BrowserData, normalised
from visitors.errors import InvalidData

_TIMES = ("createdAt", "updatedAt", "lastSeenAt", "deletedAt", "blockedAt", "blockExpiresAt")
_CONTACT_TIMES = ("contact.createdAt", "contact.updatedAt", "contact.deletedAt")
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


class VisitorRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
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


class RowParser:
    """Makes rows of values that come in one order of fields: a file has few such orders, and many rows."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._cells = [(field, _REPEATING.get(field), *_kind(field)) for field in fields]

    def parse(self, values: Iterable[Any]) -> VisitorRow:
        """A row; a blank value is not there. Raises InvalidData for the first bad one."""
        data: BrowserData = {}
        told: dict[str, Any] = {}
        person: dict[str, Any] = {}
        parts: tuple[dict[str, Any], ...] = (data, told, person)
        for value, (field, known, part, parse) in zip(values, self._cells, strict=True):
            if value is None:
                continue
            if value.__class__ is str:
                if known is not None and (result := known.get(value)) is not None:
                    parts[part][field] = result
                    continue
                if not value or value.isspace():
                    continue
            parts[part][field] = result = parse(value, field)
            if known is not None and len(known) < _REMEMBERED:
                known[value] = result
        get = told.get
        return VisitorRow(
            id=get("id"),
            data=data,
            created_at=get("createdAt"),
            updated_at=get("updatedAt"),
            last_seen_at=get("lastSeenAt"),
            deleted_at=get("deletedAt"),
            is_blocked=get("isBlocked", False) or "blockedAt" in told,
            blocked_at=get("blockedAt"),
            blocked_by=get("blockedBy"),
            block_reason=get("blockReason"),
            block_expires_at=get("blockExpiresAt"),
            identity=_identity(person, is_deleted="contact.deletedAt" in told) if person else None,
            contact_is_blocked=get("contact.isBlocked", False),
            contact_created_at=get("contact.createdAt"),
            contact_updated_at=get("contact.updatedAt"),
            contact_deleted_at=get("contact.deletedAt"),
        )


def _identity(told: Mapping[str, Any], *, is_deleted: bool) -> Identity | None:
    """What the fields `contact.…` say of a person, None if nothing."""
    person: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    for field, value in told.items():
        if field.startswith(_METADATA):
            keys[field.removeprefix(_METADATA)] = value
        else:
            person[field.removeprefix("contact.")] = value
    contact_id = person.pop("id", None)
    if person.get("metadata") in ({}, "{}"):
        del person["metadata"]  # it says nothing
    if not person and not keys and contact_id is None:
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
    if contact_id is not None:
        contact_id = given_contact_id(_key(contact_id, "contact.id"), "contact.id")
        identity = msgspec.structs.replace(identity, contact_id=contact_id, is_deleted=is_deleted)
    if not identity.names_somebody:
        raise InvalidData(
            "the row tells something of a person, but not who: contact.id, contact.externalId and contact.email"
            " are blank",
            field="contact.externalId",
            code="nobody",
        )
    return identity


def _id(value: object, field: str) -> str:
    return given_id(_key(value, field), field)


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


def _text(value: object, field: str) -> str:
    return normalise.text(_string(value, field), field)


def _boolean(value: object, field: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise InvalidData(f"{field} is not true or false", field=field, code="invalid_type")


def _as_it_is(value: object, _field: str) -> object:
    """What is said of a person is parsed as a whole."""
    return value


_PARSERS: dict[str, Callable[[Any, str], Any]] = {
    "id": _id,
    **dict.fromkeys((*_TIMES, *_CONTACT_TIMES), _instant),
    **dict.fromkeys(("isBlocked", "contact.isBlocked"), _boolean),
    **dict.fromkeys(("blockedBy", "blockReason"), _text),
}


def _kind(field: str) -> tuple[int, Callable[[Any, str], Any]]:
    """To which part of a row a field belongs (browser data, what is told beside, the person), and its parser."""
    if field in BROWSER_DATA:
        return 0, normalised
    return (1, _PARSERS[field]) if field in _PARSERS else (2, _as_it_is)


# In these fields few values make up many rows: each value as it came, and normalised.
_REPEATING: dict[str, dict[Any, Any]] = {
    field: {} for field in BROWSER_DATA if field not in {"fingerprint", "ip", *NOT_TEXT}
}
_REMEMBERED = 2_048
