"""A visitor: one browser or device, anonymous until identified.

`Visitor` is what the store gives and the outputs print, `Browser` what Python code may set. Their fields are those of
the table in `fields`, in its order.
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


class Browser(TypedDict, total=False):
    """What a browser tells of itself, as arguments of the Python API; None means 'not given'."""

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
"""Public name -> normalised value; a missing name means 'keep', None means 'clear'."""


def normalised(value: Any, field: str) -> str | float:
    """One value of the browser data, in the form in which the store keeps it. Raises InvalidData."""
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


COSMETIC = ("language", "timezone", "ip", "countryCode")
"""What recognises nobody, and need not be told: a bad value may be left out."""

_Parsed = TypeVar("_Parsed")


def leniently(parse: Callable[[], _Parsed], leave_out: Callable[[str], None]) -> tuple[_Parsed, list[InvalidData]]:
    """What `parse` makes, and what was wrong with fields in COSMETIC, each of which was told to `leave_out`.

    Raises InvalidData for the first bad value of another field.
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
    """As `browser_data`; raises UsageProblem when it says nothing."""
    data = browser_data(values, clear)
    if not data:
        raise UsageProblem("nothing to update", hint="give browser data, such as --language de, or --clear FIELD")
    return data


_PLACE = tuple(name for name, field in BROWSER_DATA.items() if field.together == "place")
"""What is derived from an address; the time zone is what the browser says."""


def seen_again(known: Visitor, data: BrowserData) -> BrowserData:
    """What a page load with `data` changes of a visitor that is known: the place of another address goes unless it is
    told anew, and the attribution is how the visitor first came.
    """
    changes = dict(data)
    if known.attribution is not None:
        changes.pop("attribution", None)
    if known.ip is not None and changes.get("ip") not in (None, known.ip):
        changes = {**dict.fromkeys(_PLACE), **changes}
    return changes
