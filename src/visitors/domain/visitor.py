"""Visitors: one per browser or device, anonymous until identified.

`Visitor` is read from the store and printed, and `Browser` is what Python code may set. Their fields are those of the
table in `fields`, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, TypeVar

import msgspec

from visitors.domain.contact import Contact
from visitors.domain.fields import BROWSER_DATA
from visitors.domain.times import Instant
from visitors.errors import InvalidData, UsageProblem


class Visitor(msgspec.Struct, frozen=True, rename="camel"):
    """The current state of a visitor; `is_blocked` was computed when it was read."""

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


class Browser(TypedDict, total=False):
    """Browser data, as arguments of the Python API; None means not given."""

    language: str | None
    timezone: str | None
    fingerprint: str | None
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    device: str | None
    device_type: Literal["desktop", "mobile", "tablet", "unknown"] | None
    ip: str | None
    city: str | None
    region: str | None
    country: str | None
    country_code: str | None
    latitude: float | None
    longitude: float | None
    screen_resolution: str | None
    viewport: str | None
    attribution: Mapping[str, Any] | None
    current_page: Mapping[str, Any] | None


BrowserData = dict[str, str | float | None]
"""Public name -> normalised value; a missing name means keep, None means clear."""


def normalised(value: Any, field: str) -> str | float:
    """Normalise one value of the browser data as the store keeps it. Raises InvalidData."""
    known = BROWSER_DATA[field]
    if not isinstance(value, str):
        if known.type == "text":
            raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
        if known.type == "number" and (isinstance(value, bool) or not isinstance(value, float | int)):
            raise InvalidData(f"{field} is not a number", field=field, code="invalid_type")
    assert known.rule is not None
    stored: str | float = known.rule(value, field)
    return stored


def browser_data(values: Mapping[str, object], clear: tuple[str, ...] = ()) -> BrowserData:
    """Normalise the browser data in `values`, where None means not given.

    `clear` names fields to set to null. Raises InvalidData for the first invalid value, and UsageProblem for a field
    that is both given and cleared, or unknown.
    """
    for field in clear:
        if field not in BROWSER_DATA:
            raise UsageProblem(
                f"{field!r} cannot be cleared", code="unknown_field", hint="use one of " + ", ".join(BROWSER_DATA)
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


COSMETIC = ("language", "timezone", "ip", "countryCode")
"""Fields that identify nobody and are optional: an invalid value may be dropped."""

_Parsed = TypeVar("_Parsed")


def leniently(parse: Callable[[], _Parsed], leave_out: Callable[[str], None]) -> tuple[_Parsed, list[InvalidData]]:
    """Return the result of `parse`, leaving out invalid COSMETIC fields, and the errors of those.

    Raises InvalidData for the first invalid value of another field.
    """
    problems: list[InvalidData] = []
    while True:
        try:
            return parse(), problems
        except InvalidData as error:
            if error.field not in COSMETIC:
                raise
            leave_out(error.field)
            problems.append(error)


def browser_changes(values: Mapping[str, object], clear: tuple[str, ...] = ()) -> BrowserData:
    """Like `browser_data`, but raises UsageProblem if there is nothing to change."""
    data = browser_data(values, clear)
    if not data:
        raise UsageProblem("nothing to update", hint="use an option such as --language de, or --clear FIELD")
    return data


_PLACE = tuple(name for name, field in BROWSER_DATA.items() if field.together == "place")
"""Fields derived from an IP address; the time zone is reported by the browser."""


def seen_again(known: Visitor, data: BrowserData) -> BrowserData:
    """Return what a page load with `data` changes on a known visitor: a new address clears the old location unless a
    new one is given, and the attribution of the first visit stays.
    """
    changes = dict(data)
    if known.attribution is not None:
        changes.pop("attribution", None)
    if known.ip is not None and changes.get("ip") not in (None, known.ip):
        changes = {**dict.fromkeys(_PLACE), **changes}
    return changes
