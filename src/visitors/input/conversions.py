"""How a rule changes the value of a column: another system's words, times, prefixes, and invalid values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from visitors.domain.fields import BROWSER_DATA, PERSON
from visitors.domain.row import OF_CONTACT
from visitors.domain.times import from_milliseconds, parse_instant
from visitors.errors import InvalidData
from visitors.input.rules import Rule

_MILLISECONDS: dict[str, float] = {"seconds": 1_000, "milliseconds": 1, "microseconds": 0.001}


def is_blank(value: object) -> bool:
    """Return whether a value is blank."""
    return value is None or (value.__class__ is str and (not value or value.isspace()))


def as_word(value: object) -> str:
    """Return a value as a word to compare: trimmed, in lower case, empty if there is none."""
    return "" if value is None else as_text(value).strip().lower()


def as_text(value: object) -> str:
    """Return a value as text, true and false as in JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def changes_of(rule: Rule) -> list[Callable[[Any], Any]]:
    """Return the functions that a rule applies one after another to a value that is not blank."""
    changes: list[Callable[[Any], Any]] = []
    if rule.values is not None:
        words = rule.values

        def translated(value: Any) -> Any:
            word = value if value.__class__ is str and value in words else as_word(value)
            if word in words:
                return words[word]
            if rule.otherwise is msgspec.UNSET:
                message = f"the mapping has no {rule.field} for {as_text(value)[:60]!r}"
                raise InvalidData(message, field=rule.field, code="unmapped_value")
            return rule.otherwise

        changes.append(translated)
    if rule.unit is not None:
        factor = _MILLISECONDS[rule.unit]
        changes.append(lambda value: _since_1970(value, factor, rule.field))
    if rule.zone is not None:
        changes.append(_in_zone(rule.zone, rule.field))
    if rule.prefix:
        changes.append(lambda value: f"{rule.prefix}{as_text(value).strip()}")
    return changes


def _since_1970(value: Any, factor: float, field: str) -> str | None:
    try:
        number = float(value if not isinstance(value, bool) else "")
        return None if number == 0 else from_milliseconds(round(number * factor))
    except (TypeError, ValueError, OverflowError):
        raise InvalidData(f"{field} {as_text(value)[:40]!r} is not a time", field=field, code="invalid_time") from None


def _in_zone(zone: str, field: str) -> Callable[[Any], str]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from visitors.domain.times import from_datetime

    there = ZoneInfo(zone)

    def moved(value: Any) -> str:
        text = as_text(value).strip()
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                return from_datetime(moment.replace(tzinfo=there))
        except (ValueError, OverflowError):
            pass
        return parse_instant(text, field)

    return moved


def validity(field: str) -> Callable[[Any], bool]:
    """Return the function that tests whether a field accepts a value."""
    name = field.removeprefix(OF_CONTACT)
    known = PERSON[name] if field.startswith(OF_CONTACT) else BROWSER_DATA[name]
    rule = known.rule
    assert rule is not None

    def valid(value: Any) -> bool:
        if is_blank(value):
            return True
        try:
            rule(value, name)
        except (InvalidData, AttributeError, TypeError):
            return False
        return True

    return valid


def for_metadata(value: Any) -> Any:
    """Convert a value for metadata: lists and objects become JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
