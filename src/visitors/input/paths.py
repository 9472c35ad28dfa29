"""Paths into nested values, and rows flattened by them: `location.city`, `emails.0.address`.

A row with nested values is flattened into one column for each scalar, so a path is the name of a column, or that of a
column and the way into the list or object in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Value = Callable[[Mapping[str, Any]], Any]
"""Computes a value from the columns of a row."""

_MISSING = object()


class Place(NamedTuple):
    """A column, and a path in the list or object in it."""

    column: str
    rest: tuple[str, ...]


def spread(row: Mapping[str, Any], whole: Collection[str]) -> dict[str, Any]:
    """Flatten nested values into dotted names, except the `whole` ones; an empty object is dropped."""
    flat: dict[str, Any] = {}
    _spread(row, "", whole, flat)
    return flat


def _spread(row: Mapping[str, Any], prefix: str, whole: Collection[str], flat: dict[str, Any]) -> None:
    for key, value in row.items():
        if value.__class__ is dict and prefix + key not in whole:
            _spread(value, f"{prefix}{key}.", whole, flat)
        else:
            flat[prefix + key] = value


def at(row: Any, path: Sequence[str]) -> Any:
    """Return the value at a path in nested objects and lists; None if there is none."""
    for key in path:
        if isinstance(row, dict):
            row = row.get(key)
        elif isinstance(row, list) and key.isdecimal() and int(key) < len(row):
            row = row[int(key)]
        else:
            return None
    return row


def is_above(column: str, paths: Iterable[str]) -> bool:
    """Return whether one of `paths` leads into `column`."""
    return any(path.startswith(f"{column}.") for path in paths)


def find(path: str, columns: Collection[str]) -> Place | None:
    """Return the place of a path in rows with these columns: the longest column that it begins with, if any."""
    if path in columns:
        return Place(path, ())
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        column = ".".join(parts[:length])
        if column in columns:
            return Place(column, tuple(parts[length:]))
    return None


def read_at(place: Place) -> Value:
    """Return the function that reads the value at a place."""
    column, rest = place
    if not rest:
        return lambda flat: flat[column]
    return lambda flat: at(flat[column], rest)


def flatten(row: Mapping[str, Any], mapped: Collection[str]) -> dict[str, Any]:
    """Flatten the contact's fields, as dotted names, and other nested values that are mapped; an object that is thereby
    used up is not a column of its own.
    """
    flat = dict(row)
    contact = flat.get("contact")
    if isinstance(contact, dict):
        del flat["contact"]
        for key, value in contact.items():
            flat[f"contact.{key}"] = value
    elif "contact" in flat and contact is None:
        del flat["contact"]
    taken: set[str] = set()
    for column in mapped:
        if column not in flat and "." in column:
            value = _nested(row, column)
            if value is not _MISSING:
                flat[column] = value
                taken.add(column)
    if taken:
        for column, value in list(flat.items()):
            if column not in mapped and isinstance(value, dict) and value and _is_taken(value, column, taken):
                del flat[column]
    return flat


def _is_taken(value: Any, path: str, taken: set[str]) -> bool:
    """Return whether everything in `value`, located at `path`, is in `taken`."""
    if path in taken:
        return True
    return isinstance(value, dict) and all(_is_taken(inner, f"{path}.{key}", taken) for key, inner in value.items())


def _nested(row: Mapping[str, Any], path: str) -> Any:
    """Return the value at the dotted path in nested objects, whose keys may contain dots; _MISSING if there is none."""
    if path in row:
        return row[path]
    for at, sign in enumerate(path):
        inner = row.get(path[:at]) if sign == "." else None
        found = _nested(inner, path[at + 1 :]) if isinstance(inner, dict) else _MISSING
        if found is not _MISSING:
            return found
    return _MISSING
