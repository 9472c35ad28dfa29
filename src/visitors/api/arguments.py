"""What calls take, and how it becomes what the domain parses.

Names are those of the options, with underscores: `browser_version`, `created_since`. A time is a
datetime, or a text as on the command line: RFC 3339, a date, where it says so an age (`30d`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

from visitors.domain.identity import Identity, parse_identity
from visitors.domain.metadata import Metadata
from visitors.domain.selection import Selection, parse_selection
from visitors.domain.times import Instant, from_datetime, parse_instant

Time = str | datetime


class Browser(TypedDict, total=False):
    """What a browser tells of itself; None means 'not given'."""

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


class Person(TypedDict, total=False):
    """What an application tells of a person; None means 'not said'."""

    external_id: str | None
    email: str | None
    name: str | None
    image: str | None
    metadata: Metadata | None


class Chosen(TypedDict, total=False):
    """The filters that choose visitors; all that are given must hold. Times may be ages."""

    identified: bool
    blocked: bool
    language: str
    timezone: str
    country_code: str
    device_type: Literal["desktop", "mobile", "tablet", "unknown"]
    browser: str
    os: str
    ip: str
    contact: str
    created_since: Time
    created_until: Time
    seen_since: Time
    seen_until: Time
    never_seen: bool
    metadata: str | Sequence[str]
    search: str
    deleted: bool


def text_of(time: Time) -> str:
    """A time as text."""
    return from_datetime(time) if isinstance(time, datetime) else time


def instant_of(time: Time, field: str) -> Instant:
    """A time as the store keeps it. Raises InvalidData."""
    return parse_instant(text_of(time), field)


def public(name: str) -> str:
    """The name of a field in the machine formats: `browser_version` is `browserVersion`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def by_public_name(values: Mapping[str, object]) -> dict[str, object]:
    """Arguments under their names in the machine formats."""
    return {public(name): value for name, value in values.items()}


def identity(
    person: Mapping[str, object],
    *,
    clearable: Sequence[str] = (),
    clear: Sequence[str] = (),
    unset: Sequence[str] = (),
    replace_metadata: bool = False,
) -> Identity:
    """What is said of a person. Raises InvalidData and UsageProblem."""
    more = {"clear": [public(name) for name in clear], "unset": list(unset), "replaceMetadata": replace_metadata}
    return parse_identity({**by_public_name(person), **more}, tuple(clearable))


def selection(chosen: Mapping[str, Any], current: Instant) -> Selection:
    """The filters, normalised; the contact is still as given. Raises InvalidData and UsageProblem."""
    values = {name: text_of(value) if isinstance(value, datetime) else value for name, value in chosen.items()}
    metadata = values.pop("metadata", None) or []
    return parse_selection(values, [metadata] if isinstance(metadata, str) else list(metadata), current)
