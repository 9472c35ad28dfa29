"""What filters of metadata look for in `contact_metadata`, as SQL. The table is `m` in every statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from visitors.domain.normalise import spellings
from visitors.domain.selection import MetadataFilter
from visitors.store.query.listing import Condition


def alternatives(filters: Iterable[MetadataFilter]) -> list[list[MetadataFilter]]:
    """The filters in groups, of each of which one must hold: those of one key, but for those that are negated."""
    negated: list[list[MetadataFilter]] = []
    of_keys: dict[str, list[MetadataFilter]] = {}
    for wanted in filters:
        if wanted.negated:
            negated.append([wanted])
        else:
            of_keys.setdefault(spellings(wanted.key)[0], []).append(wanted)
    return [*negated, *of_keys.values()]


def with_key(column: str, wanted: MetadataFilter) -> Condition:
    """What holds where the column has the key. Metadata are kept as they came, so that it may stand there in either of
    its spellings.
    """
    keys = spellings(wanted.key)
    return Condition(f"{column} {_one_of(keys)}", keys)


def with_value(wanted: MetadataFilter) -> Condition:
    """What holds for the rows with the key and, if one is sought, the value."""
    key = with_key("m.key", wanted)
    if wanted.value is None:
        return key
    # 5, 5.0 and 5e0 are one number, however it was written; and a text may look like it
    values = (*spellings(wanted.value), _number(wanted.value))
    return Condition(f"{key.sql} AND m.value {_one_of(values)}", (*key.parameters, *values))


def _one_of(values: Sequence[object]) -> str:
    return "= ?" if len(values) == 1 else f"IN ({', '.join('?' * len(values))})"


def _number(text: str) -> float | None:
    """The number that `text` is, as SQLite compares numbers: exactly; None if it is none."""
    try:
        number = float(text)
        whole = int(text) if text.lstrip("+-").isdecimal() else None
    except ValueError:
        return None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else number
