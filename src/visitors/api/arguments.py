"""The arguments of API calls, and their conversion for the domain's parsers.

Names are those of the options, with underscores: `browser_version`, `created_since`. A time is a datetime, or text as
on the command line: RFC 3339, a date, or where documented an age (`30d`).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any

from visitors.domain.contact import Identity
from visitors.domain.contact_selection import ContactSelection, parse_contact_selection
from visitors.domain.conversation_selection import ConversationSelection, parse_conversation_selection
from visitors.domain.identity import CLEARABLE_OF_CONTACT, parse_identity
from visitors.domain.selection import Selection, parse_selection
from visitors.domain.times import Instant, Time, from_datetime, parse_instant


def text_of(time: Time) -> str:
    """Return a time as text."""
    return from_datetime(time) if isinstance(time, datetime) else time


def instant_of(time: Time, field: str) -> Instant:
    """Return a time as the store keeps it. Raises InvalidData."""
    return parse_instant(text_of(time), field)


def public(name: str) -> str:
    """Convert the name of a field to that of the machine formats: `browser_version` to `browserVersion`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def by_public_name(values: Mapping[str, object], known: Container[str]) -> dict[str, object]:
    """Rename arguments to their names in the machine formats. Raises TypeError for one that is not in `known`."""
    for name in values:
        if public(name) not in known:
            raise TypeError(f"Unexpected keyword argument {name!r}")
    return {public(name): value for name, value in values.items()}


def names(given: Sequence[str]) -> tuple[str, ...]:
    """Return the names in a list; a text is a single name, as in a filter."""
    return (given,) if isinstance(given, str) else tuple(given)


def identity(
    person: Mapping[str, object],
    *,
    clearable: Sequence[str] = (),
    clear: Sequence[str] = (),
    unset: Sequence[str] = (),
    replace_metadata: bool = False,
) -> Identity:
    """Build the identity of a person. Raises InvalidData, UsageProblem, and TypeError for an unknown argument."""
    more = {
        "clear": [public(name) for name in names(clear)],
        "unset": names(unset),
        "replaceMetadata": replace_metadata,
    }
    return parse_identity({**by_public_name(person, CLEARABLE_OF_CONTACT), **more}, tuple(clearable))


def selection(chosen: Mapping[str, Any], current: Instant) -> Selection:
    """Build a selection; its contact is not resolved yet. Raises InvalidData and UsageProblem."""
    return parse_selection(*_raw(chosen), current)


def contact_selection(chosen: Mapping[str, Any], current: Instant) -> ContactSelection:
    """Like `selection`, for contacts."""
    return parse_contact_selection(*_raw(chosen), current)


def conversation_selection(chosen: Mapping[str, Any], current: Instant) -> ConversationSelection:
    """Like `selection`, for conversations: visitors and contacts are not resolved yet."""
    values, _ = _raw(chosen)
    return parse_conversation_selection(values, current)


def _raw(chosen: Mapping[str, Any]) -> tuple[dict[str, object], list[str]]:
    values = {name: text_of(value) if isinstance(value, datetime) else value for name, value in chosen.items()}
    metadata = values.pop("metadata", None) or []
    return values, [metadata] if isinstance(metadata, str) else list(metadata)
