"""Parse one line of the standard input of `block -` and `unblock -`: a target, a reason and an expiry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from visitors.domain import normalise
from visitors.domain.fields import VISITOR
from visitors.domain.times import Instant, parse_instant
from visitors.errors import InvalidData

_FIELDS = ("visitorId", "contact", "reason", "until")
_RECORD = frozenset(field.name for field in VISITOR)
_FIELDS_HINT = f"the fields are {', '.join(_FIELDS)}, and those that visitors list writes"
_RECORD_HINT = 'with id, a line is a visitor that visitors list wrote; or use {"visitorId": "…", "reason": "…"}'
_OUTCOME = "outcome"
"""An extra key in the output of `block`, allowed in its input."""


class BlockLine(msgspec.Struct, frozen=True):
    """The target and terms of one block; None for what the line omits."""

    target: Literal["visitor", "contact"]
    reference: str
    reason: str | None
    until: Instant | None
    number: int
    contact_is_free: bool = False
    """Whether the line says that the visitor's contact is not blocked."""


def parse_block_line(values: object, number: int) -> BlockLine:
    """Parse the JSON value of one line: an object with `visitorId` or `contact`, `reason` and `until`, or a visitor as
    printed by `list`, which targets the contact if that is blocked.

    Raises InvalidData.
    """
    if not isinstance(values, dict):
        raise InvalidData("the line is not a JSON object", code="invalid_json")
    if "id" in values:
        _refuse_unknown(values, _RECORD, _RECORD_HINT)
        return _of_record(values, number)
    _refuse_unknown(values, frozenset(_FIELDS), _FIELDS_HINT)
    visitor, contact = _text(values, "visitorId"), _text(values, "contact")
    if (visitor is None) == (contact is None):
        raise InvalidData(
            "the line has neither a visitor nor a contact"
            if visitor is None
            else "the line has both a visitor and a contact",
            code="invalid_type",
            hint='use either {"visitorId": "…"} or {"contact": "…"}',
        )
    return BlockLine(
        "visitor" if visitor is not None else "contact",
        visitor or contact or "",
        _reason(values, "reason"),
        _time(values, "until"),
        number,
    )


def _of_record(values: Mapping[str, Any], number: int) -> BlockLine:
    """Read a visitor as printed by `list`, with the terms of its own block or of its contact's."""
    visitor, contact = _text(values, "id"), values.get("contact")
    if not isinstance(contact, dict):
        contact = {}
    is_free = contact.get("isBlocked") is False
    terms = (_reason(values, "blockReason"), _time(values, "blockExpiresAt"), number)
    if contact.get("isBlocked") is True:
        return BlockLine("contact", _reference(contact), *terms)
    if visitor is None:
        raise InvalidData("id is missing", field="id", code="invalid_type")
    return BlockLine("visitor", visitor, *terms, is_free)


def _reference(contact: Mapping[str, Any]) -> str:
    """Return a reference that identifies the contact in any store: external id, else email, else id."""
    external_id = _text(contact, "externalId")
    reference = f"ext:{external_id}" if external_id else _text(contact, "email") or _text(contact, "id")
    if reference is None:
        raise InvalidData("the contact has no externalId, email or id", field="contact", code="invalid_type")
    return reference


def _refuse_unknown(values: Mapping[str, Any], known: frozenset[str], hint: str) -> None:
    unknown = sorted(set(values) - known - {_OUTCOME})
    if unknown:
        raise InvalidData(f"unknown field {unknown[0]!r}", code="unknown_field", hint=hint)


def _text(values: Mapping[str, Any], field: str) -> str | None:
    value = values.get(field)
    if value is not None and not isinstance(value, str):
        raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
    return value


def _reason(values: Mapping[str, Any], field: str) -> str | None:
    value = _text(values, field)
    return None if value is None else normalise.text(value, field)


def _time(values: Mapping[str, Any], field: str) -> Instant | None:
    value = _text(values, field)
    return None if value is None else parse_instant(value, field)
