"""The arguments of API calls, and their conversion for the domain's parsers.

Names are those of the options, with underscores: `browser_version`, `created_since`. A time is a datetime, or text as
on the command line: RFC 3339, a date, or where documented an age (`30d`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from visitors.domain.contact import Identity
from visitors.domain.contact_selection import ContactSelection, parse_contact_selection
from visitors.domain.conversation_selection import ConversationSelection, parse_conversation_selection
from visitors.domain.decision import OnConflict, OnExisting
from visitors.domain.expectation import LARGEST
from visitors.domain.identity import CLEARABLE_OF_CONTACT, parse_identity
from visitors.domain.selection import Selection, parse_selection
from visitors.domain.spelling import one_of
from visitors.domain.statistics import Per
from visitors.domain.times import Instant, Time, from_datetime, parse_instant
from visitors.errors import UsageProblem


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


def refuse_unlisted(value: str, choices: Iterable[str], name: str) -> None:
    """Raise UsageProblem unless the argument `name` is one of `choices`."""
    if value not in choices:
        raise UsageProblem(f"{name} {value!r} is not valid", hint=one_of(value, choices, "use one of"))


def refuse_unknown_policy(on_existing: str | None, on_conflict: str) -> None:
    """Raise UsageProblem unless the arguments of an import that decide about what exists have a known value."""
    if on_existing is not None:
        refuse_unlisted(on_existing, get_args(OnExisting), "on_existing")
    refuse_unlisted(on_conflict, get_args(OnConflict), "on_conflict")


def refuse_contradictions(
    fields: Sequence[object], per: str | None, time: str, times: Sequence[str], top: int = 0
) -> None:
    """Raise UsageProblem unless the arguments of `stats` make sense together; the first of `times` is the default."""
    if per is not None:
        refuse_unlisted(per, get_args(Per), "per")
    refuse_unlisted(time, times, "time")
    if not 0 <= top <= LARGEST:
        raise UsageProblem(f"top {top} is not between 0 and {LARGEST}")
    if fields and per is not None:
        raise UsageProblem("fields and per cannot be combined")
    if time != times[0] and per is None:
        raise UsageProblem("time needs per")
    if top and per is not None:
        raise UsageProblem("top applies to fields, not to per")


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
    return parse_selection(_with_texts(chosen), current)


def contact_selection(chosen: Mapping[str, Any], current: Instant) -> ContactSelection:
    """Like `selection`, for contacts."""
    return parse_contact_selection(_with_texts(chosen), current)


def conversation_selection(chosen: Mapping[str, Any], current: Instant) -> ConversationSelection:
    """Like `selection`, for conversations: visitors and contacts are not resolved yet."""
    return parse_conversation_selection(_with_texts(chosen), current)


def _with_texts(chosen: Mapping[str, Any]) -> dict[str, Any]:
    return {name: text_of(value) if isinstance(value, datetime) else value for name, value in chosen.items()}
