"""Metadata filters over `contact_metadata`, as SQL. The table alias is `m` in every statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from visitors.domain.normalise import spellings
from visitors.domain.selection import MetadataFilter
from visitors.store.query.listing import Condition


def alternatives(filters: Iterable[MetadataFilter]) -> list[list[MetadataFilter]]:
    """Group the filters so that one of each group must match: positive filters on the same key are alternatives."""
    negated: list[list[MetadataFilter]] = []
    of_keys: dict[str, list[MetadataFilter]] = {}
    for wanted in filters:
        if wanted.negated:
            negated.append([wanted])
        else:
            of_keys.setdefault(spellings(wanted.key)[0], []).append(wanted)
    return [*negated, *of_keys.values()]


def with_key(column: str, wanted: MetadataFilter) -> Condition:
    """Build the condition that the column is the key. Metadata keys are stored as given, so either Unicode form may
    match.
    """
    keys = spellings(wanted.key)
    return Condition(f"{column} {_one_of(keys)}", keys)


def with_value(wanted: MetadataFilter) -> Condition:
    """Build the condition for rows with the key and, if given, the value."""
    key = with_key("m.key", wanted)
    if wanted.value is None:
        return key
    # 5, 5.0 and 5e0 are the same number, however written; and a string may look like a number
    values = (*spellings(wanted.value), _number(wanted.value))
    return Condition(f"{key.sql} AND m.value {_one_of(values)}", (*key.parameters, *values))


def _one_of(values: Sequence[object]) -> str:
    return "= ?" if len(values) == 1 else f"IN ({', '.join('?' * len(values))})"


def _number(text: str) -> float | None:
    """Parse `text` as a number that SQLite compares exactly; None if it is not one."""
    try:
        number = float(text)
        whole = int(text) if text.lstrip("+-").isdecimal() else None
    except ValueError:
        return None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else number
