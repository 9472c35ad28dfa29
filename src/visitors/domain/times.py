"""Instants as the store and the machine formats write them: RFC 3339, UTC, milliseconds.

An instant is a string such as `2026-03-01T20:58:11.021Z`. The fixed form makes instants comparable as text, in Python
and in SQL, and lets them round-trip unchanged.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from visitors.errors import InvalidData

Time = str | datetime
"""A time as given in Python code: a datetime, or text as on the command line."""

Instant = str

# RFC 3339 and database variants: a space before the zone, UTC or GMT as the zone, or its hours alone. fromisoformat
# accepts more than RFC 3339: week dates, compact forms, any character between date and time.
_ZONE = r"(?P<zone> ?(?:[Zz]|UTC|utc|GMT|gmt|[+-]\d\d(?::?\d\d)?))?"
_INSTANT = rf"(?a)\d{{4}}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::(?P<second>\d\d)(?:[.,]\d+)?)?{_ZONE})?"
_EPOCH = r"(?a)(\d{10})(\d{3})?(?:\.\d+)?"
_AGE = r"(?a)(\d{1,9})\s*(ms|s|m|h|d|w|y)"
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_HINT = (
    "use RFC 3339 (2026-03-01T20:58:11Z), a date (2026-03-01), or seconds or milliseconds since 1970 (10, 13 digits)"
)
_HINT_OR_AGE = (
    "use RFC 3339 (2026-03-01T20:58:11Z), a date (2026-03-01), an age (30d, 12h, 4w), or now, today or yesterday"
)


def now() -> Instant:
    """Return the current time of the machine's clock."""
    return from_milliseconds(time.time_ns() // 1_000_000)


def from_milliseconds(milliseconds: int) -> Instant:
    """Return the instant `milliseconds` after the Unix epoch."""
    return from_datetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of `moment`, which is in UTC if it has no zone."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def to_milliseconds(instant: Instant) -> int:
    """Return the milliseconds from the Unix epoch to `instant`."""
    moment = datetime.fromisoformat(instant)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def parse_instant(value: str, field: str) -> Instant:
    """Parse RFC 3339 or the form used by databases, a date, or ten or thirteen digits: seconds or milliseconds since
    1970.

    Without a zone it is UTC. Digits beyond milliseconds are cut off. A leap second becomes the next second, as in Unix
    time.

    Raises InvalidData if `value` is none of these, or outside the years 1 to 9999.
    """
    if _is_instant(value):
        return value
    text = value.strip()
    match = re.fullmatch(_INSTANT, text)
    if match:
        zone = match["zone"] or ""
        moment = text.removesuffix(zone) + ("Z" if zone.strip().upper() in ("UTC", "GMT") else zone)
        try:
            if match["second"] == "60":
                return _leap_second(moment.upper(), match.start("second"))
            return from_datetime(datetime.fromisoformat(moment.upper()))
        except (ValueError, OverflowError):
            pass
    epoch = re.fullmatch(_EPOCH, text)
    if epoch:
        return from_milliseconds(int(epoch[1] + epoch[2]) if epoch[2] else _milliseconds(text))
    shown = text if len(text) <= 40 else text[:40] + "…"
    raise InvalidData(f"{field} {shown!r} is not a time", field=field, code="invalid_time", hint=_HINT)


def _leap_second(text: str, position: int) -> Instant:
    """Return the instant of a time whose seconds, at `position`, are 60. Raises ValueError unless it is the end of a
    UTC day.
    """
    before = datetime.fromisoformat(f"{text[:position]}59{text[position + 2 :]}")
    instant = from_datetime(before + timedelta(seconds=1))
    if instant[11:19] != "00:00:00":
        raise ValueError
    return instant


def parse_number(value: float, field: str) -> Instant:
    """Like `parse_instant`, for a JSON number."""
    return parse_instant(str(value), field)


def _milliseconds(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole + fraction.ljust(3, "0")[:3])


def _is_instant(text: str) -> bool:
    """Return whether `text` is in the store's own form, as in every row of an export."""
    if len(text) != 24 or text[23] != "Z" or text[4:20:3] != "--T::.":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def parse_time(value: str, field: str, current: Instant) -> Instant:
    """Parse an instant, an age before `current` (`30d`, `12h`, `15m`), `now`, or `today` or `yesterday`: the start of
    that day in UTC. Raises InvalidData.
    """
    days_ago = {"now": None, "today": 0, "yesterday": 1}
    word = value.strip().lower()
    if word in days_ago:
        days = days_ago[word]
        return current if days is None else _shift(parse_instant(current[:10], field), f"{days}d", field, -1)
    if re.fullmatch(_AGE, value.strip()):
        return _shift(current, value, field, -1)
    try:
        return parse_instant(value, field)
    except InvalidData as error:
        error.hint = _HINT_OR_AGE
        raise


def parse_expiry(duration: str, current: Instant, field: str = "for") -> Instant:
    """Return the instant `duration` (`7d`, `12h`) after `current`. Raises InvalidData."""
    if not re.fullmatch(_AGE, duration.strip()):
        raise InvalidData(
            f"{duration[:40]!r} is not a valid duration",
            field=field,
            code="invalid_time",
            hint="use a whole number and a unit: 15m, 12h, 7d, 4w, 1y",
        )
    return _shift(current, duration, field, 1)


def relative(instant: Instant, current: Instant) -> str:
    """Format `instant` relative to `current`: `just now`, `3h ago`, `in 6d`."""
    seconds = (to_milliseconds(current) - to_milliseconds(instant)) / 1000
    distance = abs(seconds)
    if distance < 45:
        return "just now"
    distance += 30  # a moment less than an hour is shown as an hour
    for size, unit in ((31_536_000, "y"), (86_400, "d"), (3_600, "h"), (60, "m")):
        if distance >= size or unit == "m":
            amount = f"{max(1, int(distance / size))}{unit}"
            break
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


class Zone(NamedTuple):
    """The time zone for display: its name, and its rules; None for the machine's."""

    name: str
    rules: tzinfo | None


def zone_named(name: str | None) -> Zone:
    """Return the IANA zone with this name, or the machine's if None. Raises InvalidData."""
    if name is None:
        return Zone("local", None)
    from zoneinfo import ZoneInfo

    try:
        return Zone(name, ZoneInfo(name))
    except (ValueError, OSError, LookupError):
        raise InvalidData(
            f"VISITORS_TIMEZONE {name[:40]!r} is not a time zone",
            code="invalid_timezone",
            hint="use an IANA name such as Europe/Berlin",
        ) from None


def in_zone(instant: Instant, zone: Zone | None) -> str:
    """Return the instant unchanged, or in RFC 3339 in `zone`: `2026-03-01T21:58:11.021+01:00`."""
    if zone is None:
        return instant
    try:
        return datetime.fromisoformat(instant).astimezone(zone.rules).isoformat(timespec="milliseconds")
    except OverflowError:  # at either end of the years 1 to 9999
        return instant


def _duration(value: str) -> timedelta:
    match = re.fullmatch(_AGE, value.strip())
    assert match is not None
    return int(match[1]) * _UNITS[match[2]]


def _shift(current: Instant, duration: str, field: str, sign: int) -> Instant:
    try:
        return from_datetime(datetime.fromisoformat(current) + sign * _duration(duration))
    except OverflowError:
        raise InvalidData(f"{field} is outside the years 1 to 9999", field=field, code="invalid_time") from None
