"""A visitor: one browser or device, anonymous until identified.

`Visitor` is what the store gives and the outputs print: its fields, in this order, are the machine
formats' contract. `BrowserData` is what may be set: the part that a browser tells of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from visitors.domain import normalise
from visitors.domain.contact import Contact
from visitors.domain.metadata import decode_value, encode
from visitors.domain.times import Instant
from visitors.errors import InvalidData, UsageProblem

DOCUMENT_LIMIT = 16_384


class Visitor(msgspec.Struct, frozen=True, rename="camel"):
    """One visitor as it is now; `is_blocked` was judged when it was read."""

    id: str
    language: str | None
    timezone: str | None
    is_blocked: bool
    contact: Contact | None
    fingerprint: str | None
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    device: str | None
    device_type: str | None
    ip: str | None
    city: str | None
    region: str | None
    country: str | None
    country_code: str | None
    latitude: float | None
    longitude: float | None
    screen_resolution: str | None
    viewport: str | None
    attribution: dict[str, Any] | None
    current_page: dict[str, Any] | None
    blocked_at: Instant | None
    blocked_by: str | None
    block_reason: str | None
    block_expires_at: Instant | None
    created_at: Instant
    updated_at: Instant
    last_seen_at: Instant | None
    deleted_at: Instant | None


def document(value: object, field: str) -> str:
    """A JSON object of any shape, as compact JSON text of at most 16 KiB."""
    parsed = decode_value(value, field) if isinstance(value, str) else value
    if not isinstance(parsed, dict | Mapping):
        raise InvalidData(f"{field} is not a JSON object", field=field, code="invalid_json")
    try:
        encoded = encode(parsed)
    except (RecursionError, UnicodeError, OverflowError, msgspec.EncodeError) as error:
        raise InvalidData(f"{field} cannot be stored: {error}", field=field, code="invalid_json") from None
    # a character takes up to four bytes
    size = len(encoded.encode()) if len(encoded) > DOCUMENT_LIMIT // 4 else 0
    if size > DOCUMENT_LIMIT:
        raise InvalidData(
            f"{field} takes {size:,} bytes; the limit is {DOCUMENT_LIMIT:,}", field=field, code="too_long"
        )
    if "\\u0000" in encoded and "\\u0000" in encoded.replace("\\\\", ""):
        raise InvalidData(f"{field} contains a NUL character", field=field, code="invalid_text")
    return encoded


# Public name -> how a value becomes what the store keeps. The order is that of the machine formats.
BROWSER_DATA: dict[str, Callable[[Any, str], str | float]] = {
    "language": normalise.language,
    "timezone": normalise.timezone,
    "fingerprint": normalise.text,
    "browser": normalise.text,
    "browserVersion": normalise.text,
    "os": normalise.text,
    "osVersion": normalise.text,
    "device": normalise.text,
    "deviceType": normalise.device_type,
    "ip": normalise.ip,
    "city": normalise.text,
    "region": normalise.text,
    "country": normalise.text,
    "countryCode": normalise.country_code,
    "latitude": normalise.latitude,
    "longitude": normalise.longitude,
    "screenResolution": normalise.size,
    "viewport": normalise.size,
    "attribution": document,
    "currentPage": document,
}
NOT_TEXT = {"latitude", "longitude", "attribution", "currentPage"}
"""The fields of the browser data whose values need not be strings."""

BrowserData = dict[str, str | float | None]
"""Public name -> normalised value; a missing name means 'keep', None means 'clear'."""


def normalised(value: Any, field: str) -> str | float:
    """One value of the browser data, in the form in which the store keeps it. Raises InvalidData."""
    if not isinstance(value, str):
        if field not in NOT_TEXT:
            raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
        if field in ("latitude", "longitude") and (isinstance(value, bool) or not isinstance(value, float | int)):
            raise InvalidData(f"{field} is not a number", field=field, code="invalid_type")
    return BROWSER_DATA[field](value, field)


def browser_data(values: Mapping[str, object], clear: tuple[str, ...] = ()) -> BrowserData:
    """The normalised browser data in `values`; None there means 'not given'.

    `clear` names fields to set to null. Raises InvalidData for the first value that breaks its rule,
    and UsageProblem for a field both given and cleared, or for one that there is not.
    """
    for field in clear:
        if field not in BROWSER_DATA:
            raise UsageProblem(
                f"{field!r} cannot be cleared", code="unknown_field", hint="one of " + ", ".join(BROWSER_DATA)
            )
    data: BrowserData = {}
    for field, value in values.items():
        if value is None:
            continue
        if field in clear:
            raise UsageProblem(f"{field} is both given and cleared")
        data[field] = normalised(value, field)
    data.update(dict.fromkeys(clear))
    return data


def browser_changes(values: Mapping[str, object], clear: tuple[str, ...] = ()) -> BrowserData:
    """As `browser_data`; raises UsageProblem when it says nothing."""
    data = browser_data(values, clear)
    if not data:
        raise UsageProblem("nothing to update", hint="give browser data, such as --language de, or --clear FIELD")
    return data
